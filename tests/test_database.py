"""The way to the database by itself: transactions that run again, whole or not at all, whoever gives up waiting."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from orderflow import feeds
from orderflow.db import Database, Transaction
from orderflow.errors import NotFound, Unavailable
from orderflow.frames import Event, Position, frame
from orderflow.ids import new_id
from tests.stored import stored

OPEN = text("INSERT INTO feeds (id, epoch, head, menu_seq, number) VALUES (:id, 'e', 0, 0, 0)")
RAISE = text("UPDATE feeds SET head = head + 1 WHERE id = :id")
IN_TRANSACTION = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@pytest.fixture
def announced() -> list[Event]:
    return []


@pytest.fixture
async def db(database_url: str, announced: list[Event]) -> AsyncIterator[Database]:
    made = Database(database_url, announced.extend)
    yield made
    await made.close()


async def _feed(db: Database) -> Any:
    feed = new_id()
    await db.run(lambda transaction: transaction.execute(OPEN, {"id": feed}))
    return feed


async def _settled(database_url: str) -> None:
    """Wait until no connection of the application does anything or has a transaction open."""
    async with asyncio.timeout(5):
        while await stored(database_url, IN_TRANSACTION):
            pass


async def test_a_step_that_raises_leaves_nothing_behind_and_tells_nothing(
    db: Database, database_url: str, announced: list[Event]
) -> None:
    feed = await _feed(db)

    async def step(transaction: Transaction) -> None:
        await feeds.append(transaction, feed, new_id(), "{}")
        raise NotFound

    with pytest.raises(NotFound):
        await db.run(step)

    assert [tuple(row) for row in await stored(database_url, "SELECT head FROM feeds")] == [(0,)]
    assert announced == []


async def test_what_was_committed_is_told_after_it_can_be_seen(db: Database, announced: list[Event]) -> None:
    feed = await _feed(db)

    await db.run(lambda transaction: feeds.append(transaction, feed, new_id(), '{"name":"Café"}'))

    start = Position(feed, announced[0].shop.epoch, 0)
    found = await feeds.read(db, start, of_customer=False, limit=9)
    assert [frame(event, "shop") for event in found] == [frame(event, "shop") for event in announced]
    assert len(found) == 1


async def test_an_announcement_that_fails_does_not_make_a_commit_look_failed(database_url: str) -> None:
    def fail(_events: Any) -> None:
        raise ValueError("the bus is broken")

    db = Database(database_url, fail)
    feed = await _feed(db)

    await db.run(lambda transaction: feeds.append(transaction, feed, new_id(), "{}"))

    assert (await feeds.heads(db, [feed]))[feed].seq == 1
    await db.close()


async def test_a_deadlock_is_tried_again_until_both_are_done(db: Database, database_url: str) -> None:
    first, second = await _feed(db), await _feed(db)
    both_hold = asyncio.Barrier(2)
    tries: list[int] = []

    def crossing(one: Any, other: Any) -> Callable[[Transaction], Awaitable[None]]:
        async def step(transaction: Transaction) -> None:
            tries.append(1)
            await transaction.execute(RAISE, {"id": one})
            if len(tries) <= 2:
                await both_hold.wait()
            await transaction.execute(RAISE, {"id": other})

        return step

    await asyncio.gather(db.run(crossing(first, second)), db.run(crossing(second, first)))

    # Who tries again may lock its first row before the other one, woken by its abort, has got it: then both cross anew.
    assert len(tries) > 2
    assert [row["head"] for row in await stored(database_url, "SELECT head FROM feeds")] == [2, 2]


async def test_our_own_mistakes_are_not_hidden_and_not_tried_again(db: Database) -> None:
    feed = await _feed(db)

    with pytest.raises(IntegrityError):
        await db.run(lambda transaction: transaction.execute(OPEN, {"id": feed}))
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await db.fetch("SELECT FROM FROM feeds")


@pytest.mark.parametrize(
    ("sqlstate", "statement"),
    [
        ("42P01", "SELECT FROM nothing"),
        ("42883", "SELECT nothing()"),
        ("42P10", "INSERT INTO lineage (id, noted_at) VALUES (true, now()) ON CONFLICT (noted_at) DO NOTHING"),
        ("42703", "SELECT nothing FROM feeds"),
        ("42704", "SELECT CAST(NULL AS nothing)"),
        ("3F000", "CREATE TABLE nothing.at_all ()"),
    ],
)
async def test_what_the_database_lacks_is_unavailable_and_named_in_the_log(
    db: Database, caplog: pytest.LogCaptureFixture, sqlstate: str, statement: str
) -> None:
    for _ in range(3):
        with pytest.raises(Unavailable):
            await db.fetch(statement)
    with pytest.raises(Unavailable):
        await db.run(lambda transaction: transaction.execute(text(statement)))

    levels = [record.levelname for record in caplog.records if sqlstate in record.getMessage()]
    assert levels == ["ERROR", "WARNING", "WARNING", "WARNING"]
    assert caplog.records[0].exc_info


async def test_what_was_made_anew_since_a_connection_has_seen_it_is_found(db: Database, database_url: str) -> None:
    async def step(transaction: Transaction) -> Any:
        return (await transaction.execute(text("SELECT * FROM anew"))).one()

    made = []
    for column in ("id integer", "id text"):
        await stored(database_url, "DROP TABLE IF EXISTS anew")
        await stored(database_url, f"CREATE TABLE anew ({column})")
        await stored(database_url, "INSERT INTO anew VALUES ('1')")
        made.append(await db.run(step))

    assert made == [(1,), ("1",)]


async def test_a_write_goes_on_when_its_caller_gives_up(db: Database, database_url: str) -> None:
    feed = await _feed(db)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def step(transaction: Transaction) -> None:
        await transaction.execute(RAISE, {"id": feed})
        begun.set()
        await go_on.wait()
        await transaction.execute(RAISE, {"id": feed})

    caller = asyncio.create_task(db.run(step))
    await begun.wait()
    caller.cancel()
    await asyncio.wait([caller])
    go_on.set()
    await _settled(database_url)

    assert caller.cancelled()
    assert (await feeds.heads(db, [feed]))[feed].seq == 2


async def test_closing_waits_for_the_writes_under_way(database_url: str) -> None:
    db = Database(database_url, lambda _events: None)
    feed = await _feed(db)
    begun = asyncio.Event()

    async def step(transaction: Transaction) -> None:
        begun.set()
        await transaction.execute(text("SELECT pg_sleep(0.1)"))
        await transaction.execute(RAISE, {"id": feed})

    caller = asyncio.create_task(db.run(step))
    await begun.wait()
    caller.cancel()
    await db.close()

    assert [row["head"] for row in await stored(database_url, "SELECT head FROM feeds")] == [1]


@pytest.mark.parametrize("way", ["run", "read", "fetch", "call"])
async def test_no_connection_comes_back_with_an_open_transaction_whenever_callers_give_up(
    db: Database, database_url: str, way: str
) -> None:
    feed = await _feed(db)

    async def run(transaction: Transaction) -> None:
        await transaction.execute(RAISE, {"id": feed})
        await transaction.execute(text("SELECT pg_sleep(0.002)"))
        await transaction.execute(RAISE, {"id": feed})

    ways: dict[str, Callable[[], Awaitable[Any]]] = {
        "run": lambda: db.run(run),
        "read": lambda: db.read(lambda connection: connection.execute(text("SELECT pg_sleep(0.002)"))),
        "fetch": lambda: db.fetch("SELECT pg_sleep(0.002)"),
        "call": lambda: db.call("SELECT 'done', NULL, pg_sleep(0.002)::text, NULL::json[]", shop="x"),
    }

    async def give_up(after_s: float) -> None:
        try:
            async with asyncio.timeout(after_s):
                await ways[way]()
        except TimeoutError:
            pass

    for _ in range(5):
        await asyncio.gather(*(give_up(random.uniform(0, 0.02)) for _ in range(30)))  # noqa: S311 - any time will do
    await _settled(database_url)

    [row] = await stored(database_url, "SELECT head FROM feeds")
    assert row["head"] % 2 == 0
    # All connections are there to be used again.
    await asyncio.gather(*(ways[way]() for _ in range(40)))
    await _settled(database_url)
