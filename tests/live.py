"""The application on a real uvicorn inside the test's own loop, with WebSocket clients that look at every frame."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, Self

import httpx2
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from orderflow import serving
from orderflow.app import create_app
from orderflow.settings import Settings
from tests.people import People, Person

SUBPROTOCOL = "orderflow.v1"
PATIENCE_S = 30.0


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with nullcontext():
            yield


class Live(People):
    """A running server: its HTTP and its sockets. `server` is there if it runs in the test's own process."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        super().__init__(client)
        self.server: uvicorn.Server | None = None
        self.url = url
        self.sockets: list[Socket] = []

    async def socket(self, path: str, who: Person | None = None, **options: Any) -> "Socket":
        """Open a WebSocket, with the token of whoever listens."""
        headers = {"Authorization": f"Bearer {who.token}"} if who else {}
        headers |= options.pop("headers", {})
        options.setdefault("subprotocols", [SUBPROTOCOL])
        # Frames that a test leaves unread must not keep the client from seeing the close.
        options.setdefault("max_queue", None)
        address = self.url.replace("http", "ws", 1) + path
        opened = await connect(
            address, additional_headers=headers, proxy=None, compression=None, open_timeout=PATIENCE_S, **options
        )
        self.sockets.append(Socket(opened))
        return self.sockets[-1]

    async def has_sockets(self, count: int) -> None:
        """Wait until so many sockets are open, by the server's own figures."""
        async with asyncio.timeout(PATIENCE_S):
            while sum(await self._open_sockets()) != count:
                pass

    async def _open_sockets(self) -> list[float]:
        lines = (await self.client.get("/metrics")).text.splitlines()
        return [float(line.rpartition(" ")[2]) for line in lines if line.startswith("orderflow_sockets{")]

    async def close(self) -> None:
        """Close all sockets that the test left open."""
        for each in self.sockets:
            await each.connection.close()


class Socket:
    """A WebSocket client; `position` is the highest seq of any frame that it has seen."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.position = 0
        self.epoch = ""

    async def frame(self, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next frame, whatever it is."""
        async with asyncio.timeout(patience_s):
            text = await self.connection.recv()
        found: dict[str, Any] = json.loads(text)
        self.position = max(self.position, found.get("seq", 0))
        self.epoch = found.get("epoch", self.epoch)
        return found

    async def event(self, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next frame that is not a beat."""
        while True:
            found = await self.frame(patience_s)
            if found["type"] != "beat":
                return found

    async def beat(self) -> dict[str, Any]:
        """The next beat; nothing else may come before it."""
        found = await self.frame()
        assert found["type"] == "beat", found
        return found

    async def until(self, fact: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """All events up to one of which the fact is true."""
        found = [await self.event()]
        while not fact(found[-1]):
            found.append(await self.event())
        return found

    async def close_code(self) -> int:
        """Wait until the server closes it."""
        async with asyncio.timeout(30):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code or 1006

    async def is_open(self) -> bool:
        """Whether the server still answers on it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await (await self.connection.ping())
        except ConnectionClosed:
            return False
        return True

    async def say(self, message: Any) -> None:
        """Send text as it is, anything else as JSON."""
        await self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def resume(self) -> str:
        """The query that resumes from here."""
        return f"?after={self.position}&epoch={self.epoch}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()


@asynccontextmanager
async def running(settings: Settings, protocol: str | None = None, **changed: Any) -> AsyncIterator[Live]:
    """The whole application on a free port; `protocol` is another WebSocket protocol of uvicorn's than ours."""
    with serving.listen("127.0.0.1", 0) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        chosen = settings.model_copy(update={"public_url": url, **changed})
        config = serving.configured(chosen, create_app(chosen))
        config.ws = protocol or config.ws
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[taken]), name="uvicorn")
        async with asyncio.timeout(PATIENCE_S):
            while not server.started:
                await asyncio.sleep(0.005)
                assert not task.done() or task.result()
        try:
            async with visiting(url) as live:
                live.server, live.db = server, server.lifespan.state["db"]
                yield live
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Live]:
    """A server that runs already, in a process of its own."""
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        live = Live(client, url)
        try:
            yield live
        finally:
            await live.close()
