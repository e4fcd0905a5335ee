"""The outbox as a person reads it: what waits, what failed, what was given up; and putting that back."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from orderflow.db import Database, Transaction
from orderflow.outbox import KEY_LIFETIME, STATES, State

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
_AGAIN: Final = text("""
    WITH put_back AS (
        SELECT id,
               payload IS NOT NULL AND claimed_at < clock_timestamp() - CAST(:key_lifetime AS interval) AS is_forgotten
        FROM outbox WHERE state = 'given_up' AND (id = ANY (:ids) OR :all) AND recipient IS NOT NULL FOR UPDATE
    )
    UPDATE outbox x
    SET state = 'waiting', due_at = clock(), attempts = 0, retry_at = NULL, leased_until = NULL, settled_at = NULL,
        payload = CASE WHEN p.is_forgotten THEN NULL ELSE x.payload END,
        claimed_at = CASE WHEN p.is_forgotten THEN NULL ELSE x.claimed_at END
    FROM put_back p WHERE x.id = p.id
    RETURNING x.id, p.is_forgotten
""")


async def report(db: Database, state: State | None) -> list[str]:
    """The lines of a report: how many there are of each state, then those of one state, or all that wait or failed."""
    counts = {row["state"]: row for row in await db.fetch(_COUNTS)}
    states = ["waiting", "given_up"] if state is None else [state]
    rows = await db.fetch(_LISTED, states, SHOWN)
    more = sum(counts[each]["number"] for each in states if each in counts) - len(rows)
    lines = [", ".join(_counted(each, counts.get(each)) for each in STATES)]
    if rows:
        lines += ["", *_table([HEADINGS, *(_cells(row) for row in rows)])]
    return [*lines, f"and {more} more"] if more > 0 else lines


async def send_again(db: Database, ids: Sequence[UUID] | None) -> tuple[set[UUID], set[UUID]]:
    """Put back what was given up: these, or all for None.

    Returns those that were put back, and of them those that may have been accepted under a key that Resend has
    forgotten since, so that they may arrive twice.
    """

    async def step(transaction: Transaction) -> tuple[set[UUID], set[UUID]]:
        values = {"ids": list(ids or ()), "all": ids is None, "key_lifetime": KEY_LIFETIME}
        rows = (await transaction.execute(_AGAIN, values)).all()
        return {row.id for row in rows}, {row.id for row in rows if row.is_forgotten}

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
