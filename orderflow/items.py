"""Items: what a shop sells. Each change is an event of the shop's feed; archived items stay, for the old orders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Text, func, insert, literal_column, select, update

from orderflow import feeds, rights
from orderflow.db import Database, Transaction
from orderflow.errors import Forbidden, NotFound, TooManyItems, VersionMismatch
from orderflow.ids import new_id
from orderflow.schemas import ItemChange, ItemNew
from orderflow.tables import items, shops

MAX_ITEMS: Final = 500
# What staff may change; all else is the owner's.
OF_STAFF: Final = frozenset({"available", "stock"})

_STOCKED: Final = """left(item_document(i), -1) || ',"stock":' || coalesce(i.stock::text, 'null') || '}'"""
_MENU: Final = """
    SELECT {document} AS document FROM items i WHERE i.shop_id = $1 AND NOT i.archived ORDER BY i.position, i.id
"""
_AS_STAFF: Final = _MENU.format(document=_STOCKED)
_AS_ANYONE: Final = _MENU.format(document="item_document(i)")

_NOW: Final = func.clock()
_DOCUMENT: Final = func.item_document(literal_column("items")).cast(Text).label("document")


@dataclass(frozen=True, slots=True)
class ItemDocument:
    """An item as its staff see it: `text` is JSON of the shape of `schemas.StockedItem`."""

    version: int
    text: str


async def listed(db: Database, user: UUID | None, shop: UUID | str) -> list[str]:
    """A shop's items by position, then id, as JSON texts; with their stock if it is its staff that asks.

    Raises:
        NotFound: there is no such shop.
    """
    found = await rights.at_shop(db, shop, user)
    rows = await db.fetch(_AS_STAFF if found.is_staff else _AS_ANYONE, found.shop_id)
    return [row["document"] for row in rows]


async def create(db: Database, user: UUID, shop: UUID | str, wanted: ItemNew) -> ItemDocument:
    """Put an item on the menu of a shop.

    Raises:
        NotFound: there is no such shop.
        Forbidden: it is somebody else's.
        TooManyItems: it has as many as a shop may have.
    """
    shop_id = await _own(db, shop, user)

    async def step(transaction: Transaction) -> ItemDocument:
        # One at a time in each shop, so that the count holds.
        await transaction.execute(select(shops.c.id).where(shops.c.id == shop_id).with_for_update(key_share=True))
        counting = select(func.count()).where(items.c.shop_id == shop_id, ~items.c.archived)
        if (await transaction.execute(counting)).scalar_one() >= MAX_ITEMS:
            raise TooManyItems
        facts = {"id": new_id(), "shop_id": shop_id, "version": 1, "archived": False, "updated_at": _NOW}
        making = insert(items).values(**facts, **wanted.model_dump())
        return await _tell(transaction, user, (await transaction.execute(making.returning(items, _DOCUMENT))).one())

    return await db.run(step)


async def change(
    db: Database,
    user: UUID,
    shop: UUID | str,
    item: UUID,
    wanted: ItemChange,
    *,
    matches: Callable[[int], bool] | None = None,
) -> ItemDocument:
    """Change an item, and tell its shop's feed of it if anything is other than before.

    `matches` tells of a version whether the client wants to change it (If-Match).

    Raises:
        NotFound: there is no such item on the menu of that shop.
        Forbidden: staff may change `available` and `stock`, its owner all, and nobody else anything.
        VersionMismatch: its version is not one that the client wants to change.
    """
    given = wanted.model_dump(exclude_unset=True)
    at_shop = await rights.at_shop(db, shop, user)

    async def step(transaction: Transaction) -> ItemDocument:
        row = await _locked(transaction, at_shop.shop_id, item)
        if row is None or row.archived:
            raise NotFound
        if not at_shop.is_staff or not (at_shop.is_owner or given.keys() <= OF_STAFF):
            raise Forbidden("Staff may change whether an item is to be had and its stock; its owner all of it.")
        if matches is not None and not matches(row.version):
            raise VersionMismatch
        changed = {name: value for name, value in given.items() if value != row._mapping[name]}
        return await _change(transaction, user, row, changed) if changed else _document(row)

    return await db.run(step)


async def archive(db: Database, user: UUID, shop: UUID | str, item: UUID) -> None:
    """Take an item off the menu for good; one that is off it already stays so, and nothing is told.

    Raises:
        NotFound: the shop never had such an item.
        Forbidden: the shop is somebody else's.
    """
    at_shop = await rights.at_shop(db, shop, user)

    async def step(transaction: Transaction) -> None:
        row = await _locked(transaction, at_shop.shop_id, item)
        if row is None:
            raise NotFound
        if not at_shop.is_owner:
            raise Forbidden("Only the shop's owner may take an item off its menu.")
        if not row.archived:
            await _change(transaction, user, row, {"archived": True})

    await db.run(step)


async def _own(db: Database, shop: UUID | str, user: UUID) -> UUID:
    found = await rights.at_shop(db, shop, user)
    if not found.is_owner:
        raise Forbidden("Only the shop's owner may put items on its menu.")
    return found.shop_id


async def _locked(transaction: Transaction, shop_id: UUID, item: UUID) -> Row[Any] | None:
    found = select(items, _DOCUMENT).where(items.c.id == item, items.c.shop_id == shop_id)
    return (await transaction.execute(found.with_for_update(key_share=True))).one_or_none()


async def _change(transaction: Transaction, user: UUID, row: Row[Any], changed: dict[str, Any]) -> ItemDocument:
    updating = update(items).where(items.c.id == row.id).values(version=row.version + 1, updated_at=_NOW, **changed)
    return await _tell(transaction, user, (await transaction.execute(updating.returning(items, _DOCUMENT))).one())


async def _tell(transaction: Transaction, user: UUID, row: Row[Any]) -> ItemDocument:
    await feeds.append(transaction, row.shop_id, user, row.document, row.id)
    return _document(row)


def _document(row: Row[Any]) -> ItemDocument:
    stock = "null" if row.stock is None else row.stock
    return ItemDocument(row.version, f'{row.document[:-1]},"stock":{stock}}}')
