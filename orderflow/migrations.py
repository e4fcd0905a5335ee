"""The schema's way from one version to the next: applies the migrations and tells which are missing.

Knows where the migrations are, not what is in them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Any number will do, as long as all versions of orderflow take the same.
LOCK = 7_305_191_122
CONNECT_S = 10

T = TypeVar("T")


async def upgrade(database_url: str) -> list[str]:
    """Bring the database to the newest schema; return the revisions that were applied, oldest first.

    All of them are under one lock, so that of several processes that start at once one does the work, and each is a
    transaction of its own: together they would lock tables in another order than the code that goes on meanwhile.
    """
    return await _with_connection(database_url, _upgrade)


async def pending(database_url: str) -> list[str]:
    """Name the revisions that this version of orderflow needs and the database does not have, oldest first."""
    return await _with_connection(database_url, missing)


def config(connection: Connection | None = None) -> Config:
    """Configure Alembic in code, for use with its `command` module."""
    made = Config()
    made.set_main_option("script_location", str(_location()).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def missing(connection: Connection) -> list[str]:
    """Do what `pending` does, over a connection. A database that is ahead of this version misses nothing."""
    script = ScriptDirectory.from_config(config())
    applied = set(MigrationContext.configure(connection).get_current_heads())
    known = [revision.revision for revision in script.walk_revisions()]
    if not applied <= set(known):
        return []
    past = {revision.revision for head in applied for revision in script.iterate_revisions(head, "base")}
    return [revision for revision in reversed(known) if revision not in past]


def _upgrade(connection: Connection) -> list[str]:
    with connection.begin():
        # Until this connection ends.
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    with connection.begin():
        todo = missing(connection)
    for revision in todo:
        with connection.begin():
            command.upgrade(config(connection), revision)
    return todo


async def _with_connection(database_url: str, step: Callable[[Connection], T]) -> T:
    engine = create_async_engine(
        database_url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": CONNECT_S}
    )
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(step)
    finally:
        await engine.dispose()


def _location() -> Path:
    """Find the migrations in the installed package, or else in the checkout around it."""
    package = Path(__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"
