"""The composition root: settings in, application out. The only file that sees all the others."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from orderflow import logs, orders, rights, settings
from orderflow.accounts import Hasher
from orderflow.bus import Bus, LocalBus, RedisBus
from orderflow.counts import Counts
from orderflow.credentials import Tokens
from orderflow.db import Database
from orderflow.errors import Unavailable
from orderflow.frames import Event
from orderflow.http import routes
from orderflow.http.middleware import Edge
from orderflow.http.problems import EXCEPTION_HANDLERS, refused
from orderflow.lineage import Lineage
from orderflow.mailer import Mailer
from orderflow.metrics import Metrics, gauges
from orderflow.sessions import Authenticator, EndedSessions
from orderflow.settings import Settings
from orderflow.ws import channels
from orderflow.ws.arrivals import Arrivals
from orderflow.ws.beats import Beats
from orderflow.ws.connection import Surroundings
from orderflow.ws.hub import Hub
from orderflow.ws.listeners import Listeners
from orderflow.ws.places import Limits
from orderflow.ws.shared import Shared

ENDED_S: Final = 1.0
SWEEP_S: Final = 60.0
LINEAGE_S: Final = 1.0
ABANDONED_S: Final = 60.0

logger = logging.getLogger(__name__)


def create_app(settings: Settings, scoreboard: Path | None = None) -> Starlette:
    """The application; what lives as long as the process is made in its lifespan, for `request.state`.

    `scoreboard` is the directory in which the workers of one service leave their figures for each other.
    """
    counts = Counts()
    paths = tuple(channel.path for channel in channels.CHANNELS)
    application = Starlette(
        routes=[*routes.socket_routes(paths), *routes.routes()],
        middleware=[
            Middleware(Edge, sockets=channels.sockets, allowed_origins=settings.allowed_origins, counts=counts)
        ],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=partial(_lifespan, settings, counts, scoreboard),
    )
    # /orders/ is no other name of /orders, and a redirect would lose a body.
    application.router.redirect_slashes = False
    return application


def from_environment(scoreboard: Path) -> Starlette:
    """The application of a process that has only its environment, as uvicorn's workers do."""
    return create_app(settings.load(), scoreboard)


@asynccontextmanager
async def _lifespan(
    settings: Settings, counts: Counts, scoreboard: Path | None, _app: Starlette
) -> AsyncIterator[dict[str, Any]]:
    parts = _made(settings, counts, scoreboard)
    try:
        # What ended before this process began is known before its first answer; without a database nobody gets in.
        with suppress(Unavailable):
            await parts.lineage.begin()
            await parts.ended.refresh(parts.db)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work, name=name) for name, work in parts.works()]
            _keep_collections_rare()
            yield parts.state
            for task in running:
                task.cancel()
    finally:
        parts.hasher.close()
        await parts.db.close()
        await parts.metrics.close()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lives as long as the process: what has work of its own to do, and the state in which requests find it."""

    db: Database
    lineage: Lineage
    hub: Hub
    mailer: Mailer
    hasher: Hasher
    ended: EndedSessions
    listeners: Listeners
    beats: Beats
    metrics: Metrics
    state: dict[str, Any]

    def works(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """All that goes on beside the requests, by its name."""
        yield "bus", self.hub.bus.run()
        yield "heads", self.hub.run()
        yield "listeners", self.listeners.run()
        yield "beats", self.beats.run()
        yield "e-mails", self.mailer.run()
        yield "metrics", self.metrics.run()
        yield "ended sessions", _every(ENDED_S, partial(self.ended.refresh, self.db))
        yield "sessions that are over", _every(SWEEP_S, partial(self.ended.sweep, self.db))
        yield "lineage", _every(LINEAGE_S, self.lineage.check)
        yield "abandoned orders", _every(ABANDONED_S, partial(_close_abandoned, self.db))


def _made(settings: Settings, counts: Counts, scoreboard: Path | None) -> _Parts:
    def announce(events: Sequence[Event]) -> None:
        hub.ring(events)
        # What is ready waits for its hold, and is seen in time by itself.
        if any(event.to_status == "picked_up" for event in events):
            mailer.kick()

    def make_bus(hear: Callable[[str, bytes], None]) -> Bus:
        return RedisBus(settings.redis_url, hear, counts) if settings.redis_url else LocalBus()

    if settings.database_url is None or settings.secret_key is None:
        raise RuntimeError("whoever starts the application settles DATABASE_URL and SECRET_KEY")
    db = Database(settings.database_url, announce, counts)
    hub = Hub(db, make_bus, counts)
    mailer = Mailer(db, settings, counts)
    hasher = Hasher(counts)
    token_s = settings.access_token_expire_minutes * 60
    tokens = Tokens(settings.secret_key, settings.algorithm, settings.public_url, token_s)
    ended = EndedSessions(token_s)
    limits = Limits(settings.sockets_per_user, settings.sockets_per_address, settings.sockets_per_process)
    listeners = Listeners(ended.has, partial(rights.staff_of, db), limits)
    authenticate, beats = Authenticator(tokens, ended), Beats()
    metrics = Metrics(db, counts, gauges(hub, listeners, hasher), scoreboard)
    state = {
        "settings": settings,
        "db": db,
        "hub": hub,
        "counts": counts,
        "hasher": hasher,
        "tokens": tokens,
        "ended": ended,
        "authenticate": authenticate,
        "listeners": listeners,
        "arrivals": Arrivals(),
        "at_shops": Shared(partial(rights.at_shops, db)),
        "refused": refused,
        "surroundings": Surroundings(hub, beats, settings.beat_seconds, authenticate, listeners.let_go),
        "metrics": metrics,
    }
    return _Parts(db, Lineage(db), hub, mailer, hasher, ended, listeners, beats, metrics, state)


def _keep_collections_rare() -> None:
    """Leave what lives as long as the process out of garbage collections, and have fewer of them.

    With thousands of sockets a collection looks at a million objects; a tenth of the cost of a handshake was that.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _close_abandoned(db: Database) -> None:
    began = time.perf_counter()
    closed = await orders.close_abandoned(db, datetime.now(UTC))
    ms = round((time.perf_counter() - began) * 1000, 2)
    logs.say(logger, "abandoned orders closed", logging.INFO if closed else logging.DEBUG, count=closed, ms=ms)


async def _every(seconds: float, step: Callable[[], Awaitable[Any]]) -> None:
    """Do it now and then again, whatever comes of it."""
    while True:
        try:
            await step()
        except Unavailable:
            logger.debug("put off: the database is away")
        except Exception:
            logger.exception("a periodic task failed")
        await asyncio.sleep(seconds)
