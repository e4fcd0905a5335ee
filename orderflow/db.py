"""The way to the database: transactions, reads, retries and timeouts. Nothing else commits.

Writes are steps that may run again: a deadlock, a serialisation failure or a lock time-out rolls the whole transaction
back and tries it anew. What a transaction has told its `events` is announced after its COMMIT, and only then.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection

from orderflow import pool
from orderflow.counts import Counts
from orderflow.errors import Refusal, Unavailable
from orderflow.frames import Event, event_of
from orderflow.pool import Lent, Turn

T = TypeVar("T")
Announce: TypeAlias = Callable[[Sequence[Event]], None]

ATTEMPTS: Final = 4
# An attempt that begins later than this would keep its caller waiting for longer than 5 s.
RETRY_WITHIN_S: Final = 3.0
POOL_SIZE: Final = 8
HOT_WRITES: Final = 8
HOT_READS: Final = 4
CONNECT_S: Final = 3.0
COMMAND_S: Final = 7.0
TURN_WAIT_S: Final = 3.0
QUIET_S: Final = 60.0
SERVER_SETTINGS: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    # Documents hold days as text.
    "datestyle": "ISO",
}
TRANSACTION_TIMEOUT: Final = "10s"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a step works with: its connection, and the events that its COMMIT makes visible."""

    connection: AsyncConnection
    events: list[Event] = field(default_factory=list)

    async def execute(self, statement: Executable, *values: Any) -> CursorResult[Any]:
        """Run one Core statement in this transaction."""
        return await self.connection.execute(statement, *values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a hot function answered: `extra` is data of a refusal, `document` the JSON of what there is now."""

    code: str
    extra: dict[str, Any]
    document: str


class Database:
    """One PostgreSQL database, for the life of the process."""

    def __init__(self, url: str, announce: Announce, counts: Counts | None = None) -> None:
        self._announce = announce
        self._counts = counts or Counts()
        self._engine = create_async_engine(
            url,
            pool_size=POOL_SIZE + HOT_WRITES + HOT_READS,
            max_overflow=0,
            pool_timeout=pool.WAIT_S,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_S, "command_timeout": COMMAND_S, "server_settings": SERVER_SETTINGS},
        )
        event.listen(self._engine.sync_engine, "connect", _limit_transactions)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writers = Lent(self._lend, HOT_WRITES, self._counts.pool_waits.of("writers"))
        self._readers = Lent(self._lend, HOT_READS, self._counts.pool_waits.of("readers"))
        self._shop_turns: dict[str, Turn] = {}
        self._writes: set[asyncio.Task[Any]] = set()
        # By SQLSTATE, until when it is not told loudly again what is missing.
        self._quiet_until: dict[str, float] = {}

    async def close(self) -> None:
        """Wait for the writes under way and give all connections back."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=COMMAND_S)
        self._writers.drop_all()
        self._readers.drop_all()
        await self._engine.dispose()

    async def run(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a step as one transaction, commit, and announce its events.

        The step may run up to four times; what it raises rolls back. A caller that is cancelled does not cancel it.

        Raises:
            Unavailable: the database is away, or lacks a table, or others held the same rows for too long. Where the
                connection was lost during COMMIT, the change may have happened.
        """
        return await self._shielded(self._counted("run", lambda: self._retried(lambda: self._transaction(step))))

    async def call(self, statement: str, *values: Any, shop: str) -> Outcome:
        """Call a function of the hot path as one transaction of one round trip, and announce its events.

        `shop` names whose turn it is: one shop takes at most half of the connections.

        Raises:
            Unavailable: as `run` does.
        """
        return await self._shielded(
            self._counted("call", lambda: self._in_turn(shop, lambda: self._call(statement, values)))
        )

    async def read(self, step: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a step that only reads; each of its statements sees its own snapshot.

        Raises:
            Unavailable: the database is away.
        """

        async def connected() -> T:
            async with self._connected(self._autocommit.connect()) as connection:
                return await step(connection)

        return await self._counted("read", lambda: self._retried(connected, lost_too=True))

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Read by one statement, in one round trip: one snapshot.

        Raises:
            Unavailable: the database is away.
        """

        async def fetched() -> list[asyncpg.Record]:
            async with self._readers.one() as connection:
                rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
                return rows

        return await self._counted("fetch", lambda: self._retried(fetched, lost_too=True))

    async def _transaction(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._connected(self._engine.connect()) as connection:
            transaction = Transaction(connection)
            async with connection.begin():
                result = await step(transaction)
        self._tell(transaction.events)
        return result

    async def _call(self, statement: str, values: Sequence[Any]) -> Outcome:
        async with self._writers.one() as connection:
            row = await connection.fetchrow(statement, *values)
        if row is None:
            raise RuntimeError("a function of the hot path answered nothing")
        code, extra, document, told = row
        if told:
            # The last is the order's own event; its document is not sent twice.
            own = len(told) - 1
            self._tell([event_of(fields, document if n == own else None) for n, fields in enumerate(told)])
        return Outcome(code, extra or {}, document)

    def _tell(self, events: Sequence[Event]) -> None:
        try:
            if events:
                self._announce(events)
        except Exception:
            # It is committed: the boards find it by themselves, and the caller has to hear that it worked.
            logger.exception("could not announce events")

    async def _counted(self, kind: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, and count how long it took and what became of it."""
        began = time.perf_counter()
        outcome = "failed"
        try:
            result = await work()
            outcome = "done"
        except Unavailable:
            outcome = "unavailable"
            raise
        except Refusal:
            outcome = "refused"
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._counts.transactions.of(kind, outcome).add()
            self._counts.transaction_times.of(kind).observe(time.perf_counter() - began)
        return result

    async def _in_turn(self, shop: str, attempt: Callable[[], Awaitable[T]]) -> T:
        began = asyncio.get_running_loop().time()
        turn = self._shop_turns.setdefault(shop, Turn(HOT_WRITES // 2))
        turn.waiting += 1
        try:
            await pool.acquire(turn.free, TURN_WAIT_S, self._counts.turn_waits)
        except TimeoutError as error:
            raise Unavailable("Too much is going on at this shop: try again.") from error
        else:
            try:
                return await self._retried(attempt, began=began)
            finally:
                turn.free.release()
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._shop_turns.pop(shop, None)

    async def _retried(
        self, attempt: Callable[[], Awaitable[T]], *, lost_too: bool = False, began: float | None = None
    ) -> T:
        began = asyncio.get_running_loop().time() if began is None else began
        for number in range(1, ATTEMPTS + 1):
            try:
                return await attempt()
            except pool.ERRORS as error:
                verdict = pool.verdict(error)
                if verdict is None:
                    raise
                if verdict == "lacking":
                    self._complain(error)
                    raise Unavailable from error
                is_late = asyncio.get_running_loop().time() - began > RETRY_WITHIN_S
                if is_late or number == ATTEMPTS or (verdict == "away" and not (lost_too and number == 1)):
                    logger.warning("the database did not do it: %s (attempt %d)", pool.name(error), number)
                    raise Unavailable from error
                self._counts.retries.of(pool.cause(error)).add()
                await asyncio.sleep(random.uniform(0, 0.01 * 4**number))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    def _complain(self, error: BaseException) -> None:
        """Tell whoever runs it what the database lacks: loudly and with the place, but not for each request."""
        state, now = pool.sqlstate(error), asyncio.get_running_loop().time()
        if now < self._quiet_until.get(state, now):
            logger.warning("the database lacks something (%s): %s", state, pool.name(error))
            return
        self._quiet_until[state] = now + QUIET_S
        logger.error(
            "the database lacks what this orderflow needs, and what needs it answers 503 until it is there: is it "
            "being restored, or of another version? SQLSTATE %s, %s",
            state,
            pool.name(error),
            exc_info=error,
        )

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work, name="write")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    @asynccontextmanager
    async def _connected(self, opening: AsyncConnection) -> AsyncIterator[AsyncConnection]:
        began = time.perf_counter()
        try:
            connection = await opening
        finally:
            self._counts.pool_waits.of("engine").observe(time.perf_counter() - began)
        try:
            yield connection
        except TimeoutError:
            # A server that does not answer would not answer a ROLLBACK either.
            await connection.invalidate()
            raise
        finally:
            await connection.close()

    async def _lend(self) -> PoolProxiedConnection:
        try:
            return await self._engine.raw_connection()
        except AsyncAdapt_asyncpg_dbapi.Error as error:
            # Below the engine the driver's errors come in SQLAlchemy's wrapping, but not as its DBAPIError.
            raise error.__cause__ or error from None


def _limit_transactions(connection: Any, _record: object) -> None:
    driver: asyncpg.Connection = connection.driver_connection
    if driver.get_server_version().major >= 17:
        connection.run_async(lambda c: c.execute(f"SET transaction_timeout = '{TRANSACTION_TIMEOUT}'"))
