"""The database goes away, freezes, crashes and comes back: 503 meanwhile, never a 500, and nothing is half done."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.engine import make_url

from orderflow import embedded
from orderflow.settings import Settings
from tests import places
from tests.live import Live, running
from tests.people import PASSWORD, Person, Shop, good, refused
from tests.stored import connected, stored

BACK_S = 10.0
END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname <> '' AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def postgresql(spare_data: Path) -> Iterator[embedded.Server]:
    """A PostgreSQL of this module's own, to be ill-treated."""
    with places.copy(spare_data) as data, embedded.running(data) as server:
        yield server


@pytest.fixture
async def live(settings: Settings, postgresql: embedded.Server) -> AsyncIterator[Live]:
    async with running(settings, database_url=postgresql.url) as server:
        yield server


def _postmaster(server: embedded.Server) -> int:
    process = server._process
    assert process is not None
    return process.pid


async def _backends(server: embedded.Server) -> list[int]:
    rows = await stored(server.url, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname <> ''")
    return [row["pid"] for row in rows]


@contextmanager
def _frozen(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _unreachable(server: embedded.Server) -> AsyncIterator[None]:
    """Nobody is connected, and nobody can connect."""
    place = server._socket / ".s.PGSQL.5432"
    hidden = place.with_suffix(".hidden")
    async with connected(server.url) as connection:
        place.rename(hidden)
        await connection.execute(END_CONNECTIONS)
    try:
        yield
    finally:
        hidden.rename(place)


async def _back(attempt: Callable[..., Awaitable[httpx2.Response]], *what: Any, **more: str) -> httpx2.Response:
    """Try until it works; until then it may only be unavailable."""
    async with asyncio.timeout(BACK_S):
        while (answer := await attempt(*what, **more)).status_code == 503:
            _is_unavailable(answer)
    assert answer.status_code in (200, 201), answer.text
    return answer


def _is_unavailable(answer: httpx2.Response) -> None:
    problem = refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert "sql" not in problem["detail"].lower()


def _requests(live: Live, cafe: Shop, ada: Person, order: dict[str, Any]) -> list[Awaitable[httpx2.Response]]:
    """One of each kind that needs the database."""
    login = {"email": ada.user["email"], "password": PASSWORD}
    return [
        ada.get("/v1/orders"),
        ada.get(f"/v1/orders/{order['id']}"),
        ada.get("/v1/me"),
        cafe.owner.get(f"{cafe.path}/events"),
        live.client.get(f"{cafe.path}/items"),
        live.client.get("/v1/shops"),
        live.client.post("/v1/auth/login", json=login),
        ada.post(f"{cafe.path}/orders", _body(cafe), Idempotency_Key="away"),
        cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": "preparing"}),
        cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"price_minor": 1}),
        cafe.owner.patch(cafe.path, {"name": "Bar"}),
        ada.patch("/v1/me", {"name": "Countess"}),
    ]


def _body(cafe: Shop) -> dict[str, Any]:
    return {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}


async def test_while_nobody_can_connect_all_is_unavailable_and_then_it_works_again(
    live: Live, postgresql: embedded.Server
) -> None:
    cafe, ada = await live.shop(), await live.register()
    order = await ada.order(cafe.shop, cafe.item)

    async with _unreachable(postgresql):
        for answer in await asyncio.gather(*_requests(live, cafe, ada, order)):
            _is_unavailable(answer)
        ready = await live.client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
        assert good(await live.client.get("/healthz")) == {"status": "ok"}
        refused(await live.client.get("/v1/me"), 401, "unauthenticated")
        refused(await ada.post(f"{cafe.path}/orders", {"lines": []}), 422, "invalid")

    assert good(await _back(ada.get, f"/v1/orders/{order['id']}")) == order
    assert good(await live.client.get("/readyz"))["database"] == "ok"
    again = await ada.post(f"{cafe.path}/orders", _body(cafe), Idempotency_Key="away")
    assert good(again, 201)["number"] == 2


@pytest.mark.parametrize(
    ("shut", "opened"),
    [
        ("ALTER DATABASE orderflow ALLOW_CONNECTIONS false", "ALTER DATABASE orderflow ALLOW_CONNECTIONS true"),
        ("ALTER ROLE another NOLOGIN", "ALTER ROLE another LOGIN"),
    ],
)
async def test_a_database_that_an_operator_has_shut_is_unavailable(
    settings: Settings, postgresql: embedded.Server, shut: str, opened: str
) -> None:
    anybody = make_url(postgresql.url).set(database="template1").render_as_string(hide_password=False)
    await stored(anybody, "DROP ROLE IF EXISTS another")
    await stored(anybody, "CREATE ROLE another SUPERUSER LOGIN PASSWORD 'another'")
    url = make_url(postgresql.url).set(username="another", password="another").render_as_string(hide_password=False)
    async with running(settings, database_url=url) as live:
        cafe, ada = await live.shop(), await live.register()
        order = await ada.order(cafe.shop, cafe.item)

        await stored(anybody, shut)
        await stored(anybody, END_CONNECTIONS)
        for answer in await asyncio.gather(*_requests(live, cafe, ada, order)):
            _is_unavailable(answer)
        await stored(anybody, opened)

        assert (await _back(ada.get, f"/v1/orders/{order['id']}")).json() == order


async def test_connections_that_were_cut_are_replaced_and_reads_notice_nothing(
    live: Live, postgresql: embedded.Server
) -> None:
    cafe, ada = await live.shop(), await live.register()
    order = await ada.order(cafe.shop, cafe.item)

    await stored(postgresql.url, END_CONNECTIONS)
    assert good(await ada.get(f"/v1/orders/{order['id']}")) == order
    assert good(await ada.get("/v1/me"))["id"] == ada.user["id"]
    good(await live.client.get("/readyz"))

    moved = await _back(cafe.owner.patch, f"/v1/orders/{order['id']}", {"status": "ready"})
    assert good(moved)["version"] == 2
    good(await _back(ada.patch, "/v1/me", {"name": "Countess"}))


async def test_a_frozen_database_is_given_up_in_time_and_an_order_is_not_placed_twice(
    live: Live, postgresql: embedded.Server
) -> None:
    cafe, ada = await live.shop(), await live.register()
    order = await ada.order(cafe.shop, cafe.item)
    pids = [_postmaster(postgresql), *await _backends(postgresql)]
    loop = asyncio.get_running_loop()

    with _frozen(pids):
        began = loop.time()
        waiting = asyncio.gather(*_requests(live, cafe, ada, order), live.client.get("/readyz"))
        assert good(await live.client.get("/healthz")) == {"status": "ok"}
        assert loop.time() - began < 2
        *answers, ready = await waiting
        assert loop.time() - began < 10
        for answer in answers:
            _is_unavailable(answer)
        assert ready.status_code == 503

    placed = await _back(ada.post, f"{cafe.path}/orders", _body(cafe), Idempotency_Key="away")
    assert good(placed, 201)["number"] == 2
    assert len(good(await _back(ada.get, "/v1/orders"))["data"]) == 2


async def test_a_crash_loses_no_order_that_was_answered(live: Live, postgresql: embedded.Server) -> None:
    cafe = await live.shop(stock=1000)
    crowd = [await live.register() for _ in range(4)]
    placed: list[str] = []

    async def buy(who: Person) -> None:
        while len(placed) < 40:
            placed.append((await _back(who.post, f"{cafe.path}/orders", _body(cafe))).json()["id"])
            if len(placed) == 20:
                os.kill(_postmaster(postgresql), signal.SIGKILL)
            cancelled = await _back(who.patch, f"/v1/orders/{placed[-1]}", {"status": "cancelled", "reason": "crash"})
            assert cancelled.json()["status"] == "cancelled"

    await asyncio.gather(*(buy(who) for who in crowd))

    orders = await stored(postgresql.url, "SELECT id::text, number FROM orders WHERE shop_id = $1", cafe.shop["id"])
    assert set(placed) <= {row["id"] for row in orders}
    assert sorted(row["number"] for row in orders) == list(range(1, len(orders) + 1))


async def test_connections_cut_in_the_middle_of_a_rush_leave_nothing_half_done(
    live: Live, postgresql: embedded.Server
) -> None:
    cafe = await live.shop(stock=1000)
    crowd = [await live.register() for _ in range(4)]
    done, cutting = itertools.count(1), asyncio.Lock()

    async def buy(who: Person, number: int) -> None:
        for turn in range(15):
            order = await _back(who.post, f"{cafe.path}/orders", _body(cafe), Idempotency_Key=f"{number}-{turn}")
            for status in ("ready", "picked_up"):
                await _back(cafe.owner.patch, f"/v1/orders/{order.json()['id']}", {"status": status})
                if next(done) % 20 == 0:
                    # One at a time: who cuts is connected as well.
                    async with cutting:
                        await stored(postgresql.url, END_CONNECTIONS)

    await asyncio.gather(*(buy(who, number) for number, who in enumerate(crowd)))

    [row] = await stored(
        postgresql.url,
        """
        SELECT count(*), max(number), max(version), min(status), (SELECT stock FROM items WHERE shop_id = $1)
        FROM orders WHERE shop_id = $1
        """,
        cafe.shop["id"],
    )
    assert tuple(row) == (60, 60, 3, "picked_up", 940)


async def test_a_shop_that_somebody_holds_up_is_unavailable_and_all_others_go_on(
    live: Live, postgresql: embedded.Server
) -> None:
    cafe, bar, ada, bob = await live.shop(), await live.shop("Bar"), await live.register(), await live.register()
    loop = asyncio.get_running_loop()

    async with connected(postgresql.url) as connection, connection.transaction():
        await connection.execute("SELECT FROM feeds WHERE id = $1 FOR UPDATE", cafe.shop["id"])
        began = loop.time()
        # By whatever name it is called, a shop waits for no more than its share of the connections.
        names = (cafe.shop["id"], cafe.shop["slug"])
        stuck = asyncio.gather(*(ada.post(f"/v1/shops/{names[n % 2]}/orders", _body(cafe)) for n in range(16)))
        for _ in range(5):
            await bob.order(bar.shop, bar.item)
        assert loop.time() - began < 2
        for answer in await stuck:
            _is_unavailable(answer)
        assert loop.time() - began < 8

    assert (await ada.order(cafe.shop, cafe.item))["number"] == 1
