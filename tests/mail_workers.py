"""`orderflow work` in processes of its own, and facts of the outbox to wait for."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.people import Person, Shop
from tests.resend_server import ResendServer
from tests.servers import environment
from tests.stored import connected, stored

READY = "orderflow sends e-mails"
# What `orderflow mails` says where there never was any.
NO_MAILS = "waiting 0; of the last 90 days: sent 0, withdrawn 0, given up 0\n"
PATIENCE_S = 40.0
ALL = "SELECT * FROM outbox ORDER BY queued_at, id"


class Worker:
    """One process of `orderflow work`, from its first line to its end."""

    def __init__(self, directory: Path, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log = directory / "work.log"
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orderflow", "work"],
                cwd=directory,
                env=environment(directory, **settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(READY), f"it did not start: {self.log()}"

    def log(self) -> str:
        """What it has said on standard error, with all before it in its directory."""
        return self._log.read_text()

    def kill(self) -> None:
        """End it as if the power had failed."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        code = self.process.wait(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@contextlib.contextmanager
def working(directory: Path, **settings: str) -> Iterator[Worker]:
    """A worker for as long as the context lasts."""
    worker = Worker(directory, **settings)
    try:
        yield worker
    finally:
        worker.stop()


async def ready(cafe: Shop, who: Person) -> dict[str, Any]:
    """An order that was placed and is ready."""
    return await cafe.owner.move(await who.order(cafe.shop, cafe.item), "ready")


async def came(resend: ResendServer, count: int) -> None:
    """Wait until so many requests have come in."""
    await asyncio.to_thread(resend.until, lambda: len(resend.received) >= count)


async def outbox(database_url: str) -> list[Any]:
    """All rows of the outbox, in the order in which they were queued."""
    return await stored(database_url, ALL)


async def settled(database_url: str, **states: int) -> list[Any]:
    """Wait until the outbox has exactly so many rows of each state; return all of them."""
    async with asyncio.timeout(PATIENCE_S), connected(database_url) as connection:
        while True:
            rows = await connection.fetch(ALL)
            if Counter(row["state"] for row in rows) == states:
                return rows
            await asyncio.sleep(0.01)


async def nobody_sends(database_url: str) -> None:
    """Use up the rate of all workers for an hour: what is queued stays as it is."""
    await stored(database_url, "UPDATE mail_rate SET next_at = now() + interval '1 hour'")


async def everybody_sends(database_url: str) -> None:
    """Let the workers begin now, whatever they were waiting for."""
    await stored(database_url, "UPDATE mail_rate SET next_at = now(), probing_until = NULL")
    await stored(database_url, "UPDATE outbox SET retry_at = NULL WHERE state = 'waiting'")


async def failures(database_url: str, count: int) -> None:
    """Wait until so many attempts in a row have failed whatever the letter."""
    async with asyncio.timeout(PATIENCE_S), connected(database_url) as connection:
        while True:
            if await connection.fetchval("SELECT failures FROM mail_rate") >= count:
                return
            await asyncio.sleep(0.01)
