"""Which core runs what: the server under load has one to itself, its load client the other."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """`serving` is for the server alone, `loading` for the load client, `rest` for databases and buses."""

    serving: set[int]
    loading: set[int]
    rest: set[int]


def assigned() -> Cores:
    """Share out the cores that this process may use; with two of them the rest shares the load client's.

    Raises: SystemExit with fewer than two.
    """
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("this needs two cores: one for the server, one for its load client")
    return Cores({usable[0]}, {usable[1]}, set(usable[2:]) or {usable[1]})


@contextlib.contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Run this thread there, and have what it starts in the meantime stay there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
