"""Connections that stall: before their first byte, within headers, within a body, after asking for a socket."""

import asyncio
import itertools
import math
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.harm import rest
from tests.harm.figures import Figure, beside, exactly, percentile, within
from tests.harm.site import LOOK_S, Site
from tests.harm.sockets import Channel, deaf
from tests.people import Shop

GONE_S: Final = 30.0
PATIENCE_S: Final = 60.0
TRICKLE_S: Final = 0.5
TURNS: Final = 20
RATE: Final = 100.0
# Of the kernel's states of a connection (tcp_states.h).
ESTABLISHED: Final = 1
KINDS: Final = ("before the first byte", "within headers", "within a body", "after asking for a socket")


@dataclass(frozen=True)
class Plan:
    """How many stall, a quarter in each way, and how long each of the runs without and beside them takes."""

    stalled: int = 500
    pairs: int = 3
    seconds: float = 8.0


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Measure what people wait for without and beside those who stall, and how long those are endured."""
    shop = await site.people.shop()
    requests = await rest.usual(shop, await site.people.register())
    await _p99(site, requests, min(2.0, plan.seconds))
    descriptors, runs = site.descriptors(), []
    for number in range(plan.pairs):
        without = await _p99(site, requests, plan.seconds)
        found = await _beside(site, shop, requests, descriptors, plan)
        found.without = without
        gone = ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in found.gone.items())
        say(f"pair {number + 1}: p99 {1000 * without:.1f} ms without, {1000 * found.p99:.1f} ms beside; gone: {gone}")
        runs.append(found)
    return [
        *beside("p99 of HTTP", [each.without for each in runs], [each.p99 for each in runs]),
        *(within(f"gone that stalled {kind}", max(each.gone[kind] for each in runs), GONE_S) for kind in KINDS),
        within("until all their descriptors are back", max(each.freed_s for each in runs), GONE_S),
        exactly("descriptors that were left behind", max(each.left for each in runs), 0),
    ]


@dataclass
class _Run:
    p99: float
    gone: dict[str, float]
    freed_s: float
    left: int
    without: float = 0.0


async def _beside(site: Site, shop: Shop, requests: Sequence[bytes], descriptors: int, plan: Plan) -> _Run:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with _stalled_ones() as stalled:
        for kind in KINDS:
            stalled[kind] = [await _stall(site, shop, kind) for _ in range(plan.stalled // len(KINDS))]
        trickling = asyncio.create_task(_trickle([*stalled[KINDS[1]], *stalled[KINDS[2]]]), name="trickle")
        watching = asyncio.create_task(_gone(stalled, began), name="watch them go")
        p99 = await _p99(site, requests, plan.seconds)
        gone = await watching
        trickling.cancel()
        freed_s = loop.time() - began + await site.until(lambda: site.descriptors() <= descriptors + 2, PATIENCE_S)
        return _Run(p99, gone, freed_s, max(0, site.descriptors() - descriptors - 2))


async def _stall(site: Site, shop: Shop, kind: str) -> socket.socket:
    if kind == KINDS[3]:
        return await deaf(site.port, Channel(f"/ws/shops/{shop.shop['id']}/menu", "menu", shop.shop["id"]))
    post = rest.request("POST", f"{shop.path}/orders", shop.owner, {"note": "x" * 1000})
    first = {KINDS[0]: b"", KINDS[1]: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", KINDS[2]: post[:-900]}
    opened = socket.socket()
    opened.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(opened, ("127.0.0.1", site.port))
    await loop.sock_sendall(opened, first[kind])
    return opened


async def _trickle(connections: Sequence[socket.socket]) -> None:
    """Send one byte more twice a second, on each that still takes it, a few at a time, until cancelled."""
    left = [set(connections[start::TURNS]) for start in range(TURNS)]
    for turn in itertools.cycle(left):
        await asyncio.sleep(TRICKLE_S / TURNS)
        for each in tuple(turn):
            try:
                each.send(b"x")
            except OSError:
                turn.remove(each)


async def _gone(stalled: dict[str, list[socket.socket]], began: float) -> dict[str, float]:
    """For each kind the seconds until the server had ended the last one; infinite if it has not."""
    loop, found = asyncio.get_running_loop(), dict.fromkeys(stalled, math.inf)
    while math.inf in found.values() and loop.time() < began + PATIENCE_S:
        await asyncio.sleep(LOOK_S)
        for kind, each in stalled.items():
            if found[kind] == math.inf and all(map(_has_ended, each)):
                found[kind] = loop.time() - began
    return found


def _has_ended(connection: socket.socket) -> bool:
    """Whether the server has ended it, by the state of the connection: nothing is read of what it sent."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED


async def _p99(site: Site, requests: Sequence[bytes], seconds: float) -> float:
    async with rest.asked(site.port, requests, RATE) as answers:
        await asyncio.sleep(seconds)
    if answers.failures:
        raise RuntimeError(f"{len(answers.failures)} requests failed: {answers.failures[:3]}")
    return percentile(answers.seconds, 0.99)


@contextmanager
def _stalled_ones() -> Iterator[dict[str, list[socket.socket]]]:
    opened: dict[str, list[socket.socket]] = {}
    try:
        yield opened
    finally:
        for each in opened.values():
            for connection in each:
                connection.close()
