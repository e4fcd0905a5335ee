"""How a service stands, every few seconds for a long time: what is added in an hour, and the picture of it."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.harm.chart import Line, Panel
from tests.harm.figures import Figure, exactly
from tests.harm.site import Site, descriptors_of, memory_of
from tests.stored import stored

MIB: Final = 1024 * 1024
# What may be added in an hour: by each process, and by all of them.
MEMORY_MIB: Final = 8.0
DESCRIPTORS: Final = 10.0
TASKS: Final = 10.0
CONNECTIONS: Final = 2.0
CONNECTED: Final = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()"


@dataclass(frozen=True)
class Sample:
    """How things stand at a minute: by process its bytes and descriptors; of all of them tasks, sockets and so on.

    `kept` are the bytes of events that are kept for those who come back.
    """

    minute: float
    memory: dict[int, int]
    descriptors: dict[int, int]
    tasks: float
    sockets: float
    kept: float
    connections: float

    @property
    def other_descriptors(self) -> float:
        """Those that are no sockets."""
        return sum(self.descriptors.values()) - self.sockets

    def __str__(self) -> str:
        memory = " + ".join(f"{each / MIB:.1f}" for each in self.memory.values())
        return (
            f"{self.minute:.0f} min: {memory} MiB, of which {self.kept / MIB:.1f} MiB events, {self.tasks:.0f} tasks, "
            f"{self.sockets:.0f} sockets and {self.other_descriptors:.0f} other descriptors"
        )


async def taken(site: Site, minutes: float, every_s: float, say: Callable[[str], None]) -> list[Sample]:
    """Take samples for so long, and tell one a minute."""
    loop, samples = asyncio.get_running_loop(), list[Sample]()
    began, told = loop.time(), 0
    while (passed := loop.time() - began) < minutes * 60:
        samples.append(await _sample(site, passed / 60))
        if int(passed / 60) > told:
            told = int(passed / 60)
            say(str(samples[-1]))
        await asyncio.sleep(every_s)
    return samples


def verdict(site: Site, samples: Sequence[Sample]) -> list[Figure]:
    """What is added in an hour, by these samples."""
    last = samples[-1].memory
    found = []
    for name, pid in _named(site, last).items():
        memory = slope([(each.minute, each.memory[pid] / MIB) for each in samples if pid in each.memory])
        found.append(Figure(f"memory, {name}, at the end", last[pid] / MIB, "MiB"))
        found.append(Figure(f"memory, {name}, added in an hour", memory, "MiB/h", most=MEMORY_MIB, is_timing=True))
    for what, most, points in (
        ("descriptors but sockets", DESCRIPTORS, [(each.minute, each.other_descriptors) for each in samples]),
        ("tasks", TASKS, [(each.minute, each.tasks) for each in samples]),
        ("connections to the database", CONNECTIONS, [(each.minute, each.connections) for each in samples]),
    ):
        found.append(Figure(f"{what}, added in an hour", slope(points), "/h", most=most, is_timing=True))
    found.append(
        exactly("processes that were replaced", len({pid for each in samples for pid in each.memory} - {*last}), 0)
    )
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """What is added in 60 minutes: the median over all pairs of points, in which those far off have no say."""
    pairs = itertools.combinations(points, 2)
    return 60 * median([(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs] or [0.0])


def panels(site: Site, samples: Sequence[Sample]) -> list[Panel]:
    """The picture of all samples."""
    names = _named(site, {pid: 0 for each in samples for pid in each.memory})
    memory = [
        Line(name, [(each.minute, each.memory.get(pid, 0) / MIB) for each in samples]) for name, pid in names.items()
    ]
    return [
        Panel("Memory of each process, MiB", [*memory, _line("events in it", samples, lambda each: each.kept / MIB)]),
        Panel(
            "Sockets, and all other descriptors",
            [
                _line("sockets", samples, lambda each: each.sockets),
                _line("others", samples, lambda each: each.other_descriptors),
            ],
        ),
        Panel(
            "Tasks, and connections to the database",
            [
                _line("tasks", samples, lambda each: each.tasks),
                _line("connections", samples, lambda each: each.connections),
            ],
        ),
    ]


def _line(name: str, samples: Sequence[Sample], value: Callable[[Sample], float]) -> Line:
    return Line(name, [(each.minute, value(each)) for each in samples])


async def _sample(site: Site, minute: float) -> Sample:
    pids, figures = sorted(site.pids()), await site.figures()
    [row] = await stored(site.database_url, CONNECTED)
    return Sample(
        minute,
        {pid: memory_of(pid) for pid in pids},
        {pid: descriptors_of(pid) for pid in pids},
        figures.value("orderflow_tasks"),
        figures.value("orderflow_sockets"),
        figures.value("orderflow_ring_bytes"),
        # But for the one that asks.
        row["count"] - 1,
    )


def _named(site: Site, pids: dict[int, int]) -> dict[str, int]:
    """The processes by names that a reader understands."""
    parent = site.server.pid if site.server is not None else 0
    others = sorted(pids.keys() - {parent})
    return {"parent": parent, **{f"worker {number}": pid for number, pid in enumerate(others, 1)}}
