"""Who may listen to what: the four channels, what each shows, and every refusal as a close code.

The checks of a handshake stand here in their order: Origin, path, token, shop, right.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from orderflow import origins, rights, text
from orderflow.credentials import Actor
from orderflow.errors import Forbidden, NotFound, RateLimited, Refusal, Unauthenticated, Unavailable
from orderflow.frames import View
from orderflow.ws.connection import Asked, Connection
from orderflow.ws.outlet import outlet_of
from orderflow.ws.visits import Visit

SUBPROTOCOL: Final = "orderflow.v1"
BEARER: Final = "bearer."

CLOSE_CODES: Final[dict[type[Refusal], int]] = {
    Unauthenticated: 4401,
    Forbidden: 4403,
    NotFound: 4404,
    RateLimited: 4429,
    Unavailable: 1013,
}
"""4000 and the HTTP status that says the same; 1013 asks to come back later."""

_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Channel:
    """A path, the view that it shows, and whether it is for anyone."""

    path: str
    view: View
    is_public: bool


CHANNELS: Final = (
    Channel("/ws/shops/{shop}", "shop", is_public=False),
    Channel("/ws/shops/{shop}/pickup", "pickup", is_public=True),
    Channel("/ws/shops/{shop}/menu", "menu", is_public=True),
    Channel("/ws/customers/me", "customer", is_public=False),
)
_PATHS: Final = [(compile_path(channel.path)[0], channel) for channel in CHANNELS]


async def sockets(scope: Scope, receive: Receive, send: Send) -> None:
    """The channels as an ASGI application for WebSockets; a path that is none of them is closed with 4404.

    Without Starlette's layers for routes and exceptions, which were a twelfth of what a handshake costs.
    """
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    for regex, channel in _PATHS:
        if match := regex.match(path):
            scope["path_params"] = match.groupdict()
            await _endpoint(channel, WebSocket(scope, receive, send))
            return
    await _endpoint(None, WebSocket(scope, receive, send))


async def feed_to_hear(channel: Channel, socket: WebSocket, actor: Actor | None) -> UUID:
    """Decide who may listen: the id of the feed that the channel shows to this person.

    Raises:
        Unauthenticated: it is not for anyone, and nobody is signed in.
        NotFound: there is no such shop.
        Forbidden: a shop's own channel is for its staff.
    """
    if channel.view == "customer":
        if actor is None:
            raise Unauthenticated
        return actor.user_id
    named = text.shop_named(socket.path_params["shop"])
    if named is None:
        raise NotFound
    if actor is None and not channel.is_public:
        raise Unauthenticated
    asked = (named, None if actor is None else actor.user_id)
    # Of a thousand boards that come back at once, few read this for all.
    found = (await socket.state.at_shops(asked)).get(asked)
    if found is None:
        raise NotFound
    return found.shop_id if channel.is_public else rights.staffed(found)


async def _endpoint(channel: Channel | None, socket: WebSocket) -> None:
    visit = Visit(socket.scope, channel.view if channel else None, socket.state.counts)
    if not origins.may_open(socket.headers.getlist("origin"), socket.headers.get("host"), socket.state.settings):
        # Before the handshake, so an answer of HTTP.
        visit.refuse()
        refusal = Forbidden("Pages of this origin may not listen here.")
        await socket.send_denial_response(socket.state.refused(socket.scope, refusal))
        return
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    try:
        await _serve(channel, socket, visit)
    except Refusal as refusal:
        code = _close_code(refusal)
        await outlet_of(socket).closed(code)
        visit.close(code)
    except WebSocketDisconnect:
        visit.close(1006)


async def _serve(channel: Channel | None, socket: WebSocket, visit: Visit) -> None:
    if channel is None:
        raise NotFound
    state = socket.state
    actor = None if channel.is_public else state.authenticate(_token(socket))
    place = state.listeners.places.take(actor and actor.user_id, socket.client.host if socket.client else "")
    try:
        feed = await feed_to_hear(channel, socket, actor)
    except BaseException:
        state.listeners.places.give_back(place)
        raise
    connection = Connection(outlet_of(socket), state.surroundings, channel.view, feed, actor, place, visit.close)
    visit.open(connection)
    state.listeners.hold(connection)
    await connection.serve(_asked(socket), socket)


def _token(socket: WebSocket) -> str:
    """The access token: of the Authorization header, or else of a page's second subprotocol."""
    given = socket.headers.getlist("authorization")
    if given:
        scheme, _, token = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated
        return token.strip()
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(BEARER):
            return str(offered[len(BEARER) :])
    raise Unauthenticated


def _asked(socket: WebSocket) -> Asked | None:
    query = parse_qs(socket.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    after, epoch = query.get("after", []), query.get("epoch", [])
    if len(after) != 1 or len(epoch) != 1 or not _DIGITS.fullmatch(after[0]):
        return None
    return Asked(epoch[0], int(after[0]))


def _close_code(refusal: Refusal) -> int:
    return next((code for kind, code in CLOSE_CODES.items() if isinstance(refusal, kind)), 1011)
