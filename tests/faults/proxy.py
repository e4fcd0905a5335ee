"""A proxy for TCP and Unix sockets, between clients and servers, that can hurt all of its links or single ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from tests.faults.link import Link, Place


class Proxy:
    """Stands before one place; `port` is where it listens itself, 0 on a Unix socket."""

    def __init__(self, place: Place) -> None:
        self.port = 0
        self.links: set[Link] = set()
        # Who comes is reset at once, as where nobody listens.
        self.is_closed = False
        self.place = place
        self._hurt: Callable[[Link], None] | None = None
        self._reaching: set[asyncio.Task[None]] = set()

    def hurt(self, how: Callable[[Link], None] | None) -> None:
        """Do this to each link there is and to each that comes, once more when more is known of it; None ends that."""
        self._hurt = how
        for link in tuple(self.links):
            self.look_at(link)

    def let_go(self) -> None:
        """Hurt nobody any more."""
        self.hurt(None)
        self.is_closed = False
        for link in tuple(self.links):
            link.up.let_go()
            link.down.let_go()

    def link_from(self, port: int) -> Link | None:
        """The link of the client that connected from this port."""
        return next((link for link in self.links if link.port == port), None)

    def look_at(self, link: Link) -> None:
        """Do to a link what is to be done to all."""
        if self._hurt is not None:
            self._hurt(link)

    def accept(self, client: asyncio.Transport) -> Link:
        """Somebody has connected."""
        link = Link(client, self.look_at, self.links.discard)
        if self.is_closed:
            link.reset()
            return link
        self.links.add(link)
        self.look_at(link)
        task = asyncio.create_task(link.reach(self.place), name="reach what is behind a proxy")
        self._reaching.add(task)
        task.add_done_callback(self._reaching.discard)
        return link


class _ClientEnd(asyncio.Protocol):
    """The end of who connects, which makes the link."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link = self._proxy.accept(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._link.heard(data)

    def pause_writing(self) -> None:
        self._link.down.pause()

    def resume_writing(self) -> None:
        self._link.down.resume()

    def connection_lost(self, _error: Exception | None) -> None:
        self._link.up.end()


@asynccontextmanager
async def before(place: Place, path: str | None = None) -> AsyncIterator[Proxy]:
    """A proxy before a place, on a free port or at the path of a Unix socket, for as long as the context lasts."""
    loop, proxy = asyncio.get_running_loop(), Proxy(place)
    if path is None:
        listening = await loop.create_server(lambda: _ClientEnd(proxy), "127.0.0.1", 0)
        proxy.port = listening.sockets[0].getsockname()[1]
    else:
        listening = await loop.create_unix_server(lambda: _ClientEnd(proxy), path)
    try:
        yield proxy
    finally:
        listening.close()
        for link in tuple(proxy.links):
            link.reset()
        await asyncio.sleep(0)
