"""What the database holds, for tests that look behind the API or move the clock by moving stored times."""

from typing import Any

import asyncpg
from sqlalchemy.engine import make_url


async def stored(database_url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    """Run one statement beside the application."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        return found
    finally:
        await connection.close()
