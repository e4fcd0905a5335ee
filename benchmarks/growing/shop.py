"""The shop that is measured, and its people, made by the functions that the API calls too."""

import itertools
import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from orderflow import accounts, items, orders, shops
from orderflow.db import Database
from orderflow.schemas import ItemNew, OrderNew, Register, ShopNew

ITEMS: Final = ("Flat white", "Cake")
NOTES: Final = (None, "warm")


@dataclass(frozen=True)
class Shop:
    """A shop with two items; its owner stands at the counter and orders for others, beside regular customers."""

    id: UUID
    counter: UUID
    customers: list[UUID]
    items: list[UUID]


async def open_shop(db: Database, customers: int) -> Shop:
    """Open it, in a database without users."""
    hasher = accounts.Hasher()
    counter = await _register(db, hasher, "Grace", "shop_owner")
    shop = await _open(db, counter, "bench")
    menu = [_id(await items.create(db, counter, shop, ItemNew(name=name, price_minor=350))) for name in ITEMS]
    return Shop(shop, counter, [await _register(db, hasher, f"Ada {n}", "customer") for n in range(customers)], menu)


async def open_other(db: Database, shop: Shop, number: int) -> None:
    """Open another shop of the same owner, whose slug is `other-NUMBER`."""
    other = await _open(db, shop.counter, f"other-{number}")
    await items.create(db, shop.counter, other, ItemNew(name=ITEMS[0], price_minor=350))


async def place(db: Database, shop: Shop, count: int) -> list[UUID]:
    """Have regular customers place so many orders of two lines; their ids."""
    lines = [{"item_id": str(item), "quantity": 1, "note": note} for item, note in zip(shop.items, NOTES, strict=True)]
    wanted = OrderNew.model_validate({"lines": lines})
    return [
        (await orders.place(db, customer, shop.id, wanted, key=uuid4().hex, limits=orders.Limits())).id
        for customer in itertools.islice(itertools.cycle(shop.customers), count)
    ]


async def _open(db: Database, owner: UUID, slug: str) -> UUID:
    wanted = ShopNew(name="Bench", slug=slug, currency="EUR", time_zone="Europe/Berlin")
    return _id(await shops.create(db, owner, wanted))


def _id(made: shops.ShopDocument | items.ItemDocument) -> UUID:
    return UUID(json.loads(made.text)["id"])


async def _register(db: Database, hasher: accounts.Hasher, name: str, role: str) -> UUID:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    wanted = {"email": email, "password": "correct horse", "name": name, "role": role}
    return UUID((await accounts.register(db, hasher, Register.model_validate(wanted))).id)
