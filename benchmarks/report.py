"""Turns the figures of all rounds into tables: what each server reached, and how far orderflow is from its goals."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.measures import Figures

OURS: Final = "orderflow"

Rounds = Mapping[str, Sequence[Figures]]
"""By server, the figures of each round; rounds without a figure lack its name."""


@dataclass(frozen=True)
class Goal:
    """How orderflow's figure is to compare with another server's, as a ratio: at least so, or at most so."""

    title: str
    figure: str
    against: str
    floor: float
    aim: float
    at_most: bool = False
    # Where the other server's figure has another name.
    their_figure: str | None = None
    # Where the aim is no ratio but a figure of our own, its unit.
    aim_unit: str = ""

    def verdict(self, found: "Comparison") -> str:
        """What was reached: the aim, the floor, or neither."""
        if not self._is_met(found.ratio, self.floor):
            return "**below**"
        return "aim" if self._is_met(found.ours if self.aim_unit else found.ratio, self.aim) else "floor"

    def wanted(self) -> list[str]:
        """The floor and the aim, to be read."""
        sign = "≤" if self.at_most else "≥"
        return [f"{sign} {self.floor:g}", f"{sign} {self.aim:,g}{self.aim_unit}"]

    def _is_met(self, value: float, wanted: float) -> bool:
        return value <= wanted if self.at_most else value >= wanted


GOALS: Final = (
    Goal("one message outstanding", "one", "nchan", 0.85, 1.0),
    Goal("one message outstanding", "one", "c", 0.7, 0.8),
    Goal("eight outstanding", "eight", "nchan", 3, 3.6),
    Goal("CPU per delivery at 50,000/s", "cpu_us", "nchan", 1.15, 1.0, at_most=True),
    Goal("highest rate with p99 ≤ 50 ms", "held", "nchan", 1.3, 1.6),
    Goal(
        "PATCH answered → last board, p99, to publish → last",
        "answer_last_p99_ms",
        "nchan",
        2,
        1.5,
        at_most=True,
        their_figure="last_p99_ms",
    ),
    Goal("idle memory per socket", "memory_kb", "starlette", 0.85, 16, at_most=True, aim_unit=" KB"),
    Goal("handshakes per second", "handshakes", "starlette", 1.0, 2_500, aim_unit="/s"),
)
# Figure, head of its column, and how it is written.
COLUMNS: Final[Sequence[tuple[str, str, Callable[[float], str]]]] = (
    ("one", "one outstanding, k/s", lambda rate: f"{rate / 1000:.0f}"),
    ("eight", "eight outstanding, k/s", lambda rate: f"{rate / 1000:.0f}"),
    ("cpu_us", "CPU per delivery, µs", lambda us: f"{us:.1f}"),
    ("p50_ms", "p50 at 50 k/s, ms", lambda ms: f"{ms:.1f}"),
    ("p99_ms", "p99 at 50 k/s, ms", lambda ms: f"{ms:.1f}"),
    ("held", "highest rate held, k/s", lambda rate: f"{rate / 1000:.0f}"),
    ("last_p99_ms", "request → last board, p99 ms", lambda ms: f"{ms:.1f}"),
    ("answer_last_p99_ms", "answer → last board, p99 ms", lambda ms: f"{ms:.1f}"),
    ("memory_kb", "idle KB per socket", lambda kb: f"{kb:.1f}"),
    ("handshakes", "handshakes/s", lambda rate: f"{rate:,.0f}"),
)


def median(rounds: Sequence[Figures], name: str) -> float | None:
    """The median of the rounds that have this figure; None if half of them or more do not."""
    found = [value for figures in rounds if (value := figures.get(name)) is not None]
    return statistics.median(found) if 2 * len(found) > len(rounds) else None


@dataclass(frozen=True)
class Comparison:
    """Of the medians of two servers the ratio, and its lowest and highest within one round."""

    ours: float
    theirs: float
    ratio: float
    lowest: float
    highest: float


def comparison(goal: Goal, rounds: Rounds) -> Comparison | None:
    """Compare, if both servers have the figure."""
    their_name = goal.their_figure or goal.figure
    ours, theirs = rounds.get(OURS, ()), rounds.get(goal.against, ())
    left, right = median(ours, goal.figure), median(theirs, their_name)
    if left is None or not right:
        return None
    pairs = [(mine.get(goal.figure), other.get(their_name)) for mine, other in zip(ours, theirs, strict=True)]
    ratios = [mine / other for mine, other in pairs if mine is not None and other]
    return Comparison(left, right, left / right, min(ratios), max(ratios))


def goals(rounds: Rounds, names: Mapping[str, str]) -> str:
    """One row for each goal, as Markdown."""
    rows = ["| what | to | floor | aim | reached | ratio (spread) | |", "|---|---|---|---|---|---|---|"]
    for goal in GOALS:
        cells = [goal.title, names.get(goal.against, goal.against), *goal.wanted()]
        found = comparison(goal, rounds)
        rows.append(f"| {' | '.join(cells + (_reached(goal, found) if found else ['-', '-', 'not measured']))} |")
    return "\n".join(rows)


def _reached(goal: Goal, found: Comparison) -> list[str]:
    write = next(how for name, _, how in COLUMNS if name == goal.figure)
    return [
        f"{write(found.ours)} to {write(found.theirs)}",
        f"**{found.ratio:.2f}** ({found.lowest:.2f} to {found.highest:.2f})",
        goal.verdict(found),
    ]


def figures(rounds: Rounds, names: Mapping[str, str]) -> str:
    """One row for each server, as Markdown: medians of the rounds."""
    rows = [f"| server | {' | '.join(head for _, head, _ in COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for server, found in rounds.items():
        values = [(median(found, name), write) for name, _, write in COLUMNS]
        cells = [write(value) if value is not None else "-" for value, write in values]
        rows.append(f"| {names[server]} | {' | '.join(cells)} |")
    return "\n".join(rows)
