"""A shop with years behind it: what is read of it looks at no more rows than on its first day.

Its past comes from `benchmarks/growing/history.py`, which is held here to what placing and moving would have left.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.growing import history
from benchmarks.growing.shop import Shop, open_shop, place
from orderflow import feeds, orders
from orderflow.db import Database
from orderflow.frames import Position
from orderflow.lifecycle import STATUSES, Status
from orderflow.schemas import OrderMove
from tests.stored import connected

# So many that no plan reads a whole table because it is small.
FINISHED = 12_000
# What is shown is 100 orders at most; a plan may look at some more to pick them.
ROWS = 1_000
READ = "idx_tup_fetch + seq_tup_read"
COUNTED = "SELECT sum({})::integer FROM pg_stat_user_tables WHERE relname = ANY ($1)"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
# Each finds what would be a fault.
FAULTS = {
    "a feed with a hole": """
        SELECT f.id FROM feeds f
        LEFT JOIN (SELECT shop_id AS id, shop_seq AS seq FROM events
                   UNION ALL SELECT customer_id, customer_seq FROM events WHERE customer_id IS NOT NULL) e USING (id)
        GROUP BY f.id, f.head HAVING count(e.seq) <> f.head OR coalesce(max(e.seq), 0) <> f.head
    """,
    "a day with a hole": """
        SELECT business_day FROM orders o JOIN feeds f ON f.id = o.shop_id
        GROUP BY business_day, f.day, f.number
        HAVING count(*) <> max(o.number) OR business_day > f.day OR business_day = f.day AND max(o.number) <> f.number
    """,
    "a last event that is not the order": """
        SELECT o.id FROM orders o
        WHERE order_state(o)::text IS DISTINCT FROM
            (SELECT state::text FROM events WHERE order_id = o.id ORDER BY shop_seq DESC LIMIT 1)
    """,
    "ids that are not in the order of placing": """
        SELECT id FROM (SELECT id, placed_at, lag(placed_at) OVER (ORDER BY id) AS before FROM orders) o
        WHERE placed_at < before
    """,
}
# An order and all that follows from it.
FOLLOWING = (
    "SELECT * FROM orders WHERE id = $1",
    "SELECT * FROM order_lines WHERE order_id = $1 ORDER BY position",
    "SELECT * FROM events WHERE order_id = $1 ORDER BY shop_seq",
    "SELECT kind, recipient FROM outbox WHERE order_id = $1 ORDER BY id",
)
# Columns that differ from one order to the next; of these, and of times, it matters whether they are there.
OWN = {"id", "order_id", "number", "shop_seq", "customer_seq", "idempotency_key", "body_hash"}

Reading = Callable[[Database, Shop], Awaitable[Any]]


async def missed(db: Database, shop: Shop) -> object:
    """Read what a board missed."""
    position = (await feeds.heads(db, [shop.id]))[shop.id]
    return await feeds.read(db, Position(shop.id, position.epoch, position.seq - 100), of_customer=False, limit=100)


def of_shop(status: str | None) -> Reading:
    """A page of the shop's orders."""
    return lambda db, shop: orders.of_shop(db, shop.counter, shop.id, status=status, behind=None, limit=50)


def of_customer(status: str | None) -> Reading:
    """A page of the orders of whoever has placed most."""
    return lambda db, shop: orders.of_customer(db, shop.counter, status=status, behind=None, limit=50)


READINGS: dict[str, Reading] = {
    "the counter board's snapshot": lambda db, shop: feeds.snapshot_of(db, "shop", shop.id),
    "the pickup screen's snapshot": lambda db, shop: feeds.snapshot_of(db, "pickup", shop.id),
    "a customer's snapshot": lambda db, shop: feeds.snapshot_of(db, "customer", shop.counter),
    "what a board missed": missed,
    **{f"the shop's orders, {status}": of_shop(status) for status in (None, "active", *STATUSES)},
    **{f"my orders, {status}": of_customer(status) for status in (None, "active", *STATUSES)},
}


@asynccontextmanager
async def visiting(database_url: str) -> AsyncIterator[Database]:
    """The way to the database, for somebody who leaves then."""
    db = Database(database_url, lambda _: None)
    yield db
    await db.close()


async def with_a_past(db: Database, database_url: str, finished: int) -> Shop:
    """A shop with so many finished orders, without any that is open."""
    shop = await open_shop(db, 1)
    async with connected(database_url) as connection:
        await history.fill(connection, shop.id, shop.counter, shop.customers, shop.items, finished)
    return shop


async def order_that_went(db: Database, shop: Shop, who: UUID, *way: Status) -> UUID:
    """A new order that somebody moves this way."""
    (order,) = await place(db, shop, 1)
    for status in way:
        await orders.move(
            db, who, order, OrderMove(status=status), recall=timedelta(hours=1), hold=timedelta(seconds=10)
        )
    return order


async def counted(database_url: str, what: str, *tables: str) -> int:
    """What PostgreSQL counted of those who have left by now: each connection tells at its end."""
    async with connected(database_url) as connection, asyncio.timeout(20):
        while await connection.fetchval(OTHERS):
            pass
        found: int = await connection.fetchval(COUNTED.format(what), tables)
        return found


async def shapes(connection: "asyncpg.Connection[asyncpg.Record]", order: UUID) -> list[dict[str, Any]]:
    """An order and all that followed from it, without what is its own."""
    found = [row for statement in FOLLOWING for row in await connection.fetch(statement, order)]
    return [{name: _shape(name, value) for name, value in row.items()} for row in found]


def _shape(name: str, value: object) -> object:
    if name == "state":
        return [part.split('"')[1] for part in str(value).split(",")]
    return value is not None if name in OWN or isinstance(value, datetime) else value


async def test_nothing_that_is_read_looks_at_more_rows_the_more_orders_are_finished(database_url: str) -> None:
    async with visiting(database_url) as db:
        shop = await with_a_past(db, database_url, FINISHED)
        for way in ((), ("preparing",), ("ready",), ("ready", "picked_up")):
            await order_that_went(db, shop, shop.counter, *way)
    seen, until_now = {}, await counted(database_url, READ, "orders", "events")

    for name, reading in READINGS.items():
        async with visiting(database_url) as db:
            await reading(db, shop)
        before, until_now = until_now, await counted(database_url, READ, "orders", "events")
        seen[name] = until_now - before

    assert {name: rows for name, rows in seen.items() if rows > ROWS} == {}


async def test_a_move_of_an_open_order_changes_no_index(database_url: str) -> None:
    async with visiting(database_url) as db:
        shop = await open_shop(db, 1)
        await order_that_went(db, shop, shop.counter, "preparing", "pending", "preparing", "ready")

    assert await counted(database_url, "n_tup_upd", "orders") == 4
    assert await counted(database_url, "n_tup_hot_upd", "orders") == 4


async def test_a_past_is_what_placing_and_moving_would_have_left(database_url: str) -> None:
    async with visiting(database_url) as db, connected(database_url) as connection:
        shop = await with_a_past(db, database_url, 40)
        lived = await order_that_went(db, shop, shop.counter, "preparing", "ready", "picked_up")
        cancelled = await order_that_went(db, shop, shop.customers[0], "cancelled")
        # Every second one was placed at the counter; one in twenty, the seventh of them, was cancelled.
        past = await connection.fetch("SELECT id FROM orders ORDER BY id")

        assert await shapes(connection, past[2]["id"]) == await shapes(connection, lived)
        assert await shapes(connection, past[6]["id"]) == await shapes(connection, cancelled)
        faults = {fault: len(await connection.fetch(statement)) for fault, statement in FAULTS.items()}

    assert faults == dict.fromkeys(FAULTS, 0)
