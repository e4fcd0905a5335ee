"""What a run measured, and which of it has a bound."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

# How much worse something may be beside those who harm: by this factor, or by so many seconds where that is more.
FACTOR: Final = 1.25
SLACK_S: Final = 0.005


@dataclass(frozen=True)
class Figure:
    """A number with a unit; `is_timing` if it says something about the machine too."""

    what: str
    value: float
    unit: str = ""
    least: float = -math.inf
    most: float = math.inf
    is_timing: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether it is within its bounds."""
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        bounds = [
            f"{sign} {_number(bound)}" for sign, bound in (("≥", self.least), ("≤", self.most)) if _is_real(bound)
        ]
        if self.least == self.most:
            bounds = [f"= {_number(self.least)}"]
        verdict = ("kept" if self.is_kept else "MISSED") if bounds else ""
        return f"  {self.what:<58} {_number(self.value):>9} {self.unit:<8} {' '.join(bounds):<12} {verdict}".rstrip()


def exactly(what: str, value: float, wanted: float) -> Figure:
    """A number that has to be this one."""
    return Figure(what, value, least=wanted, most=wanted)


def within(what: str, seconds: float, most: float) -> Figure:
    """A time that has to be no longer than that."""
    return Figure(what, seconds, "s", most=most, is_timing=True)


def missed(figures: Iterable[Figure], *, timings: bool = True) -> list[str]:
    """The figures that are out of their bounds; without `timings` only those that no busy machine excuses."""
    return [str(each).strip() for each in figures if not each.is_kept and (timings or not each.is_timing)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def beside(what: str, without: Sequence[float], beside: Sequence[float]) -> list[Figure]:
    """Seconds of pairs of runs, without and beside those who harm: the median of what they add, with its bound."""
    allowed = [max(FACTOR * each, each + SLACK_S) for each in without]
    over = [found - most for found, most in zip(beside, allowed, strict=True)]
    return [
        Figure(f"{what}, without: median of {len(without)}", 1000 * median(without), "ms"),
        Figure(f"{what}, beside them", 1000 * median(beside), "ms"),
        Figure(
            f"{what}, the larger of {FACTOR} × and + 5 ms, over by", 1000 * median(over), "ms", most=0, is_timing=True
        ),
    ]


def _is_real(bound: float) -> bool:
    return math.isfinite(bound)


def _number(value: float) -> str:
    return f"{value:,.0f}" if not math.isfinite(value) or value == int(value) else f"{value:,.2f}"
