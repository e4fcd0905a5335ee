"""What the database holds, for tests that look behind the API or move the clock by moving stored times."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from orderflow.db import Database


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection beside those of the application."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def stored(database_url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    """Run one statement beside the application."""
    async with connected(database_url) as connection:
        found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        return found


@asynccontextmanager
async def beside(database_url: str) -> AsyncIterator[Database]:
    """The service's own way to a database, for a test that works beside its server."""
    db = Database(database_url, announce=lambda _: None)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def away(database_url: str) -> AsyncIterator[None]:
    """The database is not there, as under another name, and nobody is connected to it."""
    url = make_url(database_url)
    server = url.set(database="template1").render_as_string(hide_password=False)
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
    shut, opened = (f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS {allowed}" for allowed in ("false", "true"))
    async with connected(server) as connection:
        # Else those who come back at once hold the renaming up.
        await connection.execute(shut)
        while True:
            await connection.fetch(end, url.database)
            with contextlib.suppress(asyncpg.ObjectInUseError):
                await connection.execute(f"ALTER DATABASE {url.database} RENAME TO {url.database}_away")
                break
        try:
            yield
        finally:
            await connection.execute(f"ALTER DATABASE {url.database}_away RENAME TO {url.database}")
            await connection.execute(opened)
