"""Backups as an operator makes and restores them, and a copy that takes over as a promoted standby does."""

import contextlib
import subprocess
import sys
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from orderflow import postgresql
from tests.servers import environment
from tests.stored import connected

END_CONNECTIONS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"


def dump(database_url: str, to: Path) -> None:
    """Back the database up, as docs/operations.md says."""
    _run("pg_dump", "--format=custom", f"--file={to}", _plain(database_url))


def restore(database_url: str, backup: Path) -> None:
    """Put what was backed up in place of the database, which nobody uses now, as docs/operations.md says."""
    name, outside = make_url(database_url).database, _plain(beside(database_url))
    new = make_url(database_url).set(database=f"{name}_new").render_as_string(hide_password=False)
    _run("psql", f"--dbname={outside}", f"--command=CREATE DATABASE {name}_new TEMPLATE template0")
    _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={_plain(new)}", str(backup))
    _run(
        "psql",
        f"--dbname={outside}",
        f"--command=ALTER DATABASE {name} RENAME TO {name}_old",
        f"--command=ALTER DATABASE {name}_new RENAME TO {name}",
        f"--command=DROP DATABASE {name}_old",
    )


def restore_in_place(database_url: str, backup: Path) -> None:
    """Put what was backed up into the database itself, whoever uses it."""
    options = ("--clean", "--if-exists", "--exit-on-error", "--single-transaction", f"--dbname={_plain(database_url)}")
    # Of two that wait for each other, it may be the one that has to give way, and then nothing has changed.
    while "deadlock detected" in (said := _try("pg_restore", *options, str(backup))):
        pass
    assert not said, said


async def copy(database_url: str) -> str:
    """Copy the database, whoever uses it; return the name of the copy."""
    name = make_url(database_url).database
    to = f"{name}_copy"
    async with connected(beside(database_url)) as connection:
        while True:
            await connection.fetch(END_CONNECTIONS, name)
            # Whoever serves comes back at once.
            with contextlib.suppress(asyncpg.ObjectInUseError):
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
    assert not (said := _try(program, *options)), said


def _try(program: str, *options: str) -> str:
    """Run a program of PostgreSQL; return what it says when it fails."""
    directory, *_ = postgresql._candidates()
    done = subprocess.run([directory / program, *options], capture_output=True, text=True, check=False)
    return done.stderr or "it failed" if done.returncode else ""


def _plain(database_url: str) -> str:
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def beside(database_url: str) -> str:
    """The URL of another database of that server, to work on it from outside."""
    return make_url(database_url).set(database="template1").render_as_string(hide_password=False)
