"""Backups as an operator makes and restores them, and a copy that takes over as a promoted standby does."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from orderflow import postgresql
from tests.servers import environment
from tests.stored import connected

END_CONNECTIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"


def dump(database_url: str, to: Path) -> None:
    """Back the database up, with the commands of docs/operations.md."""
    _run("pg_dump", "--format=custom", "--file", str(to), _plain(database_url))


async def restore(database_url: str, backup: Path) -> None:
    """Put what was backed up in place of the database, which nobody uses now."""
    name = make_url(database_url).database
    async with connected(beside(database_url)) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    _run("pg_restore", "--exit-on-error", "--single-transaction", "--dbname", _plain(database_url), str(backup))


async def copy(database_url: str) -> str:
    """Copy the database, whoever uses it; return the name of the copy."""
    name = make_url(database_url).database
    to = f"{name}_copy"
    async with connected(beside(database_url)) as connection:
        await connection.fetch(END_CONNECTIONS, name)
        await connection.execute(f"CREATE DATABASE {to} TEMPLATE {name}")
    return to


async def take_over(database_url: str, copied: str) -> None:
    """Have a copy answer in place of the database, whoever uses it, as a standby does that is promoted."""
    name = make_url(database_url).database
    async with connected(beside(database_url)) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.execute(f"ALTER DATABASE {copied} RENAME TO {name}")


def command(directory: Path, **settings: str) -> str:
    """What `orderflow restored` says."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "orderflow", "restored"],
        env=environment(directory, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(program: str, *options: str) -> None:
    directory, *_ = postgresql._candidates()
    done = subprocess.run([directory / program, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _plain(database_url: str) -> str:
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def beside(database_url: str) -> str:
    """The URL of another database of that server, to work on it from outside."""
    return make_url(database_url).set(database="template1").render_as_string(hide_password=False)
