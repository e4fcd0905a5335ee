"""A backup is restored into the database in use: 503 while tables are missing, never a 500; then it is noticed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from orderflow.settings import Settings
from tests import backups
from tests.live import Live, running
from tests.people import PASSWORD, Person, Shop, good, refused
from tests.stored import stored

LACKS = "the database lacks"
NOTICED = "not the database as it was noted (another feeds_oid)"
BACK_S = 10.0
Act = Callable[[], Awaitable[httpx2.Response]]


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=0.2, open_orders_per_customer=0) as server:
        yield server


@pytest.fixture
async def cafe(live: Live) -> Shop:
    return await live.shop()


@pytest.fixture
async def ada(live: Live) -> Person:
    return await live.register()


@pytest.fixture
async def order(ada: Person, cafe: Shop) -> dict[str, Any]:
    return await ada.order(cafe.shop, cafe.item)


def _body(cafe: Shop) -> dict[str, Any]:
    return {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}


def _acts(live: Live, cafe: Shop, ada: Person, order: dict[str, Any]) -> dict[str, Act]:
    """One of each kind that needs the database; each may be repeated."""
    path = f"/v1/orders/{order['id']}"
    login = {"email": ada.user["email"], "password": PASSWORD}
    return {
        "list orders": lambda: ada.get("/v1/orders"),
        "read order": lambda: ada.get(path),
        "read me": lambda: ada.get("/v1/me"),
        "rename me": lambda: ada.patch("/v1/me", {"name": "Countess"}),
        "place": lambda: ada.post(f"{cafe.path}/orders", _body(cafe)),
        "read feed": lambda: cafe.owner.get(f"{cafe.path}/events"),
        "move": lambda: cafe.owner.patch(path, {"status": "ready"}),
        "recall": lambda: cafe.owner.patch(path, {"status": "pending"}),
        "change item": lambda: cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"available": True}),
        "rename shop": lambda: cafe.owner.patch(cafe.path, {"name": "Bar"}),
        "read menu": lambda: live.client.get(f"{cafe.path}/items"),
        "list shops": lambda: live.client.get("/v1/shops"),
        "sign in": lambda: live.client.post("/v1/auth/login", json=login),
        "register": lambda: live.client.post("/v1/auth/register", json={**login, "name": "A", "role": "customer"}),
    }


def _is_unavailable(answer: httpx2.Response) -> None:
    refused(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


@asynccontextmanager
async def _taken_away(settings: Settings, away: str, back: str) -> AsyncIterator[None]:
    assert settings.database_url is not None
    await stored(settings.database_url, away)
    try:
        yield
    finally:
        await stored(settings.database_url, back)


async def test_a_database_without_its_tables_is_unavailable_until_they_are_there_again(
    settings: Settings,
    live: Live,
    cafe: Shop,
    ada: Person,
    order: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = f"/ws/shops/{cafe.shop['id']}"
    board = await live.socket(path, cafe.owner)
    await board.frame()

    async with _taken_away(settings, "ALTER SCHEMA public RENAME TO away", "ALTER SCHEMA away RENAME TO public"):
        for act in _acts(live, cafe, ada, order).values():
            _is_unavailable(await act())
        assert (await live.client.get("/readyz")).json()["database"] == "unavailable"
        assert await (await live.socket(path, cafe.owner)).close_code() == 1013
        assert (await live.client.get("/metrics")).status_code == 200

    assert (await _back(lambda: ada.get(f"/v1/orders/{order['id']}"))).json() == order
    assert (await _back(lambda: ada.post(f"{cafe.path}/orders", _body(cafe)))).json()["number"] == 2
    good(await live.client.get("/readyz"))
    assert (await board.event())["order"]["number"] == 2
    # Loudly once, with the statement that asked for it; else in a line for each.
    loud = _loud(caplog)
    assert [LACKS in record.getMessage() for record in loud if "42P01" in record.getMessage()] == [True]
    assert all(record.exc_info for record in loud)


def _loud(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def _back(act: Act) -> httpx2.Response:
    """Try until it works; until then it may only be unavailable."""
    async with asyncio.timeout(BACK_S):
        while (answer := await act()).status_code == 503:
            _is_unavailable(answer)
    assert answer.status_code in (200, 201), answer.text
    return answer


# Which of its two it is: the other is for the code before.
PLACE = "(uuid, uuid, uuid, uuid[], integer[], text[], text, text, text, bigint, text, bytea, integer, integer)"


@pytest.mark.parametrize(
    ("sqlstate", "act", "away", "back"),
    [
        (
            "42883",
            "place",
            f"ALTER FUNCTION place_order{PLACE} RENAME TO place_away",
            f"ALTER FUNCTION place_away{PLACE} RENAME TO place_order",
        ),
        (
            "42703",
            "rename me",
            "ALTER TABLE users RENAME COLUMN name TO away",
            "ALTER TABLE users RENAME COLUMN away TO name",
        ),
        (
            "42P10",
            "move",
            "DROP INDEX uq_outbox_order_id_picked_up",
            "CREATE UNIQUE INDEX uq_outbox_order_id_picked_up ON outbox (order_id) WHERE kind = 'picked_up'",
        ),
    ],
)
async def test_whatever_it_lacks_is_named_in_the_log_and_found_again(
    settings: Settings,
    live: Live,
    cafe: Shop,
    ada: Person,
    order: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    sqlstate: str,
    act: str,
    away: str,
    back: str,
) -> None:
    request = _acts(live, cafe, ada, order)[act]

    async with _taken_away(settings, away, back):
        for _ in range(3):
            _is_unavailable(await request())

    assert (await _back(request)).status_code in (200, 201)
    assert [LACKS in said for said in map(logging.LogRecord.getMessage, _loud(caplog)) if sqlstate in said] == [True]


async def test_a_restore_under_load_fails_no_request_and_is_noticed(
    settings: Settings,
    live: Live,
    cafe: Shop,
    ada: Person,
    order: dict[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert settings.database_url is not None
    backups.dump(settings.database_url, tmp_path / "backup")
    lost = await ada.order(cafe.shop, cafe.item)
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    first = await board.frame()
    answers: list[httpx2.Response] = []
    is_over = asyncio.Event()

    async def go_on(act: Act) -> None:
        while not is_over.is_set():
            answers.append(await act())

    async with asyncio.TaskGroup() as tasks:
        for act in _acts(live, cafe, ada, order).values():
            tasks.create_task(go_on(act))
        for _ in range(3):
            await asyncio.to_thread(backups.restore_in_place, settings.database_url, tmp_path / "backup")
            assert await board.close_code() == 1012
            async with asyncio.timeout(BACK_S):
                while await _epoch(settings, cafe) == first["epoch"]:
                    pass
        is_over.set()

    assert {answer.status_code for answer in answers} <= {200, 201, 401, 404, 409, 503}
    for answer in answers:
        if answer.status_code == 503:
            _is_unavailable(answer)
    assert caplog.text.count(NOTICED) == 3
    again = await live.socket(f"/ws/shops/{cafe.shop['id']}{board.resume()}", cafe.owner)
    shown = await again.frame()
    assert shown["type"] == "snapshot"
    assert shown["epoch"] != first["epoch"]
    assert lost["id"] not in {each["id"] for each in shown["orders"]}
    assert (await ada.order(cafe.shop, cafe.item))["number"] > 100


async def _epoch(settings: Settings, cafe: Shop) -> str:
    """The epoch of a shop's feed; the one that a restore brings back is one that its boards know."""
    assert settings.database_url is not None
    (row,) = await stored(settings.database_url, "SELECT epoch FROM feeds WHERE id = $1", cafe.shop["id"])
    return str(row["epoch"])
