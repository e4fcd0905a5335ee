"""The way to the database: transactions, reads, retries and timeouts. Nothing else commits.

Writes are steps that may run again: a deadlock, a serialisation failure or a lock time-out rolls the whole transaction
back and tries it anew. What a transaction has told its `events` is announced after its COMMIT, and only then.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection

from orderflow.errors import Unavailable
from orderflow.frames import Event, event_of

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
POOL_WAIT_S: Final = 3.0
TURN_WAIT_S: Final = 3.0
SERVER_SETTINGS: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    # Documents hold days as text.
    "datestyle": "ISO",
}
TRANSACTION_TIMEOUT: Final = "10s"

_AGAIN: Final = frozenset({"40P01", "40001", "55P03"})
# Statement cancelled, shut down, crashed, starting, read-only, transaction timed out.
_AWAY: Final = frozenset({"57014", "57P01", "57P02", "57P03", "57P05", "25006", "25P03", "25P04", "3D000", "28P01"})
# What the driver raises where the connection is lost: the third is its surprise at a farewell that it did not wait for.
_LOST: Final = (OSError, PoolTimeoutError, asyncpg.InternalClientError, asyncpg.InterfaceError)
_AWAY_CLASSES: Final = ("08", "53", "58")

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

    def __init__(self, url: str, announce: Announce) -> None:
        self._announce = announce
        self._engine = create_async_engine(
            url,
            pool_size=POOL_SIZE + HOT_WRITES + HOT_READS,
            max_overflow=0,
            pool_timeout=POOL_WAIT_S,
            hide_parameters=True,
            connect_args={"timeout": CONNECT_S, "command_timeout": COMMAND_S, "server_settings": SERVER_SETTINGS},
        )
        event.listen(self._engine.sync_engine, "connect", _limit_transactions)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writers = _Lent(self._lend, HOT_WRITES)
        self._readers = _Lent(self._lend, HOT_READS)
        self._shop_turns: dict[str, _Turn] = {}
        self._writes: set[asyncio.Task[Any]] = set()

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
            Unavailable: the database is away, or others held the same rows for too long. Where the connection was lost
                during COMMIT, the change may have happened.
        """
        return await self._shielded(self._retried(lambda: self._transaction(step)))

    async def call(self, statement: str, *values: Any, shop: str) -> Outcome:
        """Call a function of the hot path as one transaction of one round trip, and announce its events.

        `shop` names whose turn it is: one shop takes at most half of the connections.

        Raises:
            Unavailable: as `run` does.
        """
        return await self._shielded(self._in_turn(shop, lambda: self._call(statement, values)))

    async def read(self, step: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a step that only reads; each of its statements sees its own snapshot.

        Raises:
            Unavailable: the database is away.
        """

        async def connected() -> T:
            async with self._connected(self._autocommit.connect()) as connection:
                return await step(connection)

        return await self._retried(connected, lost_too=True)

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Read by one statement, in one round trip: one snapshot.

        Raises:
            Unavailable: the database is away.
        """

        async def fetched() -> list[asyncpg.Record]:
            async with self._readers.one() as connection:
                rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
                return rows

        return await self._retried(fetched, lost_too=True)

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

    async def _in_turn(self, shop: str, attempt: Callable[[], Awaitable[T]]) -> T:
        began = asyncio.get_running_loop().time()
        turn = self._shop_turns.setdefault(shop, _Turn())
        turn.waiting += 1
        try:
            await _acquire(turn.free, TURN_WAIT_S)
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
            except (DBAPIError, asyncpg.PostgresError, *_LOST) as error:
                verdict = _verdict(error)
                if verdict is None:
                    raise
                is_late = asyncio.get_running_loop().time() - began > RETRY_WITHIN_S
                if is_late or number == ATTEMPTS or (verdict == "away" and not (lost_too and number == 1)):
                    logger.warning("the database did not do it: %s (attempt %d)", _name(error), number)
                    raise Unavailable from error
                await asyncio.sleep(random.uniform(0, 0.01 * 4**number))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work, name="write")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    @asynccontextmanager
    async def _connected(self, opening: AsyncConnection) -> AsyncIterator[AsyncConnection]:
        connection = await opening
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


class _Turn:
    """One shop's share of the connections for hot writes."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(HOT_WRITES // 2)
        self.waiting = 0


class _Lent:
    """Raw asyncpg connections, lent from the engine's pool for good: a checkout each time costs as much as a query."""

    def __init__(self, lend: Callable[[], Awaitable[PoolProxiedConnection]], size: int) -> None:
        self._lend = lend
        self._free = asyncio.Semaphore(size)
        self._idle: deque[PoolProxiedConnection] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Any]:
        await _acquire(self._free, POOL_WAIT_S)
        try:
            lent = self._open() or await self._lend()
            try:
                yield lent.driver_connection
            except asyncpg.PostgresError as error:
                self._keep(lent, is_well=_verdict(error) != "away")
                raise
            except asyncio.CancelledError:
                # This one may be in the middle of something; nothing is wrong with the others.
                lent.invalidate()
                raise
            except BaseException:
                self._keep(lent, is_well=False)
                raise
            else:
                self._keep(lent, is_well=True)
        finally:
            self._free.release()

    def _open(self) -> PoolProxiedConnection | None:
        while self._idle:
            lent = self._idle.pop()
            if lent.driver_connection is not None and not lent.driver_connection.is_closed():
                return lent
            lent.invalidate()
        return None

    def drop_all(self) -> None:
        while self._idle:
            self._idle.pop().invalidate()

    def _keep(self, lent: PoolProxiedConnection, *, is_well: bool) -> None:
        if is_well:
            self._idle.append(lent)
            return
        # Where one is lost the others are most likely lost too: they are thrown away, not handed out one by one.
        lent.invalidate()
        self.drop_all()


async def _acquire(free: asyncio.Semaphore, patience_s: float) -> None:
    """Take a place, with no timer where one is free."""
    if not free.locked():
        await free.acquire()
        return
    async with asyncio.timeout(patience_s):
        await free.acquire()


def _limit_transactions(connection: Any, _record: object) -> None:
    driver: asyncpg.Connection = connection.driver_connection
    if driver.get_server_version().major >= 17:
        connection.run_async(lambda c: c.execute(f"SET transaction_timeout = '{TRANSACTION_TIMEOUT}'"))


def _verdict(error: BaseException) -> str | None:
    """`again`: the same transaction may succeed; `away`: the database is not to be had; None: it is our mistake."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return "away"
        error = error.orig.__cause__ or error.orig if error.orig else error
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state in _AGAIN:
            return "again"
        return "away" if state in _AWAY or state.startswith(_AWAY_CLASSES) else None
    return "away" if isinstance(error, _LOST) else None


def _name(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause).__name__}: {cause}"[:200]
