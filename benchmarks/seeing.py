"""What it costs to be seen: the counting and logging of one request, one call of the database and one event.

Run as `python -m benchmarks.seeing`. CPU time of the thread that does the work, without the thread that writes the log;
the best of several rounds, since whatever else runs on the machine only ever adds.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

from orderflow import logs
from orderflow.bus import LocalBus
from orderflow.counts import Counts
from orderflow.credentials import Actor
from orderflow.db import Database
from orderflow.frames import Event, Position
from orderflow.http.records import Records
from orderflow.ids import new_id
from orderflow.ws.hub import Hub
from orderflow.ws.stream import Entry

ROUNDS = 15
TIMES = 2_000
SHOP = UUID("01930000-0000-7000-8000-000000000001")
# Never connected to.
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
LOGGERS = logging.getLogger("orderflow")


class Route:
    """All that is asked of a route."""

    path = "/v1/orders/{order}"


def scope() -> dict[str, Any]:
    """A request that has been answered."""
    state = {"request_id": "0123456789abcdef", "actor": Actor(new_id(), new_id(), 2e9)}
    return {"method": "PATCH", "route": Route(), "state": state, "path_params": {"order": str(new_id())}}


@contextlib.contextmanager
def logging_to_nowhere(level: int) -> Iterator[None]:
    """Our own handler, as in a server, with nobody behind it."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    handler = logs.Handler(descriptor)
    handler.setFormatter(logs.Json())
    LOGGERS.addHandler(handler)
    LOGGERS.setLevel(level)
    LOGGERS.propagate = False
    try:
        yield
    finally:
        LOGGERS.removeHandler(handler)
        handler.close()
        os.close(descriptor)


def microseconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(TIMES):
            work()
        best = min(best, (time.thread_time() - began) / TIMES * 1e6)
        # The log's thread has its turn, so that its queue never is full, which would be cheaper.
        time.sleep(2 * logs.GATHER_S)
    return best


async def microseconds_of(work: Callable[[], Awaitable[object]]) -> float:
    """CPU time of one call that is awaited."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(TIMES):
            await work()
        best = min(best, (time.thread_time() - began) / TIMES * 1e6)
    return best


def of_requests() -> dict[str, float]:
    """Counting and writing down one request, and counting alone."""
    records, asked = Records(Counts()), scope()

    def note() -> None:
        logs.request_id.set("0123456789abcdef")
        records.note(asked, 200, time.perf_counter())

    with logging_to_nowhere(logging.INFO):
        whole = microseconds(note)
    with logging_to_nowhere(logging.ERROR):
        counted = microseconds(note)
    return {"a request, counted and logged": whole, "a request, counted": counted}


async def of_calls() -> dict[str, float]:
    """A call of the database that does nothing: as it is, and as it is counted; its wait for a free connection."""
    counts = Counts()
    db = Database(NOWHERE, lambda _: None, counts)
    waits = counts.pool_waits.of("readers")

    async def nothing() -> None:
        return None

    bare = await microseconds_of(nothing)
    counted = await microseconds_of(lambda: db._counted("fetch", nothing))
    await db.close()
    wait = microseconds(lambda: waits.observe(0.0))
    return {"a call of the database": counted - bare, "its wait, where there is none": wait}


async def of_events() -> dict[str, float]:
    """An event that comes to a feed with a socket: the look at when it was written to all of them."""
    hub = Hub(Database(NOWHERE, lambda _: None), lambda _: LocalBus())
    event = Event("moved", "2026-11-22T09:15:00.123Z", Position(SHOP, "e", 1), "{}")
    own, other = Entry(1, event, asyncio.get_running_loop().time()), Entry(1, event)
    return {
        "an event of this process in one feed": microseconds(lambda: hub._told((own,))),
        "an event of another process in one feed": microseconds(lambda: hub._told((other,))),
    }


def main() -> None:
    """Measure, and print a table."""
    found = {**of_requests(), **asyncio.run(of_calls()), **asyncio.run(of_events())}
    print("| what | µs |\n|---|---|")
    for what, cost in found.items():
        print(f"| {what} | {cost:.2f} |")


if __name__ == "__main__":
    main()
