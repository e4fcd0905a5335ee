"""Who may see and do what at a shop: the one place that every edge asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from orderflow.db import Database
from orderflow.errors import Forbidden, NotFound

_AT_SHOP: Final = """
    SELECT s.id, s.owner_id = $3 AS is_owner,
           EXISTS (SELECT FROM shop_staff t WHERE t.shop_id = s.id AND t.user_id = $3) AS is_staff
    FROM shops s WHERE s.id = coalesce($1, (SELECT g.shop_id FROM shop_slugs g WHERE g.slug = $2))
"""
_STAFF: Final = "SELECT shop_id, user_id FROM shop_staff WHERE shop_id = ANY ($1)"


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
    by_id, by_slug = (shop, None) if isinstance(shop, UUID) else (None, shop)
    rows = await db.fetch(_AT_SHOP, by_id, by_slug, user)
    if not rows:
        raise NotFound
    return AtShop(rows[0]["id"], bool(rows[0]["is_owner"]), rows[0]["is_staff"])


async def staffed_shop(db: Database, shop: UUID | str, user: UUID) -> UUID:
    """The id of a shop whose staff somebody belongs to: they see its orders, its feed and its board.

    Raises:
        NotFound: there is no such shop.
        Forbidden: they are not of its staff.
    """
    found = await at_shop(db, shop, user)
    if not found.is_staff:
        raise Forbidden("Only the shop's staff may see this.")
    return found.shop_id


async def staff_of(db: Database, shops: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """The pairs of shop and user that belong together, for sockets that are open."""
    return {(row["shop_id"], row["user_id"]) for row in await db.fetch(_STAFF, list(shops))}
