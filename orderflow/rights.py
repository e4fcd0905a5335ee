"""Who may see and do what at a shop: the one place that every edge asks."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from orderflow.db import Database
from orderflow.errors import Forbidden, NotFound

_AT_SHOPS: Final = """
    SELECT k.n, s.id, s.owner_id = k.user_id AS is_owner,
           EXISTS (SELECT FROM shop_staff t WHERE t.shop_id = s.id AND t.user_id = k.user_id) AS is_staff
    FROM unnest($1::uuid[], $2::text[], $3::uuid[]) WITH ORDINALITY AS k(shop_id, slug, user_id, n)
    JOIN shops s ON s.id = coalesce(k.shop_id, (SELECT g.shop_id FROM shop_slugs g WHERE g.slug = k.slug))
"""
_STAFF: Final = "SELECT shop_id, user_id FROM shop_staff WHERE shop_id = ANY ($1)"


# A shop by its id or slug, old slugs included, and who asks; None is anyone.
Asked: TypeAlias = tuple[UUID | str, UUID | None]


@dataclass(frozen=True, slots=True)
class AtShop:
    """What somebody is at a shop."""

    shop_id: UUID
    is_owner: bool
    is_staff: bool


async def at_shop(db: Database, shop: UUID | str, user: UUID | None) -> AtShop:
    """What somebody (None: anyone) is at the shop with this id or slug, old slugs included.

    Raises:
        NotFound: there is no such shop.
    """
    found = (await at_shops(db, [(shop, user)])).get((shop, user))
    if found is None:
        raise NotFound
    return found


async def at_shops(db: Database, asked: Collection[Asked]) -> dict[Asked, AtShop]:
    """What each of many is at a shop, by one reading; shops that do not exist are absent."""
    keys = list(asked)
    ids = [shop if isinstance(shop, UUID) else None for shop, _ in keys]
    slugs = [None if isinstance(shop, UUID) else shop for shop, _ in keys]
    rows = await db.fetch(_AT_SHOPS, ids, slugs, [user for _, user in keys])
    return {keys[row["n"] - 1]: AtShop(row["id"], bool(row["is_owner"]), row["is_staff"]) for row in rows}


async def staffed_shop(db: Database, shop: UUID | str, user: UUID) -> UUID:
    """The id of a shop whose staff somebody belongs to: they see its orders, its feed and its board.

    Raises:
        NotFound: there is no such shop.
        Forbidden: they are not of its staff.
    """
    return staffed(await at_shop(db, shop, user))


def staffed(found: AtShop) -> UUID:
    """The id of the shop, for who is of its staff.

    Raises:
        Forbidden: they are not.
    """
    if not found.is_staff:
        raise Forbidden("Only the shop's staff may see this.")
    return found.shop_id


async def staff_of(db: Database, shops: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """The pairs of shop and user that belong together, for sockets that are open."""
    return {(row["shop_id"], row["user_id"]) for row in await db.fetch(_STAFF, list(shops))}
