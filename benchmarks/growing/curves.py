"""What is measured at each point, and what shape it has to have: flat, or straight with the number of sockets."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.growing.points import TITLES, Axis, Point
from benchmarks.measures import Figures
from benchmarks.report import median

# A figure that grows by less from the smallest size to the largest, or a slope that does, is none that bends.
TOLERATED: Final = 1.5
# Fewer tell more of the machine than of the curve.
ROUNDS_TO_JUDGE: Final = 3

Found = Mapping[Point, Sequence[Figures]]
"""The figures of each round; rounds without a figure lack its name."""


@dataclass(frozen=True)
class Curve:
    """One figure over all sizes; `straight_over` names what it may grow with, in a straight line."""

    name: str
    title: str
    unit: str
    straight_over: tuple[Axis, ...] = ()


CURVES: Final = (
    Curve("move_cpu_us", "status change: CPU of the server", "µs", ("sockets",)),
    Curve("move_db_us", "status change: CPU of PostgreSQL", "µs"),
    Curve("move_ms", "status change: answered", "ms", ("sockets",)),
    Curve("move_last_ms", "status change: on the last board", "ms", ("sockets",)),
    Curve("place_ms", "order placed: answered", "ms", ("sockets",)),
    Curve("board_ms", "counter board opens: its snapshot", "ms"),
    Curve("pickup_ms", "pickup screen opens: its snapshot", "ms"),
    Curve("customer_ms", "customer's page opens: its snapshot", "ms"),
    Curve("resume_ms", "board comes back: 100 events", "ms"),
    Curve("events_ms", "100 events by REST, from the database", "ms"),
    Curve("list_ms", "open orders by REST", "ms"),
)


@dataclass(frozen=True)
class Shape:
    """How much more a figure is at the largest size than at the smallest, its spread, and what shape that is."""

    ratio: float
    lowest: float
    highest: float
    verdict: str


def sizes(found: Found, axis: Axis) -> list[Point]:
    """The points of an axis, the smallest first."""
    return sorted((point for point in found if point.axis == axis), key=lambda point: point.size)


def shape(curve: Curve, found: Found, axis: Axis) -> Shape | None:
    """Compare; None without the figure at the ends."""
    on_axis = sizes(found, axis)
    values = [(point.size, value) for point in on_axis if (value := median(found[point], curve.name)) is not None]
    if len(values) < 2 or not values[0][1]:
        return None
    pairs = zip(found[on_axis[0]], found[on_axis[-1]], strict=False)
    ratios = [
        large[curve.name] / small[curve.name] for small, large in pairs if curve.name in large and small.get(curve.name)
    ]
    ratio = values[-1][1] / values[0][1]
    ends = (min(ratios, default=ratio), max(ratios, default=ratio))
    if len(ratios) < ROUNDS_TO_JUDGE:
        return Shape(ratio, *ends, "too few rounds to tell")
    if axis in curve.straight_over:
        return Shape(ratio, *ends, _straight(values, curve.unit))
    return Shape(ratio, *ends, _flat(ratio, ends[0]))


def _flat(ratio: float, lowest: float) -> str:
    if ratio <= TOLERATED:
        return "flat"
    return "flat but for noise" if lowest <= TOLERATED else "**rises**"


def _straight(values: Sequence[tuple[int, float]], unit: str) -> str:
    """Whether each one more costs at the largest size what it costs at the one before."""
    (first, least), (last, most) = values[0], values[-1]
    if most <= TOLERATED * least:
        return "flat"
    slopes = [(value - least) / (size - first) for size, value in values[1:]]
    each = f"{slopes[-1]:.3g} {unit} for each"
    if len(slopes) < 2 or slopes[-2] <= 0:
        return each
    bend = slopes[-1] / slopes[-2]
    word = "straight" if bend <= TOLERATED else "**bends**"
    return f"{word}: {each} at {last:,}, {bend:.2f} times that at {values[-2][0]:,}"


def summary(found: Found) -> str:
    """One table of the smallest and the largest size on each axis, as Markdown."""
    axes = [axis for axis in TITLES if sizes(found, axis)]
    ends = {axis: (sizes(found, axis)[0], sizes(found, axis)[-1]) for axis in axes}
    heads = [f"{first.size:,} → {last.size:,} {TITLES[axis]}" for axis, (first, last) in ends.items()]
    rows = [f"| {' | '.join(['medians', *heads])} |", "|---" * (len(heads) + 1) + "|"]
    for curve in CURVES:
        cells = [" → ".join(_cell(median(found[point], curve.name)) for point in pair) for pair in ends.values()]
        verdicts = [seen.verdict if (seen := shape(curve, found, axis)) else "-" for axis in axes]
        both = [f"{cell}, {verdict.partition(':')[0]}" for cell, verdict in zip(cells, verdicts, strict=True)]
        rows.append(f"| {curve.title}, {curve.unit} | {' | '.join(both)} |")
    return "\n".join(rows)


def tables(found: Found) -> str:
    """A table for each axis, as Markdown: medians of the rounds."""
    return "\n\n".join(_table(found, axis) for axis in TITLES if sizes(found, axis))


def _table(found: Found, axis: Axis) -> str:
    on_axis = sizes(found, axis)
    heads = [TITLES[axis], *(f"{point.size:,}" for point in on_axis), "largest : smallest (spread)", "shape"]
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for curve in CURVES:
        cells = [_cell(median(found[point], curve.name)) for point in on_axis]
        seen = shape(curve, found, axis)
        cells += [f"{seen.ratio:.2f} ({seen.lowest:.2f} to {seen.highest:.2f})", seen.verdict] if seen else ["-", "-"]
        rows.append(f"| {curve.title}, {curve.unit} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def spread(rounds: Sequence[Figures], name: str) -> tuple[float, float, float] | None:
    """The median, the lowest and the highest of the rounds."""
    values = [figures[name] for figures in rounds if name in figures]
    return (statistics.median(values), min(values), max(values)) if values else None
