"""Subscribers as the contract wants clients to be: they resume by position, wait with full jitter, watch the beats."""

import asyncio
import contextlib
import json
import random
import socket
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.faults.fold import Frame, Picture, View, mark
from tests.faults.ledger import Record, Session, seen
from tests.faults.link import Link
from tests.faults.proxy import Proxy

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 20.0
OPEN_S: Final = 5.0
# For the first beat: a snapshot may take a while.
FIRST_BEAT_S: Final = 15.0
# What a busy machine may add to two beats.
SLACK_S: Final = 1.0
# All that a server may end a connection with while it, its database or the line fails.
EXPECTED: Final = frozenset({1001, 1006, 1011, 1012, 1013, 4408})


class Subscriber:
    """One client of one channel, through the proxies before the servers."""

    def __init__(
        self, name: str, view: View, feed: str, path: str, token: str, gates: Sequence[Proxy], beat_s: float
    ) -> None:
        self.record = Record(name, view, feed)
        self.position = 0
        self.ends: Counter[str] = Counter()
        self.complaints: list[str] = []
        # When it heard too little on a connection that nobody had interfered with.
        self.neglected_at: list[float] = []
        self.is_live = False
        # After how many bytes each of the next connections is cut, and how many were.
        self.cuts: deque[int] = deque()
        self.times_cut = 0
        self.link: Link | None = None
        self._path = path
        self._token = token
        self._gates = gates
        self._beat_s = beat_s
        self.epoch = ""
        self._picture = Picture(view)
        self._away_s = 0.0
        self._is_over = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._chance = random.Random(name)  # noqa: S311 - spreads reconnects, guards nothing

    async def run(self) -> None:
        """Listen, and come back whenever it ends, until cancelled."""
        attempt = 0
        while True:
            attempt = 0 if await self.visit() else attempt + 1
            wait_s = self._chance.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))
            away_s, self._away_s = self._away_s, 0.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), away_s or wait_s)

    async def visit(self) -> bool:
        """Listen on one connection, until it ends; whether it has ever caught up."""
        try:
            with self._counted():
                await self._listen()
            return self.is_live
        finally:
            self.is_live = False

    def leave(self, away_s: float) -> None:
        """Drop the connection without a word, and be away for so long; for 0 s it is back at once, without jitter."""
        self._away_s = away_s or 1e-9
        if self._connection is not None:
            self._connection.transport.abort()

    def come_back(self) -> None:
        """All is well from now on: wait for nothing, and be cut no more."""
        self.cuts.clear()
        self._is_over.set()

    def finish(self) -> None:
        """Put down what its page shows at the end."""
        self.record.shows = mark(self._picture.state())

    async def _listen(self) -> None:
        session, gate = Session(), self._chance.choice(self._gates)
        raw, link = await self._connected(gate)
        self.link = link
        if self.cuts:
            link.down.cut_after(self.cuts.popleft())
            self.times_cut += 1
        try:
            await self._visit(raw, gate, session)
        except (TimeoutError, _Deaf):
            if link.hurt_at is None:
                self.neglected_at.append(asyncio.get_running_loop().time())
            raise
        finally:
            self.link = self._connection = None
            now = asyncio.get_running_loop().time()
            session.harmed_at = now if link.hurt_at is None else min(now, link.hurt_at)

    async def _connected(self, gate: Proxy) -> tuple[socket.socket, Link]:
        """Connect before the handshake, so that the link is known before a byte of its answer has passed."""
        raw = socket.socket()
        try:
            raw.setblocking(False)
            async with asyncio.timeout(OPEN_S):
                await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", gate.port))
                while (link := gate.link_from(raw.getsockname()[1])) is None:
                    await asyncio.sleep(0)
        except BaseException:
            raw.close()
            raise
        return raw, link

    async def _visit(self, raw: socket.socket, gate: Proxy, session: Session) -> None:
        query = f"?after={self.position}&epoch={self.epoch}" if self.epoch else ""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        opening = connect(
            f"ws://127.0.0.1:{gate.port}{self._path}{query}",
            sock=raw,
            subprotocols=["orderflow.v1"],  # type: ignore[list-item]  # a NewType of str
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=1,
            ping_interval=None,
            max_queue=None,
        )
        async with opening as self._connection:
            self.record.sessions.append(session)
            await self._hear(self._connection, session)

    async def _hear(self, connection: ClientConnection, session: Session) -> None:
        loop = asyncio.get_running_loop()
        patient_until, promised = loop.time() + FIRST_BEAT_S, 0
        while True:
            async with asyncio.timeout_at(patient_until):
                frame = json.loads(await connection.recv())
            now = loop.time()
            session.frames.append(seen(now, self.record.view, frame))
            self._take(frame)
            if frame["type"] == "beat":
                if not self.is_live:
                    self.is_live, session.caught_up_at = True, now
                if frame["seq"] < promised:
                    raise _Deaf
                promised, patient_until = frame["head"], now + 2 * self._beat_s + SLACK_S

    def _take(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            # In a restored database it may be before where one was.
            self.epoch, self.position = frame["epoch"], frame["seq"]
            self._picture.begin(frame)
            return
        if frame["type"] in ("order", "item", "shop"):
            self._picture.take(frame)
        self.position = max(self.position, frame["seq"])

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Whatever ends a connection is an end like any other; some ends nothing that happens here explains."""
        try:
            yield
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else 1006
            self.ends[str(code)] += 1
            if code not in EXPECTED:
                self.complaints.append(f"{self.record.name} was closed with {code}")
        except TimeoutError:
            self.ends["silence"] += 1
        except _Deaf:
            self.ends["deaf"] += 1
        except (OSError, EOFError, InvalidHandshake, InvalidMessage) as error:
            self.ends[type(error).__name__] += 1


class _Deaf(Exception):
    """A beat tells of less than the one before it had promised."""
