"""A shop's counter that works through the domain itself, since each server would bring a worker of its own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from orderflow import orders
from orderflow.db import Database
from orderflow.ids import new_id
from orderflow.schemas import OrderMove, OrderNew
from tests.stored import stored

RECALL = timedelta(minutes=30)


@asynccontextmanager
async def counter_of(database_url: str, hold: timedelta = timedelta()) -> AsyncIterator["Counter"]:
    """The counter of a new shop whose e-mails are held for so long."""
    staff, shop, item = new_id(), new_id(), new_id()
    for statement, *values in (
        ("INSERT INTO users VALUES ($1, 'grace@example.com', 'Grace', 'shop_owner', 'x', now())", staff),
        ("INSERT INTO feeds VALUES ($1, 'counter', 0, 0, NULL, 0), ($2, 'counter', 0, 0, NULL, 0)", staff, shop),
        (
            "INSERT INTO shops VALUES ($1, $2, 'corner-cafe', 'Corner Café', NULL, NULL, NULL, 'cafe@example.com', "
            "'EUR', 'Europe/Berlin', true, 'open', 1, now(), now())",
            shop,
            staff,
        ),
        ("INSERT INTO shop_staff VALUES ($1, $2, now())", shop, staff),
        (
            "INSERT INTO items VALUES ($1, $2, 'Flat white', NULL, NULL, 350, true, NULL, 0, 1, false, now())",
            item,
            shop,
        ),
    ):
        await stored(database_url, statement, *values)
    db = Database(database_url, announce=lambda _: None)
    try:
        yield Counter(db, database_url, hold, staff, shop, item)
    finally:
        await db.close()


class Counter:
    """What its staff do."""

    def __init__(self, db: Database, url: str, hold: timedelta, staff: UUID, shop: UUID, item: UUID) -> None:
        self._db = db
        self._url = url
        self._hold = hold
        self._staff = staff
        self._shop = shop
        self._item = item
        self._orders: list[UUID] = []

    async def place(self, count: int) -> None:
        """Take so many orders for people who are there in person."""
        for number in range(count):
            body = {"lines": [{"item_id": str(self._item), "quantity": 1}], "email": f"person{number}@example.com"}
            wanted = OrderNew.model_validate_json(json.dumps(body))
            placed = await orders.place(self._db, self._staff, self._shop, wanted, key=None, limits=orders.Limits())
            self._orders.append(placed.id)

    async def make_ready(self, *, mistaken: int = 0) -> None:
        """Make all ready; with `mistaken`, every so many by mistake at first."""
        for number, order in enumerate(self._orders):
            await self._move(order, "ready")
            if mistaken and number % mistaken == 0:
                await self._move(order, "pending")
                await self._move(order, "ready")

    async def hand_over(self) -> None:
        """Hand over the orders whose customers know of it."""
        for row in await stored(
            self._url,
            "SELECT o.id FROM orders o JOIN outbox x ON x.order_id = o.id "
            "WHERE o.status = 'ready' AND x.kind = 'ready' AND x.state = 'sent'",
        ):
            await self._move(row["id"], "picked_up")

    async def is_done(self) -> bool:
        """Whether all were handed over and no letter waits."""
        waiting = "SELECT FROM orders WHERE status <> 'picked_up' UNION ALL SELECT FROM outbox WHERE state = 'waiting'"
        return not await stored(self._url, waiting)

    async def _move(self, order: UUID, status: str) -> None:
        wanted = OrderMove.model_validate_json(json.dumps({"status": status}))
        await orders.move(self._db, self._staff, order, wanted, recall=RECALL, hold=self._hold)
