"""Endpoints: one method on one path, with all that the routes and the OpenAPI document need to know of it."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from orderflow.credentials import Actor
from orderflow.errors import Refusal, Unauthenticated
from orderflow.http import headers

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Access: TypeAlias = Literal["anyone", "signed_in", "own"]

_BEARER: Final = re.compile(rb"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header of an endpoint, for the document."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path.

    `access` is who may call it: `own` leaves Authorization to the handler. `body` and `answer` are the models that it
    takes and gives, the latter with `status` and whatever is in `also`; `refusals` are those beyond what every endpoint
    of its kind may answer; `path_parameters` those of the path that are neither a shop nor an id.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    access: Access = "signed_in"
    body: type[BaseModel] | None = None
    body_required: bool = True
    answer: type[BaseModel] | None = None
    status: int = 200
    also: tuple[int, ...] = ()
    refusals: tuple[type[Refusal], ...] = ()
    path_parameters: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    answer_headers: tuple[Parameter, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    media_type: str = "application/json"
    body_example: Any = None
    answer_example: Any = None


def starlette_routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    """One Route per path, in the order in which the paths first come.

    Two Routes on one path would let a 405 name only the methods of the first.
    """
    paths: dict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in endpoints:
        paths[endpoint.path].append(endpoint)
    return [Route(path, Resource(found)) for path, found in paths.items()]


class Resource:
    """All methods of one path, as an ASGI application."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints = {endpoint.method: endpoint for endpoint in endpoints}
        if get := self.endpoints.get("GET"):
            self.endpoints.setdefault("HEAD", get)
        self.allow = ", ".join(sorted({*self.endpoints, "OPTIONS"}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self.endpoints.get(scope["method"])
        if endpoint is None:
            response = self._without_endpoint(scope["method"])
        else:
            request = Request(scope, receive, send)
            if endpoint.access != "own":
                _identify(request, required=endpoint.access == "signed_in")
            response = await endpoint.handler(request)
        await response(scope, receive, send)

    def _without_endpoint(self, method: str) -> Response:
        if method != "OPTIONS":
            raise HTTPException(405, headers={"Allow": self.allow})
        return Response(status_code=204, headers={"Allow": self.allow})


def actor(request: Request) -> Actor:
    """Who asks, at an endpoint for those who are signed in."""
    found: Actor | None = request.scope["state"].get("actor")
    if found is None:
        raise Unauthenticated
    return found


def actor_or_none(request: Request) -> Actor | None:
    """Who asks, at an endpoint for anyone."""
    found: Actor | None = request.scope["state"].get("actor")
    return found


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header, None without that header.

    Raises:
        Unauthenticated: it is given twice, or is anything but one bearer token.
    """
    given = headers.values(request.scope, b"authorization")
    if not given:
        return None
    found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise Unauthenticated
    return found[1].decode()


def _identify(request: Request, *, required: bool) -> None:
    """Set `state["actor"]`. A bad token is refused even where none is needed: its sender believes to be signed in."""
    state = request.scope["state"]
    state["actor"] = None
    token = bearer_token(request)
    if token is not None:
        state["actor"] = state["authenticate"](token)
    elif required:
        raise Unauthenticated
