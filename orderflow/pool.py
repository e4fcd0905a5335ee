"""Connections that are lent for good, whose turn it is to use them, and what their errors mean.

Knows no statements: `db.py` runs them.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from orderflow.counts import Times

WAIT_S: Final = 3.0

# The last: what a connection remembers of a function or table was made anew, by a restore or a migration.
_AGAIN: Final = {"40P01": "deadlock", "40001": "serialization", "55P03": "lock_timeout", "XX000": "stale"}
# Table, function, constraint to conflict with, column, other object, schema, or a row that is always there: a restore
# takes them away for a while, and whoever has not migrated does not have them.
_LACKING: Final = frozenset({"42P01", "42883", "42P10", "42703", "42704", "3F000", "P0002"})
# Statement cancelled, shut down, crashed, starting, read-only, transaction timed out, renamed, not to be logged in to.
_AWAY: Final = frozenset(
    {"57014", "57P01", "57P02", "57P03", "57P05", "25006", "25P03", "25P04", "3D000", "28P01", "28000", "55000"}
)
# What the driver raises where the connection is lost: the third is its surprise at a farewell that it did not wait for.
_LOST: Final = (OSError, PoolTimeoutError, asyncpg.InternalClientError, asyncpg.InterfaceError)
_AWAY_CLASSES: Final = ("08", "53", "58")
ERRORS: Final = (DBAPIError, asyncpg.PostgresError, *_LOST)
"""All that a database can do to who asks it."""


class Turn:
    """One shop's share of the connections for hot writes."""

    def __init__(self, size: int) -> None:
        self.free = asyncio.Semaphore(size)
        self.waiting = 0


class Lent:
    """Raw asyncpg connections, lent from the engine's pool for good: a checkout each time costs as much as a query."""

    def __init__(self, lend: Callable[[], Awaitable[PoolProxiedConnection]], size: int, waits: Times) -> None:
        self._lend = lend
        self._waits = waits
        self._free = asyncio.Semaphore(size)
        self._idle: deque[PoolProxiedConnection] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Any]:
        """One of them, for one call.

        Raises:
            TimeoutError: all were busy for too long.
        """
        await acquire(self._free, WAIT_S, self._waits)
        try:
            lent = self._open() or await self._lend()
            try:
                yield lent.driver_connection
            except asyncpg.PostgresError as error:
                self._keep(lent, is_well=verdict(error) != "away")
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
        """Throw away those that nobody uses now."""
        while self._idle:
            self._idle.pop().invalidate()

    def _keep(self, lent: PoolProxiedConnection, *, is_well: bool) -> None:
        if is_well:
            self._idle.append(lent)
            return
        # Where one is lost the others are most likely lost too: they are thrown away, not handed out one by one.
        lent.invalidate()
        self.drop_all()


async def acquire(free: asyncio.Semaphore, patience_s: float, waits: Times) -> None:
    """Take a place, with no timer where one is free."""
    if not free.locked():
        waits.observe(0.0)
        await free.acquire()
        return
    began = time.perf_counter()
    try:
        async with asyncio.timeout(patience_s):
            await free.acquire()
    finally:
        waits.observe(time.perf_counter() - began)


def verdict(error: BaseException) -> str | None:
    """What an error says of the database.

    `again`: the same transaction may succeed; `away`: the database is not to be had; `lacking`: it is, but without
    something that we need; None: it is our mistake.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return "away"
        error = _of_driver(error)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state in _AGAIN or isinstance(error, asyncpg.InvalidCachedStatementError):
            return "again"
        if state in _LACKING:
            return "lacking"
        return "away" if state in _AWAY or state.startswith(_AWAY_CLASSES) else None
    return "away" if isinstance(error, _LOST) else None


def cause(error: BaseException) -> str:
    """Why it is tried again, in a word."""
    if isinstance(_of_driver(error), asyncpg.InvalidCachedStatementError):
        return "stale"
    return _AGAIN.get(sqlstate(error), "lost")


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error; "" for one that is not PostgreSQL's."""
    return getattr(_of_driver(error), "sqlstate", None) or ""


def _of_driver(error: BaseException) -> BaseException:
    return error.orig.__cause__ or error.orig if isinstance(error, DBAPIError) and error.orig else error


def name(error: BaseException) -> str:
    """An error in one line, for the log."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(cause).__name__}: {cause}"[:200]
