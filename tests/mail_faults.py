"""Orders go through ready and picked up while the worker that sends their e-mails is killed, again and again.

`python -m tests.mail_faults --orders 500 --kills 50` prints figures; a short form is part of the tests. Each kill
strikes between sending and settling: the server that plays Resend has accepted a letter and has not answered yet.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from orderflow import embedded, migrations
from tests.counter import counter_of
from tests.mail_workers import Worker, outbox
from tests.resend_server import ResendServer
from tests.stored import stored

HOLD = timedelta(seconds=0.5)
# Every so many orders is made ready by mistake first.
MISTAKEN = 10
POLL_S = 0.1
IN_TRANSACTION = """
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@dataclass(frozen=True)
class Figures:
    """What was counted; `unwanted` are letters withdrawn before their first attempt."""

    orders: int
    letters: int
    kills: int
    requests: int
    repeated: int
    unwanted: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.orders} orders, {self.kills} kills between sending and settling, {self.seconds:.0f} s: "
            f"{self.letters} letters accepted, none twice; {self.requests} requests, of which {self.repeated} repeated "
            f"a letter under its key in the same words; {self.unwanted} withdrawn before their first attempt, none sent"
        )


class Killer:
    """Kills the worker whenever Resend has accepted so many more letters."""

    def __init__(self, kills: int, letters: int) -> None:
        self.worker: Worker | None = None
        self.kills = 0
        self._wanted = kills
        self._step = max(1, letters // (kills + 1))
        self._seen: set[str] = set()

    def strike(self, key: str) -> bool:
        """Called for each letter that was accepted, before it is answered; True where nobody will hear the answer."""
        is_new = key not in self._seen
        self._seen.add(key)
        if is_new and self.worker is not None and self.kills < self._wanted and len(self._seen) % self._step == 0:
            self.kills += 1
            self.worker.kill()
            self.worker = None
            return True
        return False


async def run(database_url: str, directory: Path, count: int, kills: int, *, waits: bool) -> Figures:
    """Bring so many orders through; `waits`: for the leases of killed workers, instead of moving stored times."""
    began = time.monotonic()
    killer = Killer(kills, 2 * count)
    with ResendServer() as resend:
        resend.after_accepting = killer.strike
        settings = {"DATABASE_URL": database_url, "EMAIL_RATE_PER_SECOND": "1000", **resend.settings}
        async with counter_of(database_url, HOLD) as counter:
            await counter.place(count)
            await counter.make_ready(mistaken=MISTAKEN)
            worker = killer.worker = Worker(directory, **settings)
            while not await counter.is_done():  # what it waits for tells nobody
                if worker.process.poll() is not None:
                    worker.wait()
                    if not waits:
                        await _end_leases(database_url)
                    worker = killer.worker = Worker(directory, **settings)
                await counter.hand_over()
                await asyncio.sleep(POLL_S)
        assert worker.stop() == 0, worker.log()
        await _check(database_url, resend, count)
        assert killer.kills == kills
        return await _figures(database_url, resend, count, kills, time.monotonic() - began)


async def _end_leases(database_url: str) -> None:
    """Let the minute pass for which a killed worker had its letters, once its transactions have ended."""
    async with asyncio.timeout(10):
        while await stored(database_url, IN_TRANSACTION):
            pass
    await stored(database_url, "UPDATE outbox SET leased_until = now() WHERE leased_until > now()")


async def _check(database_url: str, resend: ResendServer, count: int) -> None:
    rows = await outbox(database_url)
    sent = [row for row in rows if row["state"] == "sent"]
    told = defaultdict(list)
    for row in sent:
        told[row["order_id"]].append(row["kind"])
    assert len(told) == count
    assert all(sorted(kinds) == ["picked_up", "ready"] for kinds in told.values()), told
    assert resend.accepted.keys() == {str(row["id"]) for row in sent}
    assert {resend.ids[str(row["id"])] for row in sent} == {row["sent_as"] for row in sent}
    bodies: dict[str, list[Any]] = defaultdict(list)
    for each in resend.received:
        bodies[each.key].append(each.body)
    assert all(body == same[0] for same in bodies.values() for body in same)
    untried = {str(row["id"]) for row in rows if row["state"] == "withdrawn" and row["attempts"] == 0}
    assert not untried & bodies.keys()


async def _figures(database_url: str, resend: ResendServer, count: int, kills: int, seconds: float) -> Figures:
    rows = await outbox(database_url)
    unwanted = [row for row in rows if row["state"] == "withdrawn" and row["attempts"] == 0]
    requests = len(resend.received)
    letters = len(resend.accepted)
    return Figures(count, letters, kills, requests, requests - len(set(resend.keys)), len(unwanted), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded.running(Path(place) / "data") as database:
            asyncio.run(migrations.upgrade(database.url))
            found = run(database.url, Path(place) / "worker", options.orders, options.kills, waits=True)
            sys.stdout.write(f"{asyncio.run(found)}\n")


if __name__ == "__main__":
    main()
