"""The worker that sends what is in the outbox, in every serving process and alone as `orderflow work`.

It decides when to try again; the outbox keeps what is due, a delivery takes it away.
"""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from orderflow import delivery, letters, logs, outbox
from orderflow.counts import Counts
from orderflow.db import Database
from orderflow.delivery import Delivery, NotSent
from orderflow.errors import Unavailable
from orderflow.letters import Kind, Letter
from orderflow.outbox import Claim, Setback
from orderflow.settings import Settings

# How long a letter that has fallen due waits at most until an idle worker sees it.
LOOK_S: Final = 0.5
# Kicks that come together are one, and what another has just now is not asked for without a pause.
PAUSE_S: Final = 0.05
AWAY_S: Final = 1.0
# How often it looks for what was settled too long ago to be kept.
TIDY_S: Final = 60.0
# One that hangs for 10 s must not hold up those behind it.
AT_ONCE: Final = 4
# At the end, what is on its way has so long; then it goes again under its key.
FINISH_S: Final = 1.0
LONGEST_ALONE_S: Final = 300.0

logger = logging.getLogger(__name__)


class Mailer:
    """Sends what is due for as long as it runs."""

    def __init__(self, db: Database, settings: Settings, counts: Counts | None = None) -> None:
        self._db = db
        self._outcomes = (counts or Counts()).mails
        self._settings = settings
        self._folder = delivery.folder(settings)
        self._tidy_at = 0.0
        self._rate: float | None = None
        self._kicked = asyncio.Event()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def kick(self) -> None:
        """Something may be due now: do not wait for the next look."""
        self._kicked.set()

    async def run(self) -> None:
        """Send what is due, until cancelled; then claim nothing more and finish or abandon what is on its way."""
        async with delivery.opened(self._settings) as way:
            self._rate = self._settings.email_rate_per_second if way.is_rated else None
            logger.info("e-mails go %s", way)
            try:
                while True:
                    await self._step(way)
            finally:
                await self._finish()

    async def _step(self, way: Delivery) -> None:
        try:
            await self._tidy()
            sight = await outbox.look(self._db)
            if sight.is_late:
                for late in await outbox.give_up_late(self._db):
                    self._outcomes.of("given_up").add()
                    logs.say(logger, "e-mail given up: it could not be sent for 20 h", logging.ERROR, mail_id=late)
            if not sight.is_due:
                await self._idle()
            elif self._rate is not None and sight.turn_s > 0:
                await asyncio.sleep(min(sight.turn_s, LOOK_S))
            else:
                await self._begin(way)
        except Unavailable:
            await asyncio.sleep(AWAY_S)
        except Exception:
            # Whatever it was, those who wait for their letters must not wait for a new process.
            logger.exception("a step of the e-mail worker failed")
            await asyncio.sleep(AWAY_S)

    async def _tidy(self) -> None:
        """Now and then remove letters that are kept no longer; files first, since only the rows name them."""
        if asyncio.get_running_loop().time() < self._tidy_at:
            return
        self._tidy_at = asyncio.get_running_loop().time() + TIDY_S
        now = datetime.now(UTC)
        if outdated := await outbox.outdated(self._db, now):
            await self._folder.forget(*outdated)
            count = await outbox.remove(self._db, outdated, now)
            logs.say(logger, "old e-mails removed", logging.INFO, count=count)

    async def _idle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._kicked.wait()
                await asyncio.sleep(PAUSE_S)
        self._kicked.clear()

    async def _begin(self, way: Delivery) -> None:
        """Send one beside those that are on their way; returns once it is claimed."""
        await self._free.acquire()
        claiming = asyncio.create_task(outbox.claim(self._db, self._write, self._rate), name="claim an e-mail")
        sending = asyncio.create_task(self._send(way, claiming), name="send an e-mail")
        self._under_way.add(sending)
        sending.add_done_callback(self._ended)
        await asyncio.wait([claiming])
        if claiming.result() is None:
            # Others were quicker, or its order is being moved.
            await asyncio.sleep(PAUSE_S)

    def _ended(self, sending: asyncio.Task[None]) -> None:
        self._under_way.discard(sending)
        self._free.release()

    def _write(self, kind: Kind, order: dict[str, Any], recipient: str, reply_to: str | None) -> Letter:
        sender, url = self._settings.email_from, self._settings.public_url
        return letters.write(kind, order, recipient=recipient, sender=sender, reply_to=reply_to, public_url=url)

    async def _send(self, way: Delivery, claiming: asyncio.Task[Claim | None]) -> None:
        await asyncio.wait([claiming])
        claimed = None if claiming.exception() else claiming.result()
        if claimed is None:
            return
        try:
            await self._deliver(way, claimed)
        except Unavailable:
            logger.warning("e-mail %s: what became of it is not known; it goes again in a minute", claimed.id)
        except Exception:
            logger.exception("e-mail %s: what became of it is not known; it goes again in a minute", claimed.id)

    async def _deliver(self, way: Delivery, claimed: Claim) -> None:
        began = asyncio.get_running_loop().time()
        try:
            if not await outbox.is_wanted(self._db, claimed):
                await outbox.not_sent(self._db, claimed, Setback(None, is_certain=True))
                self._say("e-mail withdrawn", "withdrawn", claimed, began)
                return
            sent_as = await _sent(way, claimed)
        except NotSent as error:
            outcome = "given_up" if error.is_final else "deferred"
            self._say("e-mail not accepted", outcome, claimed, began, why=error.sentence)
            await outbox.not_sent(self._db, claimed, setback(error, claimed.attempt))
        except asyncio.CancelledError:
            await self._abandon(claimed)
            raise
        else:
            self._say("e-mail accepted", "sent", claimed, began, sent_as=sent_as)
            if await outbox.sent(self._db, claimed, sent_as):
                await way.forget(claimed.id)

    def _say(self, what: str, outcome: str, claimed: Claim, began: float, **more: str) -> None:
        """Count an attempt, and log it."""
        self._outcomes.of(outcome).add()
        level = {"given_up": logging.ERROR, "deferred": logging.WARNING}.get(outcome, logging.INFO)
        ms = round((asyncio.get_running_loop().time() - began) * 1000, 2)
        facts = {"mail_id": claimed.id, "kind": claimed.kind, "attempt": claimed.attempt, "ms": ms, **more}
        logs.say(logger, what, level, **facts)

    async def _abandon(self, claimed: Claim) -> None:
        """Let go of one of which nobody knows whether it was accepted: the next worker repeats it under its key."""
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(FINISH_S):
                await outbox.not_sent(self._db, claimed, Setback(None))

    async def _finish(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=FINISH_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def setback(error: NotSent, attempt: int) -> Setback:
    """When to try again a letter that failed for this reason at this attempt, counted from 1."""
    jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
    alone_s = max(error.wait_s, min(LONGEST_ALONE_S, 2.0 ** min(attempt - 1, 10)) * jitter)
    # Where it may be the letter, another one is to be tried before it.
    if error.is_own:
        jitter /= 2
    return Setback(
        error.sentence,
        is_final=error.is_final,
        is_certain=error.is_certain,
        alone_s=alone_s if error.is_own else None,
        pause_s=error.wait_s if error.is_general else None,
        jitter=jitter,
    )


async def _sent(way: Delivery, claimed: Claim) -> str:
    try:
        return await way.send(claimed.letter, claimed.id, claimed.claimed_at)
    except NotSent:
        raise
    except Exception as error:
        logger.exception("e-mail %s: the attempt went wrong", claimed.id)
        raise NotSent(f"went wrong: {type(error).__name__}", is_own=True) from None
