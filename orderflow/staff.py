"""A shop's staff: who works there, for its owner to say. The owner always belongs to it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from orderflow import rights
from orderflow.db import Database, Transaction
from orderflow.errors import Forbidden, NotFound, OwnerIsStaff, UserNotFound
from orderflow.schemas import StaffMember, StaffNew
from orderflow.tables import shop_staff, users

_LISTED: Final = """
    SELECT u.id, u.name, u.email FROM shop_staff t JOIN users u ON u.id = t.user_id JOIN shops s ON s.id = t.shop_id
    WHERE t.shop_id = $1
      AND ($2::text IS NULL OR (u.id <> s.owner_id, u.name, u.id) > ($3::uuid <> s.owner_id, $2, $3))
    ORDER BY u.id <> s.owner_id, u.name, u.id LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some members of a staff; `last` is the name and id to go on behind, None at the end."""

    members: list[StaffMember]
    last: tuple[str, UUID] | None


async def listed(db: Database, owner: UUID, shop: UUID | str, *, behind: tuple[str, UUID] | None, limit: int) -> Page:
    """A shop's staff for its owner, who comes first, then by name; those behind a given name and id.

    Raises:
        NotFound: there is no such shop.
        Forbidden: it is somebody else's.
    """
    shop_id = await _own(db, shop, owner)
    rows = await db.fetch(_LISTED, shop_id, *(behind or (None, None)), limit + 1)
    shown = rows[:limit]
    last = (shown[-1]["name"], shown[-1]["id"]) if len(rows) > limit else None
    return Page([StaffMember(user_id=str(row["id"]), name=row["name"], email=row["email"]) for row in shown], last)


async def add(db: Database, owner: UUID, shop: UUID | str, wanted: StaffNew) -> tuple[StaffMember, bool]:
    """Make somebody who has registered a member of a shop's staff; tells as well whether they are new there.

    Raises:
        NotFound: there is no such shop.
        Forbidden: it is somebody else's.
        UserNotFound: nobody has registered with this address.
    """
    shop_id = await _own(db, shop, owner)

    async def step(transaction: Transaction) -> tuple[StaffMember, bool]:
        found = select(users.c.id, users.c.name, users.c.email).where(users.c.email == wanted.email)
        # Locked as the membership's reference to it will be: an account that is being erased becomes no staff.
        row = (await transaction.execute(found.with_for_update(read=True, key_share=True))).one_or_none()
        if row is None:
            raise UserNotFound
        adding = insert(shop_staff).values(shop_id=shop_id, user_id=row.id, added_at=func.clock())
        added = await transaction.execute(adding.on_conflict_do_nothing().returning(shop_staff.c.user_id))
        return StaffMember(user_id=str(row.id), name=row.name, email=row.email), added.one_or_none() is not None

    return await db.run(step)


async def remove(db: Database, owner: UUID, shop: UUID | str, member: UUID) -> None:
    """Take somebody off a shop's staff; their boards close within 5 s.

    Raises:
        NotFound: there is no such shop, or they are not of its staff.
        Forbidden: it is somebody else's.
        OwnerIsStaff: it is the owner.
    """
    shop_id = await _own(db, shop, owner)
    if member == owner:
        raise OwnerIsStaff

    async def step(transaction: Transaction) -> None:
        removing = delete(shop_staff).where(shop_staff.c.shop_id == shop_id, shop_staff.c.user_id == member)
        if (await transaction.execute(removing.returning(shop_staff.c.user_id))).one_or_none() is None:
            raise NotFound("Nobody of the shop's staff has this id.")

    await db.run(step)


async def _own(db: Database, shop: UUID | str, owner: UUID) -> UUID:
    found = await rights.at_shop(db, shop, owner)
    if not found.is_owner:
        raise Forbidden("Only the shop's owner decides on its staff.")
    return found.shop_id
