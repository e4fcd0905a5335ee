"""What the service counts of itself, as Prometheus text: the figures of all its workers, whichever of them is asked.

The only place that knows Prometheus. Each worker leaves its figures on the scoreboard once a second and before it shows
them to anybody, so that no counter falls, whichever worker answers next and whichever is killed.
"""

import asyncio
import logging
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import accumulate
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from orderflow import figures, logs
from orderflow.accounts import Hasher
from orderflow.counts import SECONDS, Counts
from orderflow.db import Database
from orderflow.errors import Unavailable
from orderflow.figures import Figures, Join, Numbers
from orderflow.scoreboard import Scoreboard
from orderflow.ws.hub import Hub
from orderflow.ws.listeners import Listeners

PREFIX: Final = "orderflow_"
WRITE_S: Final = 1.0
LAG_S: Final = 0.25
OUTBOX_S: Final = 5.0
# A scrape is answered without what a wedged database does not tell.
PATIENCE_S: Final = 2.0

# The index of what waits gives both; beyond the bound nobody needs the exact number.
_OUTBOX: Final = """
    SELECT count(*) FILTER (WHERE due_at <= now()) AS due, count(*) FILTER (WHERE due_at > now()) AS later,
           greatest(0, coalesce(extract(epoch FROM now() - min(due_at)), 0))::float8 AS oldest_due_s
    FROM (SELECT due_at FROM outbox WHERE state = 'waiting' ORDER BY due_at, id LIMIT 100000) AS waiting
"""
_OUTBOX_METRICS: Final = {
    "outbox_mails": ("E-mails that wait: due, or held or put off till later; counted up to 100,000.", ("state",)),
    "outbox_oldest_due_seconds": ("For how long the oldest e-mail that is due has been due.", ()),
}
# Of what is not a sum over all workers.
_JOINS: Final[Mapping[str, Join]] = {
    "orderflow_bus_healthy": min,
    "process_start_time_seconds": min,
    "process_max_fds": min,
    "orderflow_build_info": max,
}
_BOUNDS: Final = (*(f"{bound:g}" for bound in SECONDS), "+Inf")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gauge:
    """How something stands: looked at when somebody asks."""

    name: str
    describes: str
    read: Callable[[], Mapping[tuple[str, ...], float]]
    labels: tuple[str, ...] = ()


def gauges(hub: Hub, listeners: Listeners, hasher: Hasher) -> tuple[Gauge, ...]:
    """What this process knows of how things stand."""

    def single(name: str, describes: str, read: Callable[[], float]) -> Gauge:
        return Gauge(name, describes, lambda: {(): read()})

    def missing() -> int:
        return sum(max(0, stream.wanted - stream.head) for stream in hub.streams)

    def behind() -> int:
        return sum(listeners.count().values()) - hub.live_sockets

    build = _build()

    return (
        single("workers", "Processes that answer.", lambda: 1),
        Gauge("sockets", "Open WebSockets.", lambda: {(view,): n for view, n in listeners.count().items()}, ("view",)),
        single("sockets_behind", "Open WebSockets that catch up, or take nothing for now.", behind),
        single("feeds", "Feeds that are followed, by each worker for itself.", lambda: len(hub.streams)),
        single("events_missing", "Events known of but not yet read.", missing),
        single("ring_bytes", "Bytes of events kept for those who come back.", lambda: hub.ring_bytes),
        single("bus_healthy", "Whether the bus carries, at every worker.", lambda: int(hub.bus.is_healthy)),
        single("tasks", "Tasks of the event loop.", lambda: len(asyncio.all_tasks())),
        single("hashing_waiting", "Passwords that wait for a thread.", lambda: hasher.waiting),
        Gauge("build_info", "What runs.", lambda: {build: 1}, ("version", "python")),
    )


def _build() -> tuple[str, str]:
    try:
        version = metadata.version("orderflow")
    except metadata.PackageNotFoundError:
        # Run from its source.
        version = "unknown"
    return version, platform.python_version()


class Metrics:
    """The figures of this process, and through the scoreboard those of the whole service."""

    def __init__(self, db: Database, counts: Counts, gauges: Sequence[Gauge], scoreboard: Path | None) -> None:
        self._db = db
        self._counts = counts
        self._gauges = gauges
        self._process = ProcessCollector(registry=None)
        self._of_process = {metric.name: metric for metric in self._process.collect()}
        self._board = Scoreboard.join(scoreboard) if scoreboard else None
        left = self._board.read() if self._board else None
        # Of the worker whose place this one took: it is dead, and its counters go on.
        self._before = figures.load(left).counted if left else {}
        if self._board:
            # How things stood there ended with it.
            _write(self._board, figures.dump(Figures(self._before)))
        self._turn = asyncio.Lock()
        self._outbox: dict[str, Numbers] = {}
        self._outbox_until = 0.0

    async def run(self) -> None:
        """Keep measuring, and telling the other workers, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_measuring_lag(), name="lag of the event loop")
            if self._board is not None:
                tasks.create_task(self._keep_telling(), name="figures for the other workers")

    async def exposition(self) -> bytes:
        """The figures of the service now; of its other workers, as they were up to a second ago."""
        outbox = await self._looked_up()
        service = await self._service()
        # Two thousand lines take 10 ms, for which no socket has to wait.
        return await asyncio.to_thread(lambda: _text(self._shown(service, outbox)))

    async def close(self) -> None:
        """Leave the last figures, and the place on the scoreboard."""
        if self._board is not None:
            await self._tell(self._board)
            self._board.leave()

    def own(self) -> Figures:
        """The figures of this process, with what was counted before in its place."""
        self._counts.log_lines_dropped.value = logs.dropped()
        now = Figures({PREFIX + family.name: family.numbers() for family in self._counts})
        for gauge in self._gauges:
            now.standing[PREFIX + gauge.name] = {values: [number] for values, number in gauge.read().items()}
        for metric in self._process.collect():
            part = now.counted if metric.type == "counter" else now.standing
            part[metric.name] = {(): [metric.samples[0].value]}
        return Figures(figures.add((self._before, now.counted)), now.standing)

    def _shown(self, service: Figures, outbox: dict[str, Numbers]) -> list[Metric]:
        """All metrics in a steady order, those without figures included."""
        shown: list[Metric] = []
        for family in self._counts:
            numbers = service.counted.get(PREFIX + family.name, {})
            make = _histogram if family.is_of_times else _counter
            shown.append(make(PREFIX + family.name, family.describes, family.labels, numbers))
        for gauge in self._gauges:
            numbers = service.standing.get(PREFIX + gauge.name, {})
            shown.append(_gauge(PREFIX + gauge.name, gauge.describes, gauge.labels, numbers))
        for name, (describes, labels) in _OUTBOX_METRICS.items():
            shown.append(_gauge(PREFIX + name, describes, labels, outbox.get(name, {})))
        for name, metric in self._of_process.items():
            is_counted = metric.type == "counter"
            numbers = (service.counted if is_counted else service.standing).get(name, {})
            shown.append((_counter if is_counted else _gauge)(name, metric.documentation, (), numbers))
        return shown

    async def _service(self) -> Figures:
        board = self._board
        if board is None:
            return self.own()
        mine = await self._tell(board)
        others = [(figures.load(left.figures), left.is_alive) for left in await asyncio.to_thread(board.others)]
        return Figures(
            figures.add((mine.counted, *(each.counted for each, _ in others))),
            figures.join((mine.standing, *(each.standing for each, is_alive in others if is_alive)), _join_of),
        )

    async def _tell(self, board: Scoreboard) -> Figures:
        # One at a time: later figures must not be overwritten by earlier ones.
        async with self._turn:
            mine = self.own()
            writing = asyncio.create_task(asyncio.to_thread(_write, board, figures.dump(mine)), name="write figures")
            try:
                await asyncio.shield(writing)
            finally:
                # Cancelled or not, it has to be over before the next begins.
                await asyncio.wait((writing,))
            return mine

    async def _keep_telling(self) -> None:
        while self._board is not None:
            await self._tell(self._board)
            await asyncio.sleep(WRITE_S)

    async def _keep_measuring_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_S
            await asyncio.sleep(LAG_S)
            self._counts.loop_lags.observe(max(0.0, loop.time() - due))

    async def _looked_up(self) -> dict[str, Numbers]:
        """What the database tells of the outbox: not more often than every few seconds, nothing while it is away."""
        if time.monotonic() >= self._outbox_until:
            self._outbox_until = time.monotonic() + OUTBOX_S
            try:
                async with asyncio.timeout(PATIENCE_S):
                    [row] = await self._db.fetch(_OUTBOX)
            except (Unavailable, TimeoutError):
                self._outbox = {}
            else:
                self._outbox = {
                    "outbox_mails": {("due",): [row["due"]], ("later",): [row["later"]]},
                    "outbox_oldest_due_seconds": {(): [row["oldest_due_s"]]},
                }
        return self._outbox


def _write(board: Scoreboard, text: bytes) -> None:
    try:
        board.write(text)
    except OSError as error:
        logger.warning("cannot leave figures for the other workers: %s", error.strerror)


def _join_of(name: str) -> Join:
    return _JOINS.get(name, sum)


def _counter(name: str, describes: str, labels: Sequence[str], numbers: Numbers) -> Metric:
    family = CounterMetricFamily(name, describes, labels=labels)
    for values, (number,) in sorted(numbers.items()):
        family.add_metric(values, number)
    return family


def _gauge(name: str, describes: str, labels: Sequence[str], numbers: Numbers) -> Metric:
    family = GaugeMetricFamily(name, describes, labels=labels)
    for values, (number,) in sorted(numbers.items()):
        family.add_metric(values, number)
    return family


def _histogram(name: str, describes: str, labels: Sequence[str], numbers: Numbers) -> Metric:
    family = HistogramMetricFamily(name, describes, labels=labels)
    for values, (*counts, total) in sorted(numbers.items()):
        family.add_metric(values, list(zip(_BOUNDS, accumulate(counts), strict=True)), total)
    return family


class _Shown(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def _text(metrics: Sequence[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shown(metrics))
    return generate_latest(registry)
