"""The figures of processes as plain data: written down, read again, and added up. Pure; knows no names of metrics."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import fsum
from typing import Any, TypeAlias

Numbers: TypeAlias = dict[tuple[str, ...], list[float]]
"""Of one metric: by the values of its labels, one number, or those of a histogram's buckets and their sum."""

Join: TypeAlias = Callable[[Iterable[float]], float]


@dataclass(slots=True)
class Figures:
    """What processes have counted since their start, and how things stand now; both by the name of the metric."""

    counted: dict[str, Numbers] = field(default_factory=dict)
    standing: dict[str, Numbers] = field(default_factory=dict)


def dump(figures: Figures) -> bytes:
    """Figures as JSON; `load` reads them again."""
    parts = (figures.counted, figures.standing)
    return json.dumps([{name: list(numbers.items()) for name, numbers in part.items()} for part in parts]).encode()


def load(text: bytes) -> Figures:
    """What `dump` made.

    Raises:
        ValueError: it is not that.
    """
    try:
        counted, standing = json.loads(text)
        return Figures(_numbers(counted), _numbers(standing))
    except (AttributeError, TypeError) as error:
        raise ValueError("not figures") from error


def add(parts: Iterable[dict[str, Numbers]]) -> dict[str, Numbers]:
    """What was counted by all of them together; of two shapes of one histogram, the later one only."""
    # Summed exactly: in another order fractions would give a sum that is smaller by a hair, and a counter never falls.
    return _gathered(parts, lambda _, lists: [fsum(each) for each in zip(*_alike(lists), strict=True)])


def join(parts: Iterable[dict[str, Numbers]], how: Callable[[str], Join]) -> dict[str, Numbers]:
    """How things stand at all of them together; `how` gives the function that makes one number of many, by name."""
    return _gathered(parts, lambda name, lists: [how(name)([number for (number,) in lists])])


def _gathered(
    parts: Iterable[dict[str, Numbers]], one: Callable[[str, list[list[float]]], list[float]]
) -> dict[str, Numbers]:
    found: dict[str, dict[tuple[str, ...], list[list[float]]]] = {}
    for part in parts:
        for name, numbers in part.items():
            children = found.setdefault(name, {})
            for values, each in numbers.items():
                children.setdefault(values, []).append(each)
    return {name: {values: one(name, lists) for values, lists in children.items()} for name, children in found.items()}


def _alike(lists: list[list[float]]) -> list[list[float]]:
    return [each for each in lists if len(each) == len(lists[-1])]


def _numbers(part: dict[str, Any]) -> dict[str, Numbers]:
    return {name: {tuple(values): numbers for values, numbers in children} for name, children in part.items()}
