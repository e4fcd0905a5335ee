"""Sockets that never read, beside others that do, on a board on which much happens."""

import asyncio
import itertools
import json
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.fold import Frame
from tests.harm import asking, rest
from tests.harm.figures import Figure, beside, exactly, percentile, within
from tests.harm.site import LOOK_S, Site
from tests.harm.sockets import Channel, Listener, all_live, deaf
from tests.people import Shop, good

GONE_S: Final = 30.0
MEMORY_MIB: Final = 1.2
MIB: Final = 1024 * 1024
ORDERS: Final = 4
LINES: Final = 10
NOTE: Final = "x" * 180
# A line that is behind is looked at so long after it has gone, to see how it went.
PATIENCE_S: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """How many, and how long each of the runs without and beside them takes."""

    slow: int = 200
    healthy: int = 200
    pairs: int = 5
    seconds: float = 15.0
    rate: float = 20.0


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Measure so many pairs of runs, without slow sockets and beside them."""
    board = await _Board.opened(site, plan)
    await board.change_for(min(3.0, plan.seconds))
    runs = []
    for number in range(plan.pairs):
        without = await _alone(site, board, plan)
        found = await _beside(site, board, plan)
        found.without = percentile(without, 0.99)
        say(
            f"pair {number + 1}: p99 {1000 * found.without:.1f} ms without, {1000 * found.p99:.1f} ms beside them; "
            f"{found.bytes_each / 1024:.0f} KiB each; gone {found.gone_s:.1f} s after the first pause"
        )
        runs.append(found)
    closed = board.closed
    await board.close()
    return [
        *beside(
            "p99 of deliveries to the healthy",
            [each.without for each in runs],
            [each.p99 for each in runs],
        ),
        Figure(
            "memory for a slow one, at its peak", max(each.bytes_each for each in runs) / MIB, "MiB", most=MEMORY_MIB
        ),
        within("from the first pause until all slow ones are gone", max(each.gone_s for each in runs), GONE_S),
        exactly("slow ones that were paused", min(each.paused for each in runs), plan.slow),
        exactly("slow ones closed with 4408", sum(each.closed for each in runs), plan.slow * plan.pairs),
        exactly("connections that were left behind", sum(each.left for each in runs), 0),
        exactly("deliveries to the healthy that were lost", board.lost, 0),
        exactly("healthy ones that were closed", closed, 0),
    ]


@dataclass
class _Run:
    """What one run beside slow sockets found: `p99` of the seconds of a delivery to a healthy one."""

    p99: float
    bytes_each: float
    gone_s: float
    paused: float
    closed: float
    left: int
    without: float = 0.0


@dataclass
class _Board:
    """A shop on whose board orders of ten lines move, one after the other; healthy sockets listen to it."""

    site: Site
    channel: Channel
    listeners: list[Listener]
    requests: Iterator[bytes]
    rate: float
    head: int = 0
    due: dict[int, float] = field(default_factory=dict)
    told: list[float] = field(default_factory=list)
    lost: int = 0

    @classmethod
    async def opened(cls, site: Site, plan: Plan) -> "_Board":
        """Make it, and have everybody listen."""
        shop = await site.people.shop()
        orders = [await _long_order(shop) for _ in range(ORDERS)]
        wanted = itertools.product(("preparing", "pending"), orders)
        moves = [rest.request("PATCH", f"/v1/orders/{order['id']}", shop.owner, {"status": to}) for to, order in wanted]
        channel = Channel(f"/ws/shops/{shop.shop['id']}", "shop", shop.shop["id"], shop.owner.token)
        board = cls(site, channel, [], itertools.cycle(moves), plan.rate)
        board.listeners = [Listener(f"healthy {number}", channel, board.hear) for number in range(plan.healthy)]
        await all_live(board.listeners, site.port)
        board.head = good(await shop.owner.get(f"{shop.path}/events?limit=1"))["head"]
        return board

    @property
    def closed(self) -> int:
        return sum(each.visit is None or each.visit.ended.done() for each in self.listeners)

    def hear(self, frame: Frame) -> None:
        """Somebody healthy was told of a change."""
        self.told.append(asyncio.get_running_loop().time() - self.due[frame["seq"]])

    async def change_for(self, seconds: float, until: "asyncio.Event | None" = None) -> list[float]:
        """Move orders for so long, or until then; the seconds of all deliveries, from when each move was due."""
        loop, connection = asyncio.get_running_loop(), asking.Connection(self.site.port)
        before, self.told = self.head, []
        began = due = loop.time()
        while due < began + seconds and not (until and until.is_set()):
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.head += 1
            self.due[self.head] = due
            status, body = await connection.ask(next(self.requests))
            if status != 200:
                raise RuntimeError(f"a move was answered with {status}: {body.decode()}")
            due += 1 / self.rate
        connection.close()
        await self._all_told()
        self.lost += (self.head - before) * len(self.listeners) - len(self.told)
        return self.told

    async def close(self) -> None:
        """Let everybody go."""
        for each in self.listeners:
            if each.visit is not None:
                each.visit.leave()
        await self.site.until_sockets(0, GONE_S)

    async def _all_told(self) -> None:
        deadline = asyncio.get_running_loop().time() + 5
        while (
            any(each.position < self.head for each in self.listeners) and asyncio.get_running_loop().time() < deadline
        ):
            await asyncio.sleep(0.05)


async def _alone(site: Site, board: _Board, plan: Plan) -> list[float]:
    # Looked at as often as beside the slow ones: to tell its figures costs a server something as well.
    looking = asyncio.create_task(_keep_looking(site), name="looking")
    told = await board.change_for(plan.seconds)
    looking.cancel()
    await asyncio.wait([looking])
    return told


async def _keep_looking(site: Site) -> None:
    while True:
        await site.figures()
        site.memory()
        site.descriptors()
        await asyncio.sleep(LOOK_S)


async def _beside(site: Site, board: _Board, plan: Plan) -> _Run:
    before, memory, descriptors = await _closed(site), site.memory(), site.descriptors()
    with _deaf_ones() as slow:
        slow += [await deaf(site.port, board.channel) for _ in range(plan.slow)]
        # Those who have joined are behind no more: who is behind from now on was paused.
        await _until_behind(site, 0, PATIENCE_S)
        is_over = asyncio.Event()
        looking = asyncio.create_task(_look(site, len(board.listeners), descriptors, is_over), name="looking")
        told = await board.change_for(plan.seconds)
        # Something goes on until they are gone: who has all that there is would not be behind.
        await board.change_for(PATIENCE_S, until=is_over)
        peak, paused, gone_s = await looking
    closed = await _closed(site) - before
    left = max(0, site.descriptors() - descriptors - 2)
    return _Run(percentile(told, 0.99), max(0, peak - memory) / plan.slow, gone_s, paused, closed, left)


async def _look(site: Site, healthy: int, descriptors: int, is_over: asyncio.Event) -> tuple[int, float, float]:
    """The most memory, how many were paused at once, and the seconds from the first pause until all were gone."""
    loop = asyncio.get_running_loop()
    peak, most, first_at, began = 0, 0.0, math.inf, loop.time()
    while loop.time() < began + PATIENCE_S:
        figures = await site.figures()
        behind, now = figures.value("orderflow_sockets_behind"), loop.time()
        peak, most = max(peak, site.memory()), max(most, behind)
        if behind and first_at == math.inf:
            first_at = now
        # A spare connection to the database, or that of whoever asks, is no socket that was left behind.
        if first_at < now and figures.value("orderflow_sockets") <= healthy and site.descriptors() <= descriptors + 2:
            break
        await asyncio.sleep(LOOK_S)
    is_over.set()
    return peak, most, loop.time() - first_at


async def _until_behind(site: Site, count: int, patience_s: float) -> None:
    async with asyncio.timeout(patience_s):
        while (await site.figures()).value("orderflow_sockets_behind") > count:
            await asyncio.sleep(LOOK_S)


async def _closed(site: Site) -> float:
    return (await site.figures()).value("orderflow_socket_closes_total", code="4408")


async def _long_order(shop: Shop) -> dict[str, Any]:
    """An order whose document has some 4 KB."""
    lines = [{"item_id": shop.item["id"], "quantity": 1, "note": f"{number} {NOTE}"} for number in range(LINES)]
    placed: dict[str, Any] = good(await shop.owner.post(f"{shop.path}/orders", {"lines": lines}), 201)
    assert len(json.dumps(placed)) > LINES * len(NOTE)
    return placed


@contextmanager
def _deaf_ones() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    try:
        yield opened
    finally:
        for each in opened:
            each.close()
