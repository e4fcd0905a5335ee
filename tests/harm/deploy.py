"""A new version goes live: workers are replaced in turn, and all of it is ended, under thousands of sockets."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx2

from tests.faults import verdict
from tests.faults.load import Crowd, Desk, come
from tests.harm.figures import Figure, exactly, within
from tests.harm.site import Site
from tests.harm.sockets import Channel, Listener
from tests.people import Shop

GONE_S: Final = 15.0
# Two workers are replaced one after the other, each by one that has to start.
REPLACED_S: Final = 60.0
LIVE_S: Final = 60.0
FINISH_S: Final = 30.0
LOOK_S: Final = 0.05
# Of those that come back, so many may come in the same tenth of a second: full jitter spreads them over five of these.
BIN_S: Final = 0.1
SHARE: Final = 0.4
WORKERS: Final = 2
GOING_AWAY: Final = 1012
VIEWS: Final = ("shop", "shop", "pickup", "pickup", "menu")


@dataclass(frozen=True)
class Plan:
    """How many sockets at how many shops, and how hard people work."""

    sockets: int = 2_000
    shops: int = 20
    customers: int = 8
    pause_s: float = 0.3
    before_s: float = 5.0


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Replace the workers, count what was lost, and end it all; `site` has two workers, which are gone afterwards."""
    assert site.server is not None
    async with httpx2.AsyncClient(base_url=site.url, timeout=30) as client:
        desk = Desk([client], random.Random(1))  # noqa: S311 - has no choice here
        shops, customers = await come(site.people, desk, plan.shops, plan.customers)
        crowd = Crowd(desk, shops, customers, plan.pause_s)
        listeners = [_listener(number, shops) for number in range(plan.sockets)]
        async with _listening(listeners, site.port):
            working = asyncio.create_task(crowd.work(), name="crowd")
            await asyncio.sleep(plan.before_s)
            say(f"{len(listeners)} sockets are live, {len(desk.changes)} changes made; now the workers are replaced")
            waves = await _replace(site, listeners)
            await _all_live(listeners)
            await asyncio.sleep(plan.before_s)
            crowd.stop()
            await asyncio.wait_for(working, FINISH_S)
            was_quiet = await verdict.quiet(site.database_url, listeners)
            for each in listeners:
                each.finish()
            judged = await verdict.judge(site.database_url, desk, shops, customers, listeners)
            figures = _figures(plan, listeners, desk, waves, was_quiet=was_quiet)
            say("\n".join(_histogram(listeners)))
            for note in judged.counts.notes:
                say(f"! {note}")
            ended_s, code, told = await _end(site, listeners)
    names = ("lost", "duplicated", "out of order", "skipped", "phantom", "fold other than a fresh read")
    return [
        *figures,
        *(exactly(name, count, 0) for name, count in zip(names, judged.counts.six, strict=True)),
        within("from SIGTERM to the end of all processes", ended_s, GONE_S),
        exactly("exit code", code, 0),
        exactly("sockets that were told to come back (1012)", told, plan.sockets),
    ]


def _listener(number: int, shops: Sequence[Shop]) -> Listener:
    shop, view = shops[number % len(shops)], VIEWS[number // len(shops) % len(VIEWS)]
    path, token = f"/ws/shops/{shop.shop['id']}", shop.owner.token
    if view == "shop":
        return Listener(f"board {number}", Channel(path, "shop", shop.shop["id"], token), keeps=True)
    channel = Channel(f"{path}/{view}", view, shop.shop["id"])  # type: ignore[arg-type]
    return Listener(f"{view} {number}", channel, keeps=True)


@asynccontextmanager
async def _listening(listeners: Sequence[Listener], port: int) -> AsyncIterator[None]:
    """Everybody listens, and comes back, for as long as the context lasts."""
    tasks = []
    try:
        for number, each in enumerate(listeners):
            tasks.append(asyncio.create_task(each.run(port), name="listen"))
            if number % 100 == 99:
                await asyncio.sleep(LOOK_S)
        await _all_live(listeners)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for each in listeners:
            if each.visit is not None:
                each.visit.transport.abort()


async def _all_live(listeners: Sequence[Listener]) -> None:
    async with asyncio.timeout(LIVE_S):
        while not all(each.is_live for each in listeners):
            await asyncio.sleep(LOOK_S)


async def _replace(site: Site, listeners: Sequence[Listener]) -> list[float]:
    """Replace the workers; for each old one the seconds from when its sockets were told until it was gone."""
    assert site.server is not None
    loop, parent = asyncio.get_running_loop(), site.server.pid
    left, gone_at = site.pids() - {parent}, []
    began = loop.time()
    os.kill(parent, signal.SIGHUP)
    async with asyncio.timeout(REPLACED_S):
        while left or len(site.pids()) != 1 + WORKERS:
            await asyncio.sleep(LOOK_S)
            now = site.pids()
            gone_at += [loop.time()] * len(left - now)
            left &= now
    told_at = sorted(ended_at for each in listeners for ended_at, _ in each.returns if ended_at >= began)
    starts = [next((at for at in told_at if at > before), before) for before in (began, *gone_at)]
    return [gone - start for start, gone in zip(starts, gone_at, strict=False)]


def _figures(
    plan: Plan, listeners: Sequence[Listener], desk: Desk, waves: Sequence[float], *, was_quiet: bool
) -> list[Figure]:
    ends = Counter(code for each in listeners for code in each.ends)
    waits = [tried - ended for each in listeners for ended, tried in each.returns]
    bins = Counter(int(each / BIN_S) for each in waits)
    return [
        within("longest from a worker's 1012 to its end", max(waves), GONE_S),
        exactly("workers replaced", len(waves), WORKERS),
        exactly("sockets that ended otherwise than with 1012", ends.total() - ends[GOING_AWAY], 0),
        Figure("sockets that came back", len(waits), least=plan.sockets),
        Figure("longest wait before coming back", max(waits), "s"),
        Figure("largest share in a tenth of a second", max(bins.values()) / len(waits), most=SHARE, is_timing=True),
        Figure("changes that were answered", len(desk.changes), least=1),
        Figure("requests answered 503, asked again", desk.answers[503]),
        Figure("requests not answered within 3 s, asked again", desk.failures["TimeoutError"]),
        Figure("requests cut off, asked again", desk.failures.total() - desk.failures["TimeoutError"]),
        exactly("told everything in the end", was_quiet, True),
    ]


def _histogram(listeners: Sequence[Listener]) -> list[str]:
    """How those who were told to come back spread, by when they came after that."""
    waits = [tried - ended for each in listeners for ended, tried in each.returns]
    bins = Counter(int(each / BIN_S) for each in waits)
    return [
        f"  back after {number * BIN_S:.1f} s {bins[number]:>6} {'#' * round(60 * bins[number] / len(waits))}"
        for number in range(max(bins) + 1)
    ]


async def _end(site: Site, listeners: Sequence[Listener]) -> tuple[float, int, int]:
    """End it all; the seconds that took, the exit code, and how many sockets were told so."""
    assert site.server is not None
    loop, before = asyncio.get_running_loop(), [len(each.ends) for each in listeners]
    began = loop.time()
    code = await asyncio.to_thread(site.server.stop, 2 * GONE_S)
    ended_s = loop.time() - began
    # What is on its way is read before it is counted.
    await asyncio.sleep(LOOK_S)
    return (
        ended_s,
        code,
        sum(GOING_AWAY in each.ends[seen : seen + 1] for each, seen in zip(listeners, before, strict=True)),
    )
