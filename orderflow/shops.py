"""Shops: what a shop is, and under which slugs it is found. What changes is an event of the shop's feed."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, exists, func, insert, literal_column, select, text, update
from sqlalchemy.exc import DBAPIError

from orderflow import feeds
from orderflow.db import Database, Transaction
from orderflow.errors import (
    CurrencyFixed,
    Forbidden,
    Invalid,
    NotFound,
    SlugTaken,
    Unauthenticated,
    VersionMismatch,
    fault,
)
from orderflow.ids import new_id
from orderflow.schemas import ShopChange, ShopNew
from orderflow.tables import orders, shop_slugs, shop_staff, shops, users
from orderflow.text import slug_of

MAX_SLUG: Final = 40
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
# Any number will do, as long as nothing else takes the same.
SLUGS_LOCK: Final = 5_117_204_883

_NAMED: Final = "s.id = coalesce($1, (SELECT g.shop_id FROM shop_slugs g WHERE g.slug = $2))"
_GET: Final = f"SELECT s.version, shop_document(s) AS document FROM shops s WHERE {_NAMED}"  # noqa: S608
_PAGE: Final = """
    SELECT s.id, s.name, {document} AS document FROM shops s
    WHERE {which} AND ($2::text IS NULL OR (s.name, s.id) > ($2, $3::uuid)) ORDER BY s.name, s.id LIMIT $4
"""
_ROLE: Final = "CASE s.owner_id WHEN $1 THEN 'owner' ELSE 'staff' END"
_LISTED: Final = _PAGE.format(document="shop_document(s)", which="s.listed AND ($1::text IS NULL OR s.name ILIKE $1)")
_OF_USER: Final = _PAGE.format(
    document=f"""left(shop_document(s), -1) || ',"role":"' || {_ROLE} || '"}}'""",
    which="s.id IN (SELECT t.shop_id FROM shop_staff t WHERE t.user_id = $1)",
)

_NOW: Final = func.clock()
_DOCUMENT: Final = func.shop_document(literal_column("shops")).cast(Text).label("document")
_LOCK_SLUGS: Final = select(func.pg_advisory_xact_lock(SLUGS_LOCK))
_LOCK_FEED: Final = text("SELECT FROM feeds WHERE id = :shop FOR NO KEY UPDATE")
_TRY_ZONE: Final = text("SELECT now() AT TIME ZONE CAST(:zone AS text)")
_UNKNOWN_ZONE: Final = "22023"


@dataclass(frozen=True, slots=True)
class ShopDocument:
    """A shop as clients see it: `text` is JSON of the shape of `schemas.Shop`."""

    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some shops of a list, as JSON texts; `last` is the name and id to go on behind, None at the end."""

    texts: list[str]
    last: tuple[str, UUID] | None


async def listed(db: Database, part: str | None, *, behind: tuple[str, UUID] | None, limit: int) -> Page:
    """The listed shops by name, those with this part in it in either case, behind a given one."""
    pattern = None if part is None else f"%{_literal(part)}%"
    return await _page(db, _LISTED, pattern, behind, limit)


async def of_user(db: Database, user: UUID, *, behind: tuple[str, UUID] | None, limit: int) -> Page:
    """The shops that somebody owns or works for, by name, behind a given one; each says in `role` which of the two."""
    return await _page(db, _OF_USER, user, behind, limit)


async def get(db: Database, shop: UUID | str) -> ShopDocument:
    """The shop with this id or slug, old slugs included.

    Raises:
        NotFound: there is none.
    """
    by_id, by_slug = (shop, None) if isinstance(shop, UUID) else (None, shop)
    rows = await db.fetch(_GET, by_id, by_slug)
    if not rows:
        raise NotFound
    return ShopDocument(rows[0]["version"], rows[0]["document"])


async def create(db: Database, user: UUID, wanted: ShopNew) -> ShopDocument:
    """Open a shop: listed, taking orders, its owner being its staff, its feed empty.

    Raises:
        Unauthenticated: the account has just been erased.
        Forbidden: only a shop owner may.
        Invalid: the database does not know the time zone.
        SlugTaken: another shop has or had the slug that was asked for.
    """
    facts = {"owner_id": user, "listed": True, "ordering": "open", "version": 1, **wanted.model_dump(exclude={"slug"})}

    async def step(transaction: Transaction) -> ShopDocument:
        await _check_owner(transaction, user)
        await _check_zone(transaction, wanted.time_zone)
        await transaction.execute(_LOCK_SLUGS)
        slug, shop_id = await _free_slug(transaction, wanted), new_id()
        # One reading of the clock, so that it was last changed when it was made.
        at = (await transaction.execute(select(_NOW))).scalar_one()
        making = insert(shops).values(id=shop_id, slug=slug, created_at=at, updated_at=at, **facts)
        made = (await transaction.execute(making.returning(shops.c.version, _DOCUMENT))).one()
        await transaction.execute(insert(shop_slugs).values(slug=slug, shop_id=shop_id))
        await transaction.execute(insert(shop_staff).values(shop_id=shop_id, user_id=user, added_at=at))
        await feeds.open_feed(transaction, shop_id)
        return ShopDocument(made.version, made.document)

    return await db.run(step)


async def change(
    db: Database,
    user: UUID,
    shop: UUID | str,
    wanted: ShopChange,
    *,
    matches: Callable[[int], bool] | None = None,
) -> ShopDocument:
    """Change a shop, and tell its feed of it if anything is other than before.

    `matches` tells of a version whether the client wants to change it (If-Match).

    Raises:
        NotFound: there is no such shop.
        Forbidden: it is somebody else's.
        VersionMismatch: its version is not one that the client wants to change.
        SlugTaken, CurrencyFixed: as things stand.
        Invalid: the database does not know the time zone, or orders would be late before they stand out.
    """
    given = wanted.model_dump(exclude_unset=True)

    async def step(transaction: Transaction) -> ShopDocument:
        row = await _locked(transaction, shop)
        if row.owner_id != user:
            raise Forbidden("Only the shop's owner may change it.")
        if matches is not None and not matches(row.version):
            raise VersionMismatch
        changed = {name: value for name, value in given.items() if value != row._mapping[name]}
        if not changed:
            return ShopDocument(row.version, row.document)
        _check_minutes({**row._mapping, **changed})
        await _check(transaction, row.id, changed)
        updating = update(shops).where(shops.c.id == row.id).values(version=row.version + 1, updated_at=_NOW, **changed)
        made = (await transaction.execute(updating.returning(shops.c.version, _DOCUMENT))).one()
        await feeds.append(transaction, row.id, user, made.document)
        return ShopDocument(made.version, made.document)

    return await db.run(step)


async def _page(db: Database, statement: str, of: Any, behind: tuple[str, UUID] | None, limit: int) -> Page:
    rows = await db.fetch(statement, of, *(behind or (None, None)), limit + 1)
    shown = rows[:limit]
    last = (shown[-1]["name"], shown[-1]["id"]) if len(rows) > limit else None
    return Page([row["document"] for row in shown], last)


def _literal(part: str) -> str:
    """What LIKE takes for exactly this text."""
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _named(shop: UUID | str) -> ColumnElement[bool]:
    if isinstance(shop, UUID):
        return shops.c.id == shop
    return shops.c.id == select(shop_slugs.c.shop_id).where(shop_slugs.c.slug == shop).scalar_subquery()


async def _locked(transaction: Transaction, shop: UUID | str) -> Row[Any]:
    found = select(shops, _DOCUMENT).where(_named(shop)).with_for_update(key_share=True)
    row = (await transaction.execute(found)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _check_minutes(shop: Mapping[str, Any]) -> None:
    if shop["hot_minutes"] <= shop["warm_minutes"]:
        least = shop["warm_minutes"] + 1
        raise Invalid(errors=[fault("/hot_minutes", "Must be more than warm_minutes.", "too_small", least)])


async def _check(transaction: Transaction, shop_id: UUID, changed: dict[str, Any]) -> None:
    if "time_zone" in changed:
        await _check_zone(transaction, changed["time_zone"])
    if "slug" in changed:
        await transaction.execute(_LOCK_SLUGS)
        await _take_slug(transaction, shop_id, changed["slug"])
    if not changed.keys().isdisjoint({"slug", "currency"}):
        # An order that is being placed holds the feed and then refers to the shop. A new slug locks that reference out,
        # and a currency must not change between an order's reading of it and its COMMIT: both wait for the feed first.
        await transaction.execute(_LOCK_FEED, {"shop": shop_id})
    if "currency" in changed:
        ordered = select(exists().where(orders.c.shop_id == shop_id))
        if (await transaction.execute(ordered)).scalar_one():
            raise CurrencyFixed


async def _check_owner(transaction: Transaction, user: UUID) -> None:
    # Locked as the shop's reference to it will be: an account that is being erased gets no shop.
    found = select(users.c.role).where(users.c.id == user, users.c.erased_at.is_(None))
    role = (await transaction.execute(found.with_for_update(read=True, key_share=True))).scalar_one_or_none()
    if role is None:
        raise Unauthenticated
    if role != "shop_owner":
        raise Forbidden("Only somebody who registered as a shop owner may open a shop.")


async def _check_zone(transaction: Transaction, zone: str) -> None:
    try:
        await transaction.execute(_TRY_ZONE, {"zone": zone})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _UNKNOWN_ZONE:
            raise
        detail = "The database does not know this time zone."
        raise Invalid(errors=[fault("/time_zone", detail, "not_a_choice")]) from error


async def _take_slug(transaction: Transaction, shop_id: UUID, slug: str) -> None:
    """Make a slug the shop's own; one that it had before is that already."""
    found = select(shop_slugs.c.shop_id).where(shop_slugs.c.slug == slug)
    holder = (await transaction.execute(found)).scalar_one_or_none()
    if holder is None:
        await transaction.execute(insert(shop_slugs).values(slug=slug, shop_id=shop_id))
    elif holder != shop_id:
        raise SlugTaken


async def _free_slug(transaction: Transaction, wanted: ShopNew) -> str:
    """A slug that no shop has or had, while the lock on slugs is held."""
    candidates = iter([wanted.slug]) if wanted.slug else _candidates(slug_of(wanted.name))
    while some := list(islice(candidates, 50)):
        found = select(shop_slugs.c.slug).where(shop_slugs.c.slug.in_(some))
        taken = set((await transaction.execute(found)).scalars())
        if free := next((each for each in some if each not in taken), None):
            return free
    raise SlugTaken


def _candidates(base: str | None) -> Iterator[str]:
    while base is None:
        yield "shop-" + "".join(secrets.choice(LETTERS) for _ in range(6))
    yield base
    for number in count(2):
        ending = f"-{number}"
        yield base[: MAX_SLUG - len(ending)].rstrip("-") + ending
