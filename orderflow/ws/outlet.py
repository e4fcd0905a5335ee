"""How frames reach a client: through the handle of our own protocol, or through ASGI alone under another server."""

import asyncio
from typing import Final, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from orderflow.ws.encoding import texts_of
from orderflow.ws.protocol import LINGER_S, Handle, handle_of


class Outlet(Protocol):
    """What a connection needs of its socket."""

    @property
    def handle(self) -> Handle | None:
        """Where there is one, the socket can be written to at any time, without a task."""

    async def send(self, frames: bytes) -> None:
        """Write finished frames, once the client takes them.

        Raises:
            WebSocketDisconnect: it is gone.
        """

    async def closed(self, code: int) -> None:
        """Close it, if it is open, without waiting for a client that does not read."""


class Direct:
    """An outlet on our own protocol."""

    __slots__ = ("handle",)

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    async def send(self, frames: bytes) -> None:
        await self.handle.drained()
        self.handle.write(frames)

    async def closed(self, code: int) -> None:
        self.handle.close(code)


class ThroughAsgi:
    """An outlet on whatever server there is."""

    handle: Final = None

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, frames: bytes) -> None:
        try:
            for text in texts_of(frames):
                await self._socket.send_text(text)
        except RuntimeError as error:
            # The server has closed it in between.
            raise WebSocketDisconnect(1006) from error

    async def closed(self, code: int) -> None:
        try:
            async with asyncio.timeout(LINGER_S):
                await self._socket.close(code)
        except (RuntimeError, WebSocketDisconnect, TimeoutError):
            # It is closed already, or its peer does not read.
            return


def outlet_of(socket: WebSocket) -> Outlet:
    """The best way out of an accepted socket."""
    handle = handle_of(socket.scope)
    return Direct(handle) if handle else ThroughAsgi(socket)
