"""Orders: placing, moving, reading, and closing those that nobody touches.

The two hot transactions are functions of the database, one round trip each; the rules of moving are in `lifecycle`.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from orderflow import errors, lifecycle, rights
from orderflow.db import Database, Outcome
from orderflow.errors import (
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    OutOfStock,
    RateLimited,
    Unavailable,
    VersionMismatch,
    fault,
)
from orderflow.feeds import read
from orderflow.frames import Event, Position, frame
from orderflow.ids import new_id
from orderflow.lifecycle import Asker, Move, Standing
from orderflow.schemas import OrderMove, OrderNew, Timeline, TimelineEvent

ABANDONED_AFTER: Final = timedelta(hours=48)
ABANDONED: Final = "abandoned"
CLOSED_AT_ONCE: Final = 100
# Each miss means that somebody else moved the order in between.
MISSES: Final = 20

_PLACE: Final = "SELECT * FROM place_order($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
_MOVE: Final = "SELECT * FROM move_order($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_DOCUMENT: Final = "order_document(o) AS document"
_READ: Final = """
    SELECT o.id, o.shop_id, o.status, o.trail, o.version, o.cancelled_by, o.updated_at, {document}
           o.customer_id = $2 AS is_customer,
           EXISTS (SELECT FROM shop_staff t WHERE t.shop_id = o.shop_id AND t.user_id = $2) AS is_staff
    FROM orders o WHERE o.id = $1
"""
# A document costs the database as much as all the rest: only who answers with it reads it.
_STANDING: Final = _READ.format(document="")
_WHOLE: Final = _READ.format(document=f"{_DOCUMENT},")
_LIST: Final = f"""
    SELECT o.id, {_DOCUMENT} FROM orders o
    WHERE {{whose}} = $1 AND o.status = ANY ($2) AND {{among}} AND ($3::uuid IS NULL OR o.id < $3)
    ORDER BY o.id DESC LIMIT $4
"""  # noqa: S608 - nothing of it comes from outside
_OF_SHOP: Final = "o.shop_id"
_OF_CUSTOMER: Final = "o.customer_id"
_TIMELINE: Final = """
    SELECT kind, from_status, to_status, instant(at) AS at, by, reason
    FROM events WHERE order_id = $1 ORDER BY shop_seq
"""
_ABANDONED: Final = """
    SELECT id, shop_id, status, version FROM orders
    WHERE is_active AND updated_at < $1 ORDER BY updated_at LIMIT $2
"""

_REFUSALS: Final[dict[str, type[errors.Refusal]]] = {
    refusal.code: refusal
    for refusal in (
        errors.NotFound,
        errors.Unauthenticated,
        errors.ShopPaused,
        errors.ItemUnavailable,
        errors.TotalChanged,
        errors.TooManyOpenOrders,
        errors.OutOfStock,
    )
}


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """An order as clients see it: `text` is JSON of the shape of `schemas.Order`."""

    id: UUID
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders of a list, as JSON texts; `last` is the one to go on behind, None at the end."""

    texts: list[str]
    last: UUID | None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Event frames of a shop's feed, as JSON texts, with the feed's epoch and head."""

    frames: list[str]
    epoch: str
    head: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken, 0 for any number: open orders of a customer at a shop, addresses that staff give an hour."""

    open_orders: int = 0
    staff_emails: int = 0


async def place(
    db: Database, customer: UUID, shop: UUID | str, wanted: OrderNew, *, key: str | None, limits: Limits
) -> OrderDocument:
    """Place an order: take its stock, allot its number and tell of it, in one transaction.

    With a key that was used for the same order before, that order as it is now.

    Raises:
        NotFound: there is no such shop.
        Unauthenticated: the customer's account has just been erased.
        IdempotencyKeyReused: the key stands for another order.
        Invalid: an `email` from somebody who is not of the shop's staff.
        ShopPaused, ItemUnavailable, TotalChanged, TooManyOpenOrders, OutOfStock: as things stand, in this order.
        RateLimited: the shop's staff have placed too many orders for e-mail addresses within an hour.
        Unavailable: the database is away, or too much is going on.
    """
    lines = wanted.joined()
    # By its id, whatever it was named by: all of a shop's orders wait for the same turn.
    shop_id = shop if isinstance(shop, UUID) else (await rights.at_shop(db, shop, None)).shop_id
    outcome = await db.call(
        _PLACE,
        new_id(),
        shop_id,
        customer,
        [line.item_id for line in lines],
        [line.quantity for line in lines],
        [line.note for line in lines],
        wanted.note,
        wanted.pickup_name,
        wanted.email,
        wanted.expected_total_minor,
        key,
        None if key is None else _hash(wanted),
        limits.open_orders,
        limits.staff_emails,
        shop=str(shop_id),
    )
    if outcome.code == RateLimited.code:
        raise _too_many_emails(outcome, limits.staff_emails)
    if outcome.code not in ("placed", "repeated"):
        raise _refusal(outcome)
    return _document(outcome)


async def move(
    db: Database,
    user: UUID,
    order_id: UUID,
    wanted: OrderMove,
    *,
    recall: timedelta,
    hold: timedelta,
    matches: Callable[[int], bool] | None = None,
) -> OrderDocument:
    """Move an order, or leave it where it stands already; the e-mails that follow from it are queued with it.

    `hold` is how long the one that tells of a ready order is held back.
    `matches` tells of a version whether the client wants to change it (If-Match).

    Raises:
        NotFound: there is no such order for this person.
        Forbidden, ReasonRequired, InvalidTransition: as `lifecycle.check` does.
        VersionMismatch: the order's version is not one that the client wants to change.
        OutOfStock: a recall would need stock that is not there any more.
        Unavailable: the database is away, or too much is going on.
    """
    for _ in range(MISSES):
        row = await _readable(db, _STANDING, user, order_id)
        asker = Asker(is_customer=row["is_customer"], is_staff=row["is_staff"])
        standing = _standing(row)
        if wanted.status != standing.status:
            lifecycle.check_right(asker, wanted.status)
            if matches is not None and not matches(row["version"]):
                raise VersionMismatch
        decided = lifecycle.check(standing, asker, wanted.status, wanted.reason, datetime.now(UTC), recall)
        if decided is None:
            row = await _readable(db, _WHOLE, user, order_id)
            if row["status"] == wanted.status:
                return OrderDocument(order_id, row["version"], row["document"])
            continue
        outcome = await _move(db, row, decided, standing.trail, user, wanted.reason, hold)
        if outcome.code == "moved":
            return _document(outcome)
        if outcome.code != "missed":
            raise _refusal(outcome)
    raise Unavailable("Too many are moving this order at once.")


async def get(db: Database, user: UUID, order_id: UUID) -> OrderDocument:
    """An order, for its customer and its shop's staff.

    Raises:
        NotFound: there is no such order for this person.
    """
    row = await _readable(db, _WHOLE, user, order_id)
    return OrderDocument(order_id, row["version"], row["document"])


async def of_shop(
    db: Database, user: UUID, shop: UUID | str, *, status: str | None, behind: UUID | None, limit: int
) -> Page:
    """A shop's orders for its staff, newest first, those behind a given one.

    Raises:
        NotFound: there is no such shop.
        Forbidden: the person is not of its staff.
    """
    shop_id = await rights.staffed_shop(db, shop, user)
    return await _page(db, _OF_SHOP, shop_id, status, behind, limit)


async def of_customer(db: Database, user: UUID, *, status: str | None, behind: UUID | None, limit: int) -> Page:
    """The orders that somebody placed, newest first, those behind a given one."""
    return await _page(db, _OF_CUSTOMER, user, status, behind, limit)


async def timeline(db: Database, user: UUID, order_id: UUID) -> Timeline:
    """What happened to an order, oldest first, for its customer and its shop's staff.

    Raises:
        NotFound: there is no such order for this person.
    """
    await _readable(db, _STANDING, user, order_id)
    rows = await db.fetch(_TIMELINE, order_id)
    return Timeline(
        data=[
            TimelineEvent.model_validate(
                {
                    "event": row["kind"],
                    "from": row["from_status"],
                    "to": row["to_status"],
                    "at": row["at"],
                    "by": row["by"],
                    "reason": row["reason"],
                }
            )
            for row in rows
        ]
    )


async def shop_events(db: Database, user: UUID, shop: UUID | str, *, after: int, limit: int) -> FeedPage:
    """A shop's feed after a seq, for its staff, oldest first; reading consumes nothing.

    Raises:
        NotFound: there is no such shop.
        Forbidden: the person is not of its staff.
    """
    shop_id = await rights.staffed_shop(db, shop, user)
    row = (await db.fetch("SELECT epoch, head FROM feeds WHERE id = $1", shop_id))[0]
    events: list[Event] = await read(db, Position(shop_id, row["epoch"], after), of_customer=False, limit=limit)
    texts = [text for event in events if (text := frame(event, "shop")) is not None]
    return FeedPage(texts, row["epoch"], max(row["head"], events[-1].shop.seq if events else 0))


async def close_abandoned(db: Database, now: datetime) -> int:
    """Close the orders that nobody has touched for 48 h, without mails; returns how many."""
    closed = 0
    for row in await db.fetch(_ABANDONED, now - ABANDONED_AFTER, CLOSED_AT_ONCE):
        decided = lifecycle.closing(row["status"])
        if decided is not None:
            reason = ABANDONED if decided.to == "cancelled" else None
            closed += (await _move(db, row, decided, None, None, reason, timedelta())).code == "moved"
    return closed


async def _readable(db: Database, statement: str, user: UUID, order_id: UUID) -> asyncpg.Record:
    rows = await db.fetch(statement, order_id, user)
    if not rows or not (rows[0]["is_customer"] or rows[0]["is_staff"]):
        raise NotFound
    return rows[0]


async def _move(
    db: Database,
    row: asyncpg.Record,
    decided: Move,
    trail: tuple[lifecycle.Status, ...] | None,
    user: UUID | None,
    reason: str | None,
    hold: timedelta,
) -> Outcome:
    # What the system closes cannot be recalled: it leaves no trail.
    after: tuple[lifecycle.Status, ...] = ()
    if trail is not None:
        after = trail[:-1] if decided.is_recall else (*trail, row["status"])
    values = (row["id"], row["version"], decided.to, list(after), decided.is_recall, decided.by, user, reason, hold)
    return await db.call(_MOVE, *values, shop=str(row["shop_id"]))


async def _page(db: Database, whose: str, of: UUID, status: str | None, behind: UUID | None, limit: int) -> Page:
    statuses = lifecycle.ACTIVE if status == "active" else (status,) if status else lifecycle.STATUSES
    statement = _LIST.format(whose=whose, among=_among(statuses))
    rows = await db.fetch(statement, of, list(statuses), behind, limit + 1)
    shown = rows[:limit]
    return Page([row["document"] for row in shown], shown[-1]["id"] if len(rows) > limit else None)


def _among(statuses: Sequence[str]) -> str:
    """The condition of the index that holds few but these, so that no years of other orders are looked through."""
    if set(statuses) <= set(lifecycle.ACTIVE):
        return "o.is_active"
    return "o.cancelled_at IS NOT NULL" if list(statuses) == ["cancelled"] else "true"


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(row["status"], tuple(row["trail"]), row["cancelled_by"], row["updated_at"])


def _document(outcome: Outcome) -> OrderDocument:
    order: dict[str, Any] = json.loads(outcome.document)
    return OrderDocument(UUID(order["id"]), order["version"], outcome.document)


def _refusal(outcome: Outcome) -> errors.Refusal:
    if outcome.code == "email_not_allowed":
        detail = "Only the shop's own staff may order for somebody else."
        return Invalid(errors=[fault("/email", detail)])
    if outcome.code == IdempotencyKeyReused.code:
        return IdempotencyKeyReused()
    extra = outcome.extra
    if outcome.code != OutOfStock.code and "items" in extra:
        # One item may stand in several lines, with other notes.
        extra = {"items": list({item["item_id"]: item for item in extra["items"]}.values())}
    return _REFUSALS[outcome.code](**extra)


def _too_many_emails(outcome: Outcome, limit: int) -> RateLimited:
    detail = (
        f"The staff of this shop have ordered for {limit:,} e-mail addresses within an hour, as many as they may: "
        "place this order without `email`, or try again later."
    )
    return RateLimited(detail, retry_after_s=outcome.extra["retry_after_s"])


def _hash(wanted: OrderNew) -> bytes:
    canonical = wanted.model_dump(mode="json", exclude={"lines"})
    canonical["lines"] = sorted([str(line.item_id), line.note or "", line.quantity] for line in wanted.joined())
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).digest()
