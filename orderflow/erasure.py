"""Erasure: an account ends, and its owner's name, address and words leave the database. What shops sold stays.

Orders keep their numbers, lines, prices, times and statuses, and point at an account of which only the id is left. An
order that staff placed for the address loses the address at once; the name to call and the notes, which the counter
needs until it is finished, go with the move that finishes it (`move_order`).
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

import anyio.to_thread
from sqlalchemy import Row, delete, func, select, text, update

from orderflow import credentials, sessions
from orderflow.credentials import Actor
from orderflow.db import Database, Transaction
from orderflow.errors import OpenOrders, OwnsShops, Unauthenticated, UserNotFound, WrongPassword
from orderflow.sessions import EndedSessions
from orderflow.tables import shop_staff, shops, users
from orderflow.text import email as clean_address

Verify: TypeAlias = Callable[[str, str], Awaitable[bool]]

# What stands where a name stood.
NOBODY: Final = "erased"
NAMED_SHOPS: Final = 3

_HASH: Final = "SELECT password_hash FROM users WHERE id = $1 AND erased_at IS NULL"
_ID: Final = "SELECT id FROM users WHERE email = $1"

# The customer's turn, as place_order takes it: no order of theirs is placed until the end.
_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:user, 0))")
_ORDERS: Final = text("""
    SELECT id, customer_id = :user AS is_own, is_active FROM orders
    WHERE customer_id = :user OR email = :email ORDER BY id FOR NO KEY UPDATE
""")
_ERASE_ORDERS: Final = text("SELECT erase_orders(:orders, :user)")
_CLEAR_MAILS: Final = text("""
    UPDATE outbox
    SET recipient = NULL, payload = NULL, error = NULL, leased_until = NULL,
        state = CASE WHEN state = 'waiting' THEN 'withdrawn' ELSE state END,
        settled_at = coalesce(settled_at, clock())
    WHERE order_id = ANY (:orders) RETURNING id
""")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """What went with an account: its sessions, and the mails that may be files."""

    sessions: list[UUID]
    mails: list[UUID]


async def erase(
    db: Database, verify: Verify, ended: EndedSessions, actor: Actor, password: str, data: Path | None
) -> None:
    """Erase the account of who asks, if they know its password: a token alone may be stolen, a phone unlocked.

    `data` is the data directory, where mails are written that are not sent.

    Raises:
        Unauthenticated: there is none (any more).
        WrongPassword: it is another, or was just replaced.
        OwnsShops, OpenOrders: as things stand, in this order.
        Unavailable: too many passwords wait to be verified, or the database is away.
    """
    rows = await db.fetch(_HASH, actor.user_id)
    if not rows:
        raise Unauthenticated
    hashed: str = rows[0]["password_hash"]
    if not await verify(password, hashed):
        raise WrongPassword
    erased = await _erase(db, actor.user_id, hashed, data)
    if erased is None:
        raise Unauthenticated
    for session_id in erased.sessions:
        ended.add(session_id)


async def erase_address(db: Database, email: str, data: Path | None) -> None:
    """Erase the account with this address, for who runs the service.

    Raises:
        UserNotFound: nobody has this address.
        OwnsShops, OpenOrders: as things stand, in this order.
        Unavailable: the database is away.
    """
    try:
        rows = await db.fetch(_ID, clean_address(email))
    except ValueError:
        raise UserNotFound from None
    if not rows or await _erase(db, rows[0]["id"], None, data) is None:
        raise UserNotFound


async def _erase(db: Database, user: UUID, hashed: str | None, data: Path | None) -> Erased | None:
    """Erase an account whose password has this hash, whatever it has for None; None without such an account."""

    async def step(transaction: Transaction) -> Erased | None:
        await transaction.execute(_TURN, {"user": str(user)})
        account = await _locked(transaction, user)
        if account is None:
            return None
        if hashed is not None and account.password_hash != hashed:
            raise WrongPassword
        await _check_shops(transaction, user)
        mails = await _clear_orders(transaction, user, account.email)
        ended = await sessions.end_all(transaction, user)
        await _clear_account(transaction, user)
        return Erased(ended, mails)

    erased = await db.run(step)
    if erased is not None and erased.mails and data is not None:
        await anyio.to_thread.run_sync(_remove, data / "emails", erased.mails)
    return erased


async def _locked(transaction: Transaction, user: UUID) -> Row[Any] | None:
    # Against everything that would point at this account by then: a shop, a membership, a session.
    found = select(users.c.email, users.c.password_hash).where(users.c.id == user, users.c.erased_at.is_(None))
    return (await transaction.execute(found.with_for_update())).one_or_none()


async def _check_shops(transaction: Transaction, user: UUID) -> None:
    found = select(shops.c.name).where(shops.c.owner_id == user).order_by(shops.c.name).limit(NAMED_SHOPS)
    names = (await transaction.execute(found)).scalars().all()
    if names:
        raise OwnsShops(f"This account owns {', '.join(names)}: a shop cannot be closed or handed over yet.")


async def _clear_orders(transaction: Transaction, user: UUID, email: str) -> list[UUID]:
    """Take all words out of somebody's orders and what follows from them; the ids of their mails.

    Raises:
        OpenOrders: one of the orders that they placed is under way.
    """
    rows = (await transaction.execute(_ORDERS, {"user": user, "email": email})).all()
    # Judged when all are locked: a recall may have opened one meanwhile.
    if any(row.is_active for row in rows if row.is_own):
        raise OpenOrders
    every = [row.id for row in rows]
    await transaction.execute(_ERASE_ORDERS, {"user": user, "orders": every})
    return list((await transaction.execute(_CLEAR_MAILS, {"orders": every})).scalars())


async def _clear_account(transaction: Transaction, user: UUID) -> None:
    await transaction.execute(delete(shop_staff).where(shop_staff.c.user_id == user))
    emptied = {"email": None, "name": NOBODY, "password_hash": credentials.NO_HASH, "erased_at": func.clock()}
    # Last, so that its time is as close to the COMMIT as can be: see `feeds.look`.
    await transaction.execute(update(users).where(users.c.id == user).values(**emptied))


def _remove(place: Path, mails: list[UUID]) -> None:
    """Remove the files of mails, half written ones too: a worker may have died before it noted that there is one."""
    if not place.is_dir():
        return
    for file in (place / f"{mail}{suffix}" for mail in mails for suffix in (".eml", ".new")):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            # The account is erased all the same: whoever runs the service is told what is left to remove.
            logger.warning("cannot remove %s, which holds an erased address: %s", file, error.strerror)
