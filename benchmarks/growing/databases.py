"""A database for each number of shops and of finished orders: copies of one in which a shop has opened."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from benchmarks.growing import history
from benchmarks.growing.points import Point
from benchmarks.growing.shop import Shop, open_other, open_shop, place
from orderflow import migrations, orders
from orderflow.db import Database
from orderflow.lifecycle import Status
from orderflow.schemas import OrderMove

CUSTOMERS: Final = 5
# Open orders: some that move to and fro, and others that wait in each column of the board.
MOVING: Final = 8
WAITING: Final[tuple[Status, ...]] = ("pending", "preparing", "ready") * 4
# What who comes back has missed.
MISSED: Final = 100


@dataclass(frozen=True)
class Prepared:
    """A database in which everything is ready to be measured."""

    url: str
    shop: Shop
    moving: list[UUID]
    waiting: list[UUID]

    @property
    def name(self) -> str:
        """The name of the database in its PostgreSQL."""
        return str(make_url(self.url).database)


async def prepare(url: str, points: Iterable[Point]) -> dict[Point, Prepared]:
    """Make the databases of these points; those that differ in their sockets only share one."""
    await migrations.upgrade(url)
    db = Database(url, _nobody)
    shop = await open_shop(db, CUSTOMERS)
    await db.close()
    keys = {point: (point.shops, point.orders) for point in points}
    made: dict[tuple[int, int], Prepared] = {}
    for key in dict.fromkeys(keys.values()):
        print("  making a database with {:,} shops and {:,} finished orders".format(*key), file=sys.stderr, flush=True)
        made[key] = await _prepare(url, shop, *key)
    return {point: made[key] for point, key in keys.items()}


async def _prepare(base: str, shop: Shop, shops: int, finished: int) -> Prepared:
    name = f"shops_{shops}_orders_{finished}"
    await _run(base, "template1", f'CREATE DATABASE {name} TEMPLATE "{make_url(base).database}"')
    url = make_url(base).set(database=name).render_as_string(hide_password=False)
    connection = await _connect(url, name)
    if finished:
        await history.fill(connection, shop.id, shop.counter, shop.customers, shop.items, finished)
    db = Database(url, _nobody)
    for number in range(shops - 1):
        await open_other(db, shop, number)
    open_now = await place(db, shop, MOVING + len(WAITING))
    moving, waiting = open_now[:MOVING], open_now[MOVING:]
    for order, status in zip(waiting, WAITING, strict=True):
        await _move(db, shop, order, status)
    for number in range(MISSED):
        await _move(db, shop, moving[0], "pending" if number % 2 else "preparing")
    await db.close()
    await connection.execute("ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()
    return Prepared(url, shop, moving, waiting)


async def _move(db: Database, shop: Shop, order: UUID, status: Status) -> None:
    hour = timedelta(hours=1)
    await orders.move(db, shop.counter, order, OrderMove(status=status), recall=hour, hold=hour)


async def _run(url: str, name: str, statement: str) -> None:
    connection = await _connect(url, name)
    await connection.execute(statement)
    await connection.close()


async def _connect(url: str, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    plain = make_url(url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    return await asyncpg.connect(plain)


def _nobody(_: object) -> None:
    """Nobody listens yet."""
