"""One WebSocket as a page has it: comes back, resumes where it was, shows each new token, believes the beats."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from orderflow.demo.api import delay_s, is_near, retry_after_s
from orderflow.demo.person import Person

Frame = dict[str, Any]

PROTOCOL: Final = Subprotocol("orderflow.v1")
STAY_AWAY: Final = frozenset({4400, 4403, 4404})
TOKEN_REFUSED: Final = 4401
# Between two beats, until the first one has told how often they come; and how long the network may take.
USUAL_BEAT_S: Final = 10.0
NETWORK_S: Final = 5.0
CLOSING_S: Final = 1.0


class StayAway(Exception):
    """The server does not want this listener, and coming back as it is would not help."""


class Feed:
    """One channel; each frame but the beats is handed to `take`."""

    def __init__(self, url: str, path: str, take: Callable[[Frame], None], person: Person | None = None) -> None:
        self._address = f"{url.replace('http', 'ws', 1)}{path}"
        self._take = take
        self._person = person
        self._epoch: str | None = None
        self._seq = 0
        self._head = 0
        self._attempt = 0
        self._beat_s = USUAL_BEAT_S
        self._shown: str | None = None
        self._refused: str | None = None

    async def run(self) -> NoReturn:
        """Listen for as long as the task lives.

        Raises:
            StayAway: the server does not want this.
            Refused: nobody is signed in, and cannot be.
        """
        while True:
            asked_s = 0.0
            try:
                await self._listen()
            except ConnectionClosed:
                pass
            except InvalidStatus as error:
                asked_s = retry_after_s(error.response.headers)
            except (OSError, TimeoutError, WebSocketException):
                pass
            await asyncio.sleep(asked_s + delay_s(self._attempt))
            self._attempt += 1

    async def _listen(self) -> None:
        """Open the socket and hear what it says until it ends or breaks its promise."""
        self._shown = await self._person.token(self._refused) if self._person else None
        offered = [PROTOCOL, Subprotocol(f"bearer.{self._shown}")] if self._shown else [PROTOCOL]
        query = f"?{urlencode({'after': self._seq, 'epoch': self._epoch})}" if self._epoch else ""
        opening = connect(
            self._address + query,
            subprotocols=offered,
            compression=None,
            max_size=None,
            close_timeout=CLOSING_S,
            proxy=None if is_near(self._address) else True,
        )
        async with opening as socket:
            self._head = 0
            try:
                while await self._hear(socket):
                    pass
            except ConnectionClosed:
                self._judge(socket.close_code or 1006)
                raise
            except asyncio.CancelledError:
                # As a page that is closed does; left to itself the socket would speak of a fault.
                await socket.close(CloseCode.GOING_AWAY)
                raise

    async def _hear(self, socket: ClientConnection) -> bool:
        """Take one frame; return whether the socket keeps its promise."""
        async with asyncio.timeout(2 * self._beat_s + NETWORK_S):
            frame = json.loads(await socket.recv())
        if frame["type"] != "beat":
            self._take(frame)
        if frame["type"] == "snapshot":
            self._epoch, self._seq = frame["epoch"], frame["seq"]
        elif "seq" in frame:
            self._seq = max(self._seq, frame["seq"])
        if frame["type"] == "beat":
            self._attempt = 0
            self._beat_s = frame.get("every_s", USUAL_BEAT_S)
            if frame["seq"] < self._head:
                return False
            self._head = frame["head"]
        await self._show_new_token(socket)
        return True

    async def _show_new_token(self, socket: ClientConnection) -> None:
        token = await self._person.token() if self._person else None
        if token is not None and token != self._shown:
            self._shown = token
            await socket.send(json.dumps({"type": "auth", "token": token}))

    def _judge(self, code: int) -> None:
        if code in STAY_AWAY:
            raise StayAway(f"{self._address} was closed with {code}")
        if code == TOKEN_REFUSED:
            self._refused = self._shown


@asynccontextmanager
async def listening(feed: Feed) -> AsyncIterator[None]:
    """Listen while the context lasts; what ends the listening ends the context."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(feed.run(), name="listen")
        try:
            yield
        finally:
            task.cancel()
