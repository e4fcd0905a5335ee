"""Which database this is: notices one that was restored, moved or taken over by a standby.

What such a database tells may be older than what was told from it: positions, numbers of today and sessions.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from orderflow import feeds, sessions
from orderflow.db import Database, Transaction
from orderflow.tables import lineage

# Any number will do, as long as all versions of orderflow take the same.
LOCK: Final = 7_305_191_123

_FIGURES: Final = {
    "system_identifier": "(SELECT system_identifier FROM pg_control_system())",
    # Of the log that is written now: pg_control_checkpoint() tells of a promotion only after the next checkpoint.
    "timeline": """CASE WHEN NOT pg_is_in_recovery()
        THEN CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS integer) END""",
    "database_oid": "(SELECT CAST(oid AS bigint) FROM pg_database WHERE datname = current_database())",
    # A restore into the same database makes it anew.
    "feeds_oid": "CAST(CAST(to_regclass('feeds') AS oid) AS bigint)",
}
# What was heard from so lately has lost minutes at most: a standby took over. Of anything else the logouts of hours or
# days may be undone, and whoever was active since then has a token that it does not know anyway.
_IS_RECENT: Final = text("SELECT coalesce(max(issued_at) > now() - interval '15 minutes', false) FROM refresh_tokens")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was done about it: how many feeds have a new epoch, how many sessions were ended, if any."""

    feeds: int
    sessions: int | None


class Lineage:
    """What the database says of itself, beside what was noted of it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._statement: str | None = None
        self._has_begun = False

    async def begin(self) -> None:
        """Note a database that is seen for the first time, and do what `check` does.

        Raises:
            Unavailable: the database is away.
        """
        await self._settle(is_start=True)
        self._has_begun = True

    async def check(self) -> None:
        """Look whether this is the database that was noted; if not, nobody may trust what another one has told.

        Cheap where nothing has changed: one statement. It never notes a first one, which may be a half of a restore,
        unless the database was away when `begin` was called: then this begins.

        Raises:
            Unavailable: the database is away.
        """
        if self._has_begun:
            await self._settle(is_start=False)
        else:
            await self.begin()

    async def restored(self) -> Renewal:
        """Do all that has to follow a restore, noticed or not, and end all sessions.

        Raises:
            Unavailable: the database is away.
        """
        statement = await self._asking()

        async def step(transaction: Transaction) -> Renewal:
            return await _renew(transaction, await _ask(transaction, statement), are_sessions_over=True)

        return await self._db.run(step)

    async def _settle(self, *, is_start: bool) -> None:
        statement = await self._asking()
        row = dict((await self._db.fetch(statement))[0])
        if _is_noted(row) or not (is_start or row["noted_at"]):
            return

        async def step(transaction: Transaction) -> Renewal | None:
            found = await _ask(transaction, statement)
            if found["noted_at"] is None:
                # Feeds that are there already were made before there was a note, or are restored from such a time.
                await feeds.renew(transaction)
            if not _differing(found):
                # Also where another process was quicker.
                await _note(transaction, found, None)
                return None
            is_recent = bool((await transaction.execute(_IS_RECENT)).scalar_one())
            return await _renew(transaction, found, are_sessions_over=not is_recent)

        renewal = await self._db.run(step)
        if renewal is not None:
            _tell(row, renewal)

    async def _asking(self) -> str:
        """The statement that asks for all that this server tells; some servers keep some of it to themselves."""
        if self._statement is None:
            told = [f"{await self._readable(name)} AS {name}" for name in _FIGURES]
            noted = [f"l.{name} AS noted_{name}" for name in _FIGURES]
            columns = ", ".join([*told, *noted])
            self._statement = f"SELECT {columns}, l.noted_at FROM (SELECT) one LEFT JOIN lineage l ON true"  # noqa: S608
        return self._statement

    async def _readable(self, name: str) -> str:
        try:
            await self._db.fetch(f"SELECT {_FIGURES[name]}")
        except asyncpg.PostgresError as error:
            why = type(error).__name__
            logger.warning("PostgreSQL does not tell its %s (%s): after a restore, run orderflow restored", name, why)
            return "CAST(NULL AS bigint)"
        return _FIGURES[name]


async def _ask(transaction: Transaction, statement: str) -> dict[str, Any]:
    """Ask under the lock, so that of several processes that notice one does the work."""
    await transaction.execute(select(func.pg_advisory_xact_lock(LOCK)))
    return (await transaction.execute(text(statement))).one()._asdict()


async def _renew(transaction: Transaction, found: dict[str, Any], *, are_sessions_over: bool) -> Renewal:
    count = await feeds.renew(transaction)
    await feeds.number_on(transaction)
    at: datetime = (await transaction.execute(select(func.clock()))).scalar_one()
    ended = await sessions.end_everybodys(transaction, at) if are_sessions_over else None
    await _note(transaction, found, at if are_sessions_over else None)
    return Renewal(count, ended)


async def _note(transaction: Transaction, found: dict[str, Any], sessions_since: datetime | None) -> None:
    known = {name: found[name] for name in _FIGURES} | {"noted_at": func.clock()}
    known |= {"sessions_since": sessions_since} if sessions_since else {}
    # Refused while the key is missing, which a restore makes when all rows of all tables are back.
    noting = insert(lineage).values(id=True, **known)
    await transaction.execute(noting.on_conflict_do_update(index_elements=["id"], set_=known))


def _differing(row: dict[str, Any]) -> list[str]:
    """The figures that are not as they were noted; one that is not told, or was not, says nothing."""
    pairs = {name: (row[name], row[f"noted_{name}"]) for name in _FIGURES}
    return [name for name, pair in pairs.items() if None not in pair and pair[0] != pair[1]]


def _is_noted(row: dict[str, Any]) -> bool:
    return row["noted_at"] is not None and all(row[name] in (None, row[f"noted_{name}"]) for name in _FIGURES)


def _tell(row: dict[str, Any], renewal: Renewal) -> None:
    what = " and ".join(_differing(row)) or "nothing"
    who = "sessions go on" if renewal.sessions is None else f"{renewal.sessions} sessions have ended"
    logger.warning(
        "this is not the database as it was noted (another %s): it was restored or moved, or a standby took over. "
        "All %d feeds have a new epoch, numbers of today go on above a round hundred, %s. "
        "After a restore from a backup, run orderflow restored",
        what,
        renewal.feeds,
        who,
    )
