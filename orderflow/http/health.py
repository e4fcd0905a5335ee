"""What those ask who run it: does it live, is it ready, what does it count."""

import asyncio
import hmac
from typing import Annotated, Final, Literal

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orderflow import errors
from orderflow.db import Database
from orderflow.http import headers
from orderflow.http.replies import reply
from orderflow.http.routing import Endpoint, bearer_token
from orderflow.schemas import Model

# A probe that waits for a wedged database is answered before it gives up itself.
PATIENCE_S: Final = 2.0
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class Alive(Model):
    status: Literal["ok"] = "ok"


class Ready(Model):
    status: Literal["ok", "degraded", "unavailable"]
    database: Literal["ok", "unavailable"]
    bus: Annotated[Literal["ok", "degraded"], Field(description="Degraded: boards may be up to 2.5 s behind.")]


async def alive(_request: Request) -> Response:
    return reply(Alive())


async def ready(request: Request) -> Response:
    bus: Literal["ok", "degraded"] = "ok" if request.state.hub.bus.is_healthy else "degraded"
    if await _answers(request.state.db):
        return reply(Ready(status=bus, database="ok", bus=bus))
    return reply(Ready(status="unavailable", database="unavailable", bus=bus), 503, {"retry-after": "1"})


async def metrics(request: Request) -> Response:
    _may_measure(request)
    return Response(await request.state.metrics.exposition(), headers={"content-type": CONTENT_TYPE_LATEST})


async def upgrade_required(_request: Request) -> Response:
    raise HTTPException(426, headers={"Upgrade": "websocket"})


async def _answers(db: Database) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            # A table, not only a connection: one that is being restored answers nothing.
            await db.fetch("SELECT FROM feeds LIMIT 1")
    except (errors.Unavailable, TimeoutError):
        return False
    return True


def _may_measure(request: Request) -> None:
    wanted = request.state.settings.metrics_token
    if wanted is None:
        # What a proxy hands on comes from elsewhere, whatever it claims, and however far the proxy is believed.
        is_own = request.client is not None and request.client.host in LOOPBACK
        if not is_own or headers.values(request.scope, b"x-forwarded-for"):
            raise errors.Forbidden("Metrics are for this machine only, unless METRICS_TOKEN is set.")
    elif not _is_same(bearer_token(request) or "", wanted):
        raise errors.Unauthenticated("Send METRICS_TOKEN as a bearer token.")


def _is_same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


endpoints: Final = (
    Endpoint("GET", "/healthz", alive, "Does the process live?", access="own", answer=Alive, tags=("running",)),
    Endpoint("GET", "/readyz", ready, "Can it serve?", access="own", answer=Ready, also=(503,), tags=("running",)),
    Endpoint(
        "GET",
        "/metrics",
        metrics,
        "What it counts, for Prometheus",
        access="own",
        refusals=(errors.Unauthenticated, errors.Forbidden),
        media_type="text/plain",
        tags=("running",),
    ),
)
