"""The outbox as a person reads it: what waits, what failed, what was given up; and putting that back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from orderflow.db import Database, Transaction
from orderflow.outbox import KEPT, KEY_LIFETIME, STATES, State

SHOWN: Final = 100
HEADINGS: Final = ("id", "order", "e-mail", "to", "state", "due (UTC)", "attempts", "last error")

_COUNTS: Final = """
    SELECT state, count(*) AS number, count(*) FILTER (WHERE error IS NOT NULL) AS failed FROM outbox GROUP BY state
"""
_LISTED: Final = """
    SELECT x.id, o.business_day, o.number, x.kind, x.recipient, x.state, x.due_at, x.attempts, x.error
    FROM outbox x JOIN orders o ON o.id = x.order_id WHERE x.state = ANY ($1) ORDER BY x.due_at, x.id LIMIT $2
"""
# What may have been accepted keeps its words for as long as Resend knows its key; after that they are written anew.
# One whose order has moved on, or has got another one since, is not wanted any more. The order is held, so that a move
# meets the letter as it is afterwards.
_AGAIN: Final = text("""
    WITH found AS (
        SELECT x.id,
               x.payload IS NOT NULL AND x.claimed_at < clock_timestamp() - CAST(:key_lifetime AS interval)
                   AS is_forgotten,
               o.status = x.kind AND NOT EXISTS (
                   SELECT FROM outbox y WHERE y.order_id = x.order_id AND y.kind = x.kind AND y.queued_at > x.queued_at
               ) AS is_wanted
        FROM outbox x JOIN orders o ON o.id = x.order_id
        WHERE x.state = 'given_up' AND (x.id = ANY (:ids) OR :all) AND x.recipient IS NOT NULL
        FOR UPDATE OF x FOR SHARE OF o
    )
    UPDATE outbox x
    SET state = CASE WHEN f.is_wanted THEN 'waiting' ELSE 'withdrawn' END,
        settled_at = CASE WHEN NOT f.is_wanted THEN clock() END,
        due_at = CASE WHEN f.is_wanted THEN clock() ELSE x.due_at END,
        attempts = CASE WHEN f.is_wanted THEN 0 ELSE x.attempts END,
        payload = CASE WHEN f.is_forgotten THEN NULL ELSE x.payload END,
        claimed_at = CASE WHEN f.is_forgotten THEN NULL ELSE x.claimed_at END,
        retry_at = NULL, excused_at = NULL, leased_until = NULL
    FROM found f WHERE x.id = f.id
    RETURNING x.id, f.is_wanted, f.is_forgotten
""")


@dataclass(frozen=True, slots=True)
class Again:
    """What became of given-up letters that were to be sent again.

    `doubtful` are those of the ones put back that may have been accepted under a key that Resend has forgotten since,
    so that they may arrive twice; `withdrawn` those that came too late for their orders.
    """

    put_back: set[UUID]
    doubtful: set[UUID]
    withdrawn: set[UUID]


async def report(db: Database, state: State | None) -> list[str]:
    """The lines of a report: how many there are of each state, then those of one state, or all that wait or failed."""
    counts = {row["state"]: row for row in await db.fetch(_COUNTS)}
    states = ["waiting", "given_up"] if state is None else [state]
    rows = await db.fetch(_LISTED, states, SHOWN)
    more = sum(counts[each]["number"] for each in states if each in counts) - len(rows)
    waiting, *settled = (_counted(each, counts.get(each)) for each in STATES)
    lines = [f"{waiting}; of the last {KEPT.days} days: {', '.join(settled)}"]
    if rows:
        lines += ["", *_table([HEADINGS, *(_cells(row) for row in rows)])]
    return [*lines, f"and {more} more"] if more > 0 else lines


async def send_again(db: Database, ids: Sequence[UUID] | None) -> Again:
    """Put back what was given up and is still wanted: these, or all for None."""

    async def step(transaction: Transaction) -> Again:
        values = {"ids": list(ids or ()), "all": ids is None, "key_lifetime": KEY_LIFETIME}
        rows = (await transaction.execute(_AGAIN, values)).all()
        put_back = [row for row in rows if row.is_wanted]
        return Again(
            {row.id for row in put_back},
            {row.id for row in put_back if row.is_forgotten},
            {row.id for row in rows if not row.is_wanted},
        )

    return await db.run(step)


def _counted(state: str, row: Any) -> str:
    number, failed = (row["number"], row["failed"]) if row else (0, 0)
    after = f" ({failed} after a failure)" if state == "waiting" and failed else ""
    return f"{state.replace('_', ' ')} {number}{after}"


def _cells(row: Any) -> tuple[str, ...]:
    due = row["due_at"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    order = f"{row['business_day']} {row['number']}"
    address, state = shortened(row["recipient"] or "erased"), row["state"].replace("_", " ")
    kind, attempts = row["kind"].replace("_", " "), str(row["attempts"])
    return (str(row["id"]), order, kind, address, state, due, attempts, row["error"] or "")


def shortened(address: str) -> str:
    """An address as it may stand on somebody's screen: `a…@example.com`."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}…@{host}" if at else address


def _table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
