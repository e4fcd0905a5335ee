"""E-mails to send: which one is next, and what became of it.

They are queued by `move_order`, in the transaction of the move. A worker claims one for a while, so that another sends
it should that worker die. Its words are fixed from the claim until it is certain that no attempt was accepted: what
may have gone out under a key is never followed by other words. Knows nothing of how letters leave.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import JSON, Row, bindparam, text

from orderflow import turns
from orderflow.db import Database, Transaction
from orderflow.ids import first_id_at
from orderflow.letters import Kind, Letter
from orderflow.turns import FIRST, FREE, READY

State: TypeAlias = Literal["waiting", "sent", "withdrawn", "given_up"]
# Writes the letter of an order: its kind, the order document, to whom, and whom an answer goes to.
Write: TypeAlias = Callable[[Kind, dict[str, Any], str, str | None], Letter]

logger = logging.getLogger(__name__)

STATES: Final[tuple[State, ...]] = ("waiting", "sent", "withdrawn", "given_up")
# Longer than an attempt can take; of a worker that died, another one sends the letter after it.
LEASE: Final = timedelta(seconds=60)
# After a failure one letter at a time shows whether Resend is back: so long nobody else tries.
PROBE: Final = timedelta(seconds=15)
# Below the 24 h for which Resend knows a key: within it an attempt can be repeated without sending twice.
GIVE_UP_AFTER: Final = timedelta(hours=20)
KEY_LIFETIME: Final = timedelta(hours=24)
# What was sent, withdrawn or given up is kept for so long, with its address.
KEPT: Final = timedelta(days=90)
# So many are given up or removed at once: a statement has 5 s, and letters that are due do not wait for it.
AT_ONCE: Final = 500
# All letters wait for at most so long between attempts while none can be sent.
LONGEST_PAUSE_S: Final = 30
# So many failures in a row, whatever the letter, are an outage.
OUTAGE: Final = 3
# A claim looks at the letters of so many owners at most, and the next one goes on behind them: so its cost is bounded.
OWNERS_SEEN: Final = 200
# A little slower than the rate, so that a delay on the way does not make two of them arrive too close together.
MARGIN: Final = 1.05

_LOOK: Final = f"""
    SELECT (SELECT true FROM outbox WHERE {READY} {FIRST}) IS NOT NULL AS is_due,
           (SELECT true FROM outbox WHERE {FREE} AND due_at <= statement_timestamp() - $1::interval {FIRST})
               IS NOT NULL AS is_late,
           extract(epoch FROM greatest(next_at, probing_until) - clock_timestamp())::float8 AS turn_s
    FROM mail_rate
"""  # noqa: S608 - nothing of it comes from outside
_TURN: Final = text("""
    SELECT greatest(next_at, probing_until) <= clock_timestamp() AS is_free, failures > 0 AS is_failing
    FROM mail_rate FOR UPDATE
""")
_TAKE_TURN: Final = text("""
    UPDATE mail_rate
    SET next_at = clock_timestamp() + CAST(:spacing AS interval),
        probing_until = CASE WHEN failures > 0 THEN clock_timestamp() + CAST(:probe AS interval) END
""")
_CLAIM: Final = """
    WITH RECURSIVE {next}, turn AS (
        INSERT INTO mail_turns SELECT owner_id, clock_timestamp() FROM next
        ON CONFLICT (owner_id) DO UPDATE SET claimed_at = excluded.claimed_at
    )
    UPDATE outbox x
    SET leased_until = clock_timestamp() + CAST(:lease AS interval), attempts = x.attempts + 1,
        claimed_at = coalesce(x.claimed_at, clock_timestamp())
    FROM next, orders o, shops s
    WHERE x.id = next.id AND o.id = x.order_id AND s.id = o.shop_id
    RETURNING x.id, x.kind, x.recipient, x.attempts, x.leased_until, x.claimed_at, x.payload,
              CASE WHEN x.payload IS NULL THEN order_document(o) END AS document, s.email AS reply_to
"""
_CLAIM_IN_TURN: Final = text(_CLAIM.format(next=turns.IN_TURN))
_CLAIM_TRIED: Final = text(_CLAIM.format(next=turns.TRIED_LONGEST_AGO))
_FIX: Final = text("UPDATE outbox SET payload = :payload WHERE id = :id").bindparams(bindparam("payload", type_=JSON))
_HELD: Final = "SELECT FROM outbox WHERE id = $1 AND leased_until = $2 AND state = 'waiting'"
_SENT: Final = text("""
    UPDATE outbox
    SET state = 'sent', settled_at = clock(), sent_as = :sent_as, leased_until = NULL, retry_at = NULL, payload = NULL,
        error = NULL
    WHERE id = :id AND state <> 'sent'
""")
_IS_ERASED: Final = text("SELECT recipient IS NULL FROM outbox WHERE id = :id")
_NOT_SENT: Final = text("""
    UPDATE outbox
    SET leased_until = NULL, retry_at = clock_timestamp() + CAST(:alone AS interval),
        error = coalesce(CAST(:error AS text), error),
        payload = CASE WHEN :unfix THEN NULL ELSE payload END,
        claimed_at = CASE WHEN :unfix THEN NULL ELSE claimed_at END,
        state = CASE WHEN state = 'waiting' AND :is_final THEN 'given_up' ELSE state END,
        settled_at = CASE WHEN state = 'waiting' AND :is_final THEN clock() ELSE settled_at END
    WHERE id = :id AND leased_until = :leased_until AND state <> 'sent'
""")
_PAUSE: Final = text("""
    UPDATE mail_rate
    SET failures = failures + 1, probing_until = NULL,
        next_at = greatest(next_at, clock_timestamp() + greatest(
            make_interval(secs => least(:longest, power(2, least(failures, 10))) * :jitter), :wait))
""")
_WORKS: Final = text("""
    UPDATE mail_rate m SET failures = 0, probing_until = NULL
    FROM (SELECT failures FROM mail_rate WHERE failures > 0 FOR UPDATE) was RETURNING was.failures
""")
_LET_GO: Final = text("UPDATE mail_rate SET probing_until = NULL WHERE probing_until IS NOT NULL")
# Once only: else letters that fail by themselves would pass for an outage again and again, and go before all others.
_AFTER_OUTAGE: Final = text("""
    UPDATE outbox SET retry_at = NULL, excused_at = clock()
    WHERE state = 'waiting' AND retry_at IS NOT NULL AND excused_at IS NULL
""")
_GIVE_UP: Final = text(f"""
    UPDATE outbox
    SET state = 'given_up', settled_at = clock(), error = 'not sent within 20 h' || coalesce('; at last: ' || error, '')
    WHERE id IN (
        SELECT id FROM outbox WHERE {FREE} AND due_at <= statement_timestamp() - CAST(:late AS interval)
        ORDER BY due_at, id LIMIT :at_once FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")  # noqa: S608 - nothing of it comes from outside
# By the ids, which begin with when a letter was first queued: no index of its own has to be kept for it.
_OUTDATED: Final = "SELECT id FROM outbox WHERE id < $1 AND settled_at < $2 ORDER BY id LIMIT $3"
_REMOVE: Final = text("DELETE FROM outbox WHERE id = ANY (:ids) AND settled_at < :before")


@dataclass(frozen=True, slots=True)
class Claim:
    """A letter that is ours to send until `leased_until`; `is_fresh`: no earlier attempt can have been accepted."""

    id: UUID
    kind: Kind
    letter: Letter
    attempt: int
    is_fresh: bool
    claimed_at: datetime
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Setback:
    """What follows from an attempt that was not accepted; `error` says why, None where it was let go.

    `is_certain`: Resend does not have it. `alone_s`: this letter waits for so long. `pause_s`: all do, at least so long
    and longer from time to time; None for not at all. `jitter` is a share of the longer wait.
    """

    error: str | None
    is_final: bool = False
    is_certain: bool = False
    alone_s: float | None = None
    pause_s: float | None = None
    jitter: float = 1.0


UNREADABLE: Final = Setback("cannot be made; the log says why", alone_s=300.0)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at the outbox shows; `turn_s` is when the rate allows the next letter, 0 for now."""

    is_due: bool
    is_late: bool
    turn_s: float


async def look(db: Database) -> Sight:
    """See whether something is to be done, in one cheap read."""
    row = (await db.fetch(_LOOK, GIVE_UP_AFTER))[0]
    return Sight(row["is_due"], row["is_late"], max(0.0, row["turn_s"]))


async def claim(db: Database, write: Write, rate: float | None) -> Claim | None:
    """Take the next letter, and with it the turn that the rate allows.

    `rate` is in letters a second over all processes, None for as fast as it goes. None where nothing is due or others
    go first, and where the letter cannot be made, which is then put off.
    """

    async def step(transaction: Transaction) -> Claim | None:
        turn = (await transaction.execute(_TURN)).one()
        if rate is not None and not turn.is_free:
            return None
        row = await _next(transaction, is_failing=turn.is_failing)
        if row is None:
            return None
        letter = _letter(row, write)
        if letter is None:
            await transaction.execute(_NOT_SENT, _values(row, UNREADABLE, unfix=row.payload is None))
            return None
        if row.payload is None:
            await transaction.execute(_FIX, {"id": row.id, "payload": asdict(letter)})
        if rate is not None:
            await transaction.execute(_TAKE_TURN, {"spacing": timedelta(seconds=MARGIN / rate), "probe": PROBE})
        return Claim(row.id, row.kind, letter, row.attempts, row.payload is None, row.claimed_at, row.leased_until)

    return await db.run(step)


async def is_wanted(db: Database, claimed: Claim) -> bool:
    """Whether it is still ours to send: not withdrawn, and not claimed by another after our time."""
    return bool(await db.fetch(_HELD, claimed.id, claimed.leased_until))


async def sent(db: Database, claimed: Claim, sent_as: str) -> bool:
    """Settle that it was accepted, which it was whatever happened to its row meanwhile.

    Returns whether its address was erased meanwhile.
    """

    async def step(transaction: Transaction) -> bool:
        # The rate before letters, as a claim does: the other way round they would wait for each other.
        failures = (await transaction.execute(_WORKS)).scalar_one_or_none() or 0
        await transaction.execute(_SENT, {"id": claimed.id, "sent_as": sent_as})
        if failures >= OUTAGE:
            # What was put off because of the outage comes in its order, not when each of them would try again.
            await transaction.execute(_AFTER_OUTAGE)
        return bool((await transaction.execute(_IS_ERASED, {"id": claimed.id})).scalar_one_or_none())

    return await db.run(step)


async def not_sent(db: Database, claimed: Claim, setback: Setback) -> None:
    """Settle that it was not accepted, unless another has claimed it after our time."""

    async def step(transaction: Transaction) -> None:
        if setback.pause_s is not None:
            values = {"longest": LONGEST_PAUSE_S, "jitter": setback.jitter, "wait": timedelta(seconds=setback.pause_s)}
            await transaction.execute(_PAUSE, values)
        else:
            await transaction.execute(_LET_GO if setback.error is None else _WORKS)
        await transaction.execute(_NOT_SENT, _values(claimed, setback, unfix=claimed.is_fresh and setback.is_certain))

    await db.run(step)


async def give_up_late(db: Database) -> list[UUID]:
    """Give up what has been due for 20 h, some of it if there is much, kept for a person to see; return which."""

    async def step(transaction: Transaction) -> list[UUID]:
        return list((await transaction.execute(_GIVE_UP, {"late": GIVE_UP_AFTER, "at_once": AT_ONCE})).scalars())

    return await db.run(step)


async def outdated(db: Database, now: datetime) -> list[UUID]:
    """Name those that were settled too long ago to be kept, some of them if there are many."""
    before = now - KEPT
    return [row["id"] for row in await db.fetch(_OUTDATED, first_id_at(before), before, AT_ONCE)]


async def remove(db: Database, ids: Sequence[UUID], now: datetime) -> int:
    """Remove those of these that are outdated; return how many."""

    async def step(transaction: Transaction) -> int:
        return (await transaction.execute(_REMOVE, {"ids": list(ids), "before": now - KEPT})).rowcount

    return await db.run(step)


async def _next(transaction: Transaction, *, is_failing: bool) -> Row[Any] | None:
    values = {"lease": LEASE, "late": GIVE_UP_AFTER}
    in_turn = values | {"seen": OWNERS_SEEN, "is_failing": is_failing}
    row = (await transaction.execute(_CLAIM_IN_TURN, in_turn)).one_or_none()
    if row is None and is_failing:
        return (await transaction.execute(_CLAIM_TRIED, values)).one_or_none()
    return row


def _letter(row: Row[Any], write: Write) -> Letter | None:
    try:
        if row.payload is not None:
            return Letter(**row.payload)
        return write(row.kind, json.loads(row.document), row.recipient, row.reply_to)
    except Exception:
        # One that cannot be made must not keep those behind it waiting.
        logger.exception("e-mail %s cannot be made", row.id)
        return None


def _values(claimed: Row[Any] | Claim, setback: Setback, *, unfix: bool) -> dict[str, Any]:
    return {
        "id": claimed.id,
        "leased_until": claimed.leased_until,
        "error": setback.error,
        "alone": None if setback.alone_s is None else timedelta(seconds=setback.alone_s),
        "unfix": unfix,
        "is_final": setback.is_final,
    }
