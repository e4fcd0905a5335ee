"""The composition root: settings in, application out. The only file that sees all the others."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from orderflow import orders, rights, settings
from orderflow.accounts import Hasher
from orderflow.bus import Bus, LocalBus, RedisBus
from orderflow.credentials import Tokens
from orderflow.db import Database
from orderflow.errors import Unavailable
from orderflow.frames import Event
from orderflow.http import routes
from orderflow.http.middleware import Edge
from orderflow.http.problems import EXCEPTION_HANDLERS, refused
from orderflow.metrics import exposition
from orderflow.sessions import Authenticator, EndedSessions
from orderflow.settings import Settings
from orderflow.ws import channels
from orderflow.ws.beats import Beats
from orderflow.ws.connection import Surroundings
from orderflow.ws.hub import Hub
from orderflow.ws.listeners import Listeners
from orderflow.ws.places import Limits
from orderflow.ws.shared import Shared

ENDED_S: Final = 1.0
ABANDONED_S: Final = 60.0

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> Starlette:
    """The application; what lives as long as the process is made in its lifespan, for `request.state`."""
    paths = tuple(channel.path for channel in channels.CHANNELS)
    application = Starlette(
        # Sockets first: there are few of them, and thousands may come back at once.
        routes=[*channels.routes(), *routes.socket_routes(paths), *routes.routes()],
        middleware=[Middleware(Edge, allowed_origins=settings.allowed_origins)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=partial(_lifespan, settings),
    )
    # /orders/ is no other name of /orders, and a redirect would lose a body.
    application.router.redirect_slashes = False
    return application


def from_environment() -> Starlette:
    """The application of a process that has only its environment, as uvicorn's workers do."""
    return create_app(settings.load())


@asynccontextmanager
async def _lifespan(settings: Settings, _app: Starlette) -> AsyncIterator[dict[str, Any]]:
    def announce(events: Sequence[Event]) -> None:
        hub.ring(events)

    def make_bus(hear: Callable[[str, bytes], None]) -> Bus:
        return RedisBus(settings.redis_url, hear) if settings.redis_url else LocalBus()

    if settings.database_url is None or settings.secret_key is None:
        raise RuntimeError("whoever starts the application settles DATABASE_URL and SECRET_KEY")
    db = Database(settings.database_url, announce)
    hub = Hub(db, make_bus)
    tokens = Tokens(
        settings.secret_key, settings.algorithm, settings.public_url, settings.access_token_expire_minutes * 60
    )
    ended = EndedSessions(settings.access_token_expire_minutes * 60)
    limits = Limits(settings.sockets_per_user, settings.sockets_per_address, settings.sockets_per_process)
    listeners = Listeners(ended.has, partial(rights.staff_of, db), limits)
    authenticate, beats = Authenticator(tokens, ended), Beats()
    state = {
        "settings": settings,
        "db": db,
        "hub": hub,
        "hasher": Hasher(),
        "tokens": tokens,
        "ended": ended,
        "authenticate": authenticate,
        "listeners": listeners,
        "at_shops": Shared(partial(rights.at_shops, db)),
        "refused": refused,
        "surroundings": Surroundings(hub, beats, settings.beat_seconds, authenticate, listeners.let_go),
        "metrics": partial(exposition, hub, listeners),
    }
    try:
        # What ended before this process began is known before its first answer; without a database nobody gets in.
        with suppress(Unavailable):
            await ended.refresh(db)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(work, name=name)
                for name, work in (
                    ("bus", hub.bus.run()),
                    ("heads", hub.run()),
                    ("listeners", listeners.run()),
                    ("beats", beats.run()),
                    ("ended sessions", _every(ENDED_S, partial(ended.refresh, db))),
                    ("abandoned orders", _every(ABANDONED_S, partial(_close_abandoned, db))),
                )
            ]
            _keep_collections_rare()
            yield state
            for task in running:
                task.cancel()
    finally:
        await db.close()


def _keep_collections_rare() -> None:
    """Leave what lives as long as the process out of garbage collections, and have fewer of them.

    With thousands of sockets a collection looks at a million objects; a tenth of the cost of a handshake was that.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _close_abandoned(db: Database) -> None:
    if closed := await orders.close_abandoned(db, datetime.now(UTC)):
        logger.info("closed %d orders that nobody had touched for 48 h", closed)


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
