"""A small application behind the real edge, on a real server: what the tests of the edge talk to."""

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import httpx2
import uvicorn
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from orderflow import errors
from orderflow.credentials import Actor
from orderflow.http import params, problems
from orderflow.http.body import body, optional_body
from orderflow.http.middleware import Edge
from orderflow.http.protocol import HttpProtocol
from orderflow.http.replies import if_match, no_content, reply
from orderflow.http.routing import Endpoint, Parameter, actor, actor_or_none, starlette_routes

ADA = Actor(UUID("01930000-0000-7000-8000-000000000001"), UUID("01930000-0000-7000-8000-000000000002"), 2e9)
ORIGIN = "https://shop.example"


class Piece(BaseModel):
    """A part of a thing."""

    model_config = ConfigDict(strict=True, extra="forbid")
    count: int = Field(ge=1, le=99)


class ThingNew(BaseModel):
    """A thing to be made."""

    model_config = ConfigDict(strict=True, extra="forbid")
    name: Annotated[str, Field(max_length=100_000)]
    weight: float | None = None
    pieces: list[Piece] = []


class Thing(BaseModel):
    """A thing that is there."""

    name: str
    version: int


async def make(request: Request) -> Response:
    wanted = await body(request, ThingNew)
    return reply(Thing(name=wanted.name, version=1), 201)


async def get(request: Request) -> Response:
    params.path_id(request, "thing")
    return reply(Thing(name="bowl", version=3))


async def change(request: Request) -> Response:
    condition = if_match(request)
    if condition is not None and not condition.matches(3):
        raise errors.VersionMismatch
    return reply(Thing(name="bowl", version=4))


async def things(request: Request) -> Response:
    found = {
        "limit": params.limit(request),
        "after": params.after(request),
        "status": params.status(request, ("active", "ready")),
        "cursor": params.cursor(request),
        "text_cursor": params.text_cursor(request) if "text" in request.query_params else None,
        "q": params.search(request),
        "key": params.idempotency_key(request),
        "who": str(getattr(actor_or_none(request), "user_id", None)),
    }
    return Response(to_json(found), media_type="application/json")


async def me(request: Request) -> Response:
    return reply(Thing(name=str(actor(request).user_id), version=1))


async def shop(request: Request) -> Response:
    return reply(to_json({"named": params.path_shop(request)}), version=2)


async def leave(request: Request) -> Response:
    await optional_body(request, Piece)
    return no_content()


async def busy(_: Request) -> Response:
    raise errors.RateLimited(retry_after_s=7)


async def crash(_: Request) -> Response:
    raise LookupError("select secret from users")


async def upgrade(_: Request) -> Response:
    raise HTTPException(426, headers={"Upgrade": "websocket"})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/things",
        things,
        "List things",
        access="anyone",
        query=(Parameter("limit", "How many.", {"type": "integer"}),),
        refusals=(errors.Invalid,),
    ),
    Endpoint("POST", "/v1/things", make, "Make a thing", body=ThingNew, answer=Thing, status=201),
    Endpoint("GET", "/v1/things/{thing}", get, "Read a thing", access="anyone", answer=Thing),
    Endpoint(
        "PATCH",
        "/v1/things/{thing}",
        change,
        "Change a thing",
        body=ThingNew,
        answer=Thing,
        refusals=(errors.VersionMismatch, errors.OutOfStock),
        headers=(Parameter("If-Match", "The version."),),
    ),
    Endpoint("GET", "/v1/shops/{shop}", shop, "Read a shop", access="anyone"),
    Endpoint("GET", "/v1/me", me, "Who I am", answer=Thing),
    Endpoint("POST", "/v1/auth/logout", leave, "Sign out", access="own", body=Piece, body_required=False, status=204),
    Endpoint("GET", "/busy", busy, "Be busy", access="anyone"),
    Endpoint("GET", "/crash", crash, "Fail", access="anyone"),
)


def authenticate(token: str) -> Actor:
    if token == "old":
        raise errors.TokenExpired
    if token != "good":
        raise errors.Unauthenticated
    return ADA


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"authenticate": authenticate}


def application(*more: BaseRoute) -> Starlette:
    app = Starlette(
        routes=[*starlette_routes(ENDPOINTS), Route("/ws/things", upgrade), *more],
        middleware=[Middleware(Edge, allowed_origins=(ORIGIN,))],
        exception_handlers=problems.EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


@contextlib.contextmanager
def serving(app: Starlette, protocol: type[HttpProtocol] = HttpProtocol, keep_alive_s: int = 75) -> Iterator[int]:
    """Serve on a free port of this machine, which is yielded; it has ended when the block has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        options: dict[str, Any] = {"log_config": None, "timeout_graceful_shutdown": 8, "server_header": False}
        server = uvicorn.Server(uvicorn.Config(app, http=protocol, timeout_keep_alive=keep_alive_s, **options))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(15)
            if thread.is_alive():
                raise RuntimeError("The server did not end.")


@contextlib.contextmanager
def talking(app: Starlette) -> Iterator[httpx2.Client]:
    """A client of the application on a server of its own."""
    with serving(app) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer has to be."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    found: dict[str, Any] = answer.json()
    assert found["code"] == code
    assert found["status"] == status
    assert found["type"] == f"urn:orderflow:problem:{code}"
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer.headers["x-request-id"]
    return found
