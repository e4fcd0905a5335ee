"""Several processes on one database and one Redis: what one does, all show, whatever dies meanwhile."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
from websockets.exceptions import ConnectionClosed

from tests.live import Live, Socket, visiting
from tests.people import Person, Shop, good
from tests.redis_server import RedisServer
from tests.servers import Server, workers

# One name for all processes, as behind a load balancer; customers who order without end; and no wait for a beat.
COMMON = {"PUBLIC_URL": "http://orderflow.example", "OPEN_ORDERS_PER_CUSTOMER": "0", "BEAT_SECONDS": "0.5"}

MakeServer = Callable[..., Server]


class Witness:
    """Hears a board out until it is closed."""

    def __init__(self, board: Socket) -> None:
        self.board = board
        self.events: list[dict[str, Any]] = []
        self.task = asyncio.create_task(self._listen())
        self._times: list[float] = []

    def heard(self) -> Iterator[tuple[dict[str, Any], float]]:
        """Each event, and when it came."""
        return zip(self.events, self._times, strict=True)

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.events.append(await self.board.event())
                self._times.append(asyncio.get_running_loop().time())


async def test_what_happens_at_one_process_shows_on_the_sockets_of_the_other(
    make_server: MakeServer, redis: RedisServer
) -> None:
    async with _two(make_server, redis) as (here, there):
        cafe, ada = await here.shop(), await here.register()
        board = await _caught_up(there, cafe)
        mine = await there.socket("/ws/customers/me", ada)
        assert (await mine.event())["orders"] == []

        delays = []
        for _ in range(10):
            order = await ada.order(cafe.shop, cafe.item)
            began = asyncio.get_running_loop().time()
            shown = (await board.event())["order"], (await mine.event())["order"]
            delays.append(asyncio.get_running_loop().time() - began)
            assert shown == (order, order)

        # Without Redis it would be half a second, between looks at the database.
        assert sorted(delays)[5] < 0.2, delays
        good(await ada.post("/v1/auth/logout"), 204)
        async with asyncio.timeout(5):
            assert await mine.close_code() == 4401
        assert (await there.client.get("/v1/me", headers={"Authorization": f"Bearer {ada.token}"})).status_code == 401


async def test_while_redis_is_dead_nothing_is_lost_and_little_is_late(make_server: MakeServer) -> None:
    with RedisServer() as redis:
        async with _two(make_server, redis) as (here, there):
            cafe, ada = await here.shop(), await here.register()
            boards = [await _caught_up(live, cafe) for live in (here, there, there)]
            start = boards[0].position
            witnesses = [Witness(board) for board in boards]
            async with _placing(ada, cafe) as placed:
                await _until(lambda: len(placed) >= 10)
                redis.kill()
                await _readyz(here, there, status="degraded")
                await _until_more(placed, 20)
                redis.start()
                await _readyz(here, there, status="ok")
                await _until_more(placed, 10)
            marks = {order["id"]: at for order, at in placed}

            await _until(lambda: all(len(witness.events) >= len(placed) for witness in witnesses))

            for witness in witnesses:
                assert [event["seq"] for event in witness.events] == list(range(start + 1, start + 1 + len(placed)))
                assert [event["order"]["id"] for event in witness.events] == list(marks)
                late = max(at - marks[event["order"]["id"]] for event, at in witness.heard())
                assert late < 4, f"{late:.1f} s behind"
                await witness.board.connection.close()
                await witness.task


async def test_the_sockets_of_two_workers_show_the_same(make_server: MakeServer, redis: RedisServer) -> None:
    server = make_server("--workers", "2", REDIS_URL=redis.url, **COMMON)
    async with visiting(server.url) as live:
        cafe, ada = await live.shop(), await live.register()
        boards = [await _caught_up(live, cafe) for _ in range(8)]

        orders = [await ada.order(cafe.shop, cafe.item) for _ in range(10)]

        for board in boards:
            assert [(await board.event())["order"] for _ in orders] == orders


async def test_a_worker_that_is_killed_is_replaced_and_its_boards_come_back(
    make_server: MakeServer, redis: RedisServer
) -> None:
    server = make_server("--workers", "2", REDIS_URL=redis.url, **COMMON)
    async with visiting(server.url) as live:
        cafe, ada = await live.shop(), await live.register()
        boards = [await _caught_up(live, cafe) for _ in range(8)]
        before = workers(server.pid)
        assert len(before) == 2

        for victim in before:
            os.kill(victim, signal.SIGKILL)
        assert {await board.close_code() for board in boards} == {1006}
        await _until(lambda: len(workers(server.pid) - before) == 2)
        order = await _again(lambda: ada.order(cafe.shop, cafe.item))

        for board in boards:
            back = await live.socket(f"/ws/shops/{cafe.shop['id']}{board.resume()}", cafe.owner)
            assert (await back.event())["type"] == "resumed"
            assert (await back.event())["order"] == order


async def test_after_a_crash_under_load_everything_that_was_answered_is_there(make_server: MakeServer) -> None:
    server = make_server(**COMMON)
    async with visiting(server.url) as live:
        cafe = await live.shop()
        crowd = [await live.register() for _ in range(4)]
        boards = [await _caught_up(live, cafe) for _ in range(3)]
        start = boards[0].position
        witnesses = [Witness(board) for board in boards]
        async with AsyncExitStack() as stack:
            placing = [await stack.enter_async_context(_placing(who, cafe, pause_s=0)) for who in crowd]
            await _until(lambda: all(len(placed) >= 5 for placed in placing))
            server.kill()
        await asyncio.wait([witness.task for witness in witnesses])
        server.start()

        answered = {order["id"] for placed in placing for order, _ in placed}
        async with visiting(server.url) as again:
            owner = Person(again.client, cafe.owner.user, cafe.owner.token)
            found = await _all_orders(owner, cafe)
            assert answered <= {order["id"] for order in found}
            for witness in witnesses:
                back = await again.socket(f"/ws/shops/{cafe.shop['id']}{witness.board.resume()}", owner)
                assert (await back.event())["type"] == "resumed"
                told = witness.events
                told += [await back.event() for _ in range(len(found) - len(told))]
                assert [event["seq"] for event in told] == list(range(start + 1, start + 1 + len(found)))
                assert {event["order"]["id"] for event in told} == {order["id"] for order in found}


@asynccontextmanager
async def _two(make_server: MakeServer, redis: RedisServer) -> AsyncIterator[tuple[Live, Live]]:
    first, second = (make_server(REDIS_URL=redis.url, **COMMON) for _ in range(2))
    async with visiting(first.url) as here, visiting(second.url) as there:
        yield here, there


@asynccontextmanager
async def _placing(who: Person, cafe: Shop, pause_s: float = 0.02) -> AsyncIterator[list[tuple[dict[str, Any], float]]]:
    """Somebody who orders again and again: the orders that were answered, and when."""
    placed: list[tuple[dict[str, Any], float]] = []
    is_over = asyncio.Event()

    async def place() -> None:
        while not is_over.is_set():
            body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}
            try:
                async with asyncio.timeout(2):
                    answer = await who.post(f"{cafe.path}/orders", body)
            except httpx2.TransportError:
                return
            placed.append((good(answer, 201), asyncio.get_running_loop().time()))
            await asyncio.sleep(pause_s)

    task = asyncio.create_task(place())
    yield placed
    is_over.set()
    await task


async def _caught_up(live: Live, cafe: Shop) -> Socket:
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    assert (await board.frame())["type"] == "snapshot"
    await board.beat()
    return board


async def _all_orders(who: Person, cafe: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = good(await who.get(f"{cafe.path}/orders?limit=100{cursor}"))
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def _readyz(*servers: Live, status: str) -> None:
    """Wait until all say so, for 5 s at most."""
    async with asyncio.timeout(5):
        for live in servers:
            while good(await live.client.get("/readyz"))["status"] != status:
                pass


async def _again(attempt: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Try until there is a server to answer."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await attempt()
            except httpx2.TransportError:
                await asyncio.sleep(0.05)


async def _until_more(placed: list[Any], count: int) -> None:
    goal = len(placed) + count
    await _until(lambda: len(placed) >= goal)


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not fact():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.02)
