"""The ordered streams of events of shops and of customers: append, read after a seq, heads, and states at a seq.

A feed's row stays locked from the append to the COMMIT, so the events that can be seen are a prefix without holes.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import text

from orderflow.db import Database, Transaction
from orderflow.frames import Event, Position, View, event_of, snapshot

FINISHED_SHOWN: Final = 100

_APPEND: Final = text("SELECT append_to_shop(:shop, :kind, :item, :actor, CAST(:document AS text))")
_OPEN: Final = text("INSERT INTO feeds (id, epoch, head, menu_seq, number) VALUES (:id, :epoch, 0, 0, 0)")
# Waits for the writers under way, and has those who come wait: locked row by row, it could deadlock with them.
_LOCK: Final = text("LOCK TABLE feeds IN EXCLUSIVE MODE")
_RENEW: Final = text("UPDATE feeds SET epoch = :epoch")
# Above all that the shop has called in its last five weeks: what it called since the backup is not known.
_NUMBER_ON: Final = text("""
    UPDATE feeds f SET day = greatest(f.day, CAST(clock() AT TIME ZONE s.time_zone AS date)),
        number = 100 * ceil(greatest(1, f.number, (
            SELECT max(o.number) FROM orders o WHERE o.shop_id = f.id AND o.business_day > f.day - 35)) / 100.0)
    FROM shops s WHERE s.id = f.id
""")
_HEADS: Final = "SELECT id, epoch, head FROM feeds WHERE id = ANY ($1)"
# Of the same snapshot, and each asked once for all feeds.
_LOOK: Final = """
    SELECT id, epoch, head, EXISTS (SELECT FROM users WHERE erased_at > now() - make_interval(secs => $2))
        OR EXISTS (SELECT FROM late_erasures WHERE done_at > now() - make_interval(secs => $2)) AS was_erased
    FROM feeds WHERE id = ANY ($1)
"""

_EVENTS: Final = """
    SELECT e.kind, instant(e.at) AS at, e.shop_id, e.shop_seq, e.customer_id, e.customer_seq, e.from_status,
           e.to_status, e.by, e.reason, o.business_day, o.number,
           CASE WHEN o.id IS NULL THEN e.state::text
                ELSE order_document(o, e.state, order_lines_document(o.id)) END AS document
    FROM events e LEFT JOIN orders o ON o.id = e.order_id
    WHERE EXISTS (SELECT FROM feeds f WHERE f.id = $1 AND f.epoch = $4)
"""
_AFTER_IN_SHOP: Final = f"{_EVENTS} AND e.shop_id = $1 AND e.shop_seq > $2 ORDER BY e.shop_seq LIMIT $3"
_AFTER_IN_CUSTOMER: Final = f"{_EVENTS} AND e.customer_id = $1 AND e.customer_seq > $2 ORDER BY e.customer_seq LIMIT $3"

_ORDERS: Final = "'[' || coalesce(string_agg(order_document(o), ',' ORDER BY o.id), '') || ']'"
_ITEMS: Final = """(SELECT '[' || coalesce(string_agg(item_document(i), ',' ORDER BY i.position, i.id), '') || ']'
    FROM items i WHERE i.shop_id = f.id AND NOT i.archived) AS items"""
_SHOP: Final = "(SELECT shop_document(s) FROM shops s WHERE s.id = f.id) AS shop"
_ACTIVE: Final = "is_active"
# The last change of what is finished; not updated_at, which would take the moves before that out of HOT if indexed.
_FINISHED_AT: Final = "coalesce(d.picked_up_at, d.cancelled_at)"

# One statement each: one snapshot of the database, so that the parts and the seq belong together.
_SNAPSHOTS: Final[dict[View, str]] = {
    "shop": f"""SELECT f.epoch, f.head, instant(clock()) AS at, {_SHOP},
        (SELECT {_ORDERS} FROM orders o WHERE o.shop_id = f.id AND o.{_ACTIVE}) AS orders, {_ITEMS}
        FROM feeds f WHERE f.id = $1""",  # noqa: S608
    "menu": f"SELECT f.epoch, f.head, instant(clock()) AS at, {_SHOP}, {_ITEMS} FROM feeds f WHERE f.id = $1",  # noqa: S608
    "pickup": """SELECT f.epoch, f.head, instant(clock()) AS at,
        (SELECT '{"id":"' || s.id || '","slug":"' || s.slug || '","name":' || quoted(s.name) || '}'
         FROM shops s WHERE s.id = f.id) AS shop,
        (SELECT '[' || coalesce(string_agg(
             '{"day":"' || o.business_day || '","number":' || o.number || ',"status":"' || o.status || '"}',
             ',' ORDER BY o.id), '') || ']'
         FROM orders o WHERE o.shop_id = f.id AND o.is_active AND o.status IN ('preparing', 'ready')) AS orders
        FROM feeds f WHERE f.id = $1""",
    "customer": f"""SELECT f.epoch, f.head, instant(clock()) AS at,
        (SELECT {_ORDERS} FROM orders o WHERE o.id IN (
            SELECT a.id FROM orders a WHERE a.customer_id = f.id AND a.{_ACTIVE}
            UNION ALL (
                SELECT d.id FROM orders d
                WHERE d.customer_id = f.id AND NOT d.{_ACTIVE} AND {_FINISHED_AT} > now() - interval '24 hours'
                ORDER BY {_FINISHED_AT} DESC LIMIT {FINISHED_SHOWN}))) AS orders
        FROM feeds f WHERE f.id = $1""",  # noqa: S608
}


@dataclass(frozen=True, slots=True)
class Look:
    """Where feeds are now, those that exist; and whether somebody's words were erased lately, from any event."""

    heads: dict[UUID, Position]
    was_erased: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a view at a seq, as the text of its frame."""

    epoch: str
    seq: int
    text: str


async def open_feed(transaction: Transaction, feed: UUID) -> None:
    """Begin the feed of a new shop or customer, in the transaction that makes it."""
    await transaction.execute(_OPEN, {"id": feed, "epoch": secrets.token_hex(4)})


async def append(transaction: Transaction, shop: UUID, actor: UUID, document: str, item: UUID | None = None) -> None:
    """Append the change of a shop, or of one of its items, to the shop's feed; the last statement before COMMIT.

    `document` is the shop or the item as it is after the change, as JSON text.
    """
    kind = "shop" if item is None else "item"
    values = {"shop": shop, "kind": kind, "item": item, "actor": actor, "document": document}
    fields = (await transaction.execute(_APPEND, values)).scalar_one()
    transaction.events.append(event_of(fields))


async def renew(transaction: Transaction) -> int:
    """Make all positions worthless, by a new epoch; return how many feeds there are. Nothing is appended meanwhile."""
    await transaction.execute(_LOCK)
    return int((await transaction.execute(_RENEW, {"epoch": secrets.token_hex(8)})).rowcount)


async def number_on(transaction: Transaction) -> None:
    """Let today's numbers go on above a round hundred at every shop, so that those that were lost are not repeated."""
    await transaction.execute(_NUMBER_ON)


async def heads(db: Database, wanted: Iterable[UUID]) -> dict[UUID, Position]:
    """Where the feeds are now; those that do not exist are absent."""
    return _positions(await db.fetch(_HEADS, list(wanted)))


async def look(db: Database, wanted: Iterable[UUID], erased_within_s: float) -> Look:
    """Where the feeds are now, and whether words were erased within the last so many seconds: what is remembered may
    hold them, what is read anew does not."""
    rows = await db.fetch(_LOOK, list(wanted), erased_within_s)
    return Look(_positions(rows), any(row["was_erased"] for row in rows))


def _positions(rows: Iterable[asyncpg.Record]) -> dict[UUID, Position]:
    return {row["id"]: Position(row["id"], row["epoch"], row["head"]) for row in rows}


async def read(db: Database, feed: Position, *, of_customer: bool, limit: int) -> list[Event]:
    """The events after a position, oldest first; none if the feed has another epoch by now: their seqs mean others."""
    statement = _AFTER_IN_CUSTOMER if of_customer else _AFTER_IN_SHOP
    rows = await db.fetch(statement, feed.feed, feed.seq, limit, feed.epoch)
    return [
        Event(
            kind=row["kind"],
            at=row["at"],
            shop=Position(row["shop_id"], feed.epoch, row["shop_seq"]),
            document=row["document"],
            customer=row["customer_id"] and Position(row["customer_id"], feed.epoch, row["customer_seq"]),
            from_status=row["from_status"],
            to_status=row["to_status"],
            by=row["by"],
            reason=row["reason"],
            day=row["business_day"] and row["business_day"].isoformat(),
            number=row["number"],
        )
        for row in rows
    ]


async def snapshot_of(db: Database, view: View, feed: UUID) -> Snapshot | None:
    """The state of a view right now, with the seq that it belongs to; None without such a feed."""
    rows = await db.fetch(_SNAPSHOTS[view], feed)
    if not rows:
        return None
    epoch, seq, at, *_ = rows[0]
    parts = {name: value for name, value in rows[0].items() if name not in ("epoch", "head", "at")}
    return Snapshot(epoch, seq, snapshot(epoch, seq, at, **parts))
