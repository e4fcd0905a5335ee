"""All open sockets of a process, and the look once a second at who has lost the right to listen or fell behind."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from orderflow.errors import Unavailable
from orderflow.frames import View
from orderflow.ws.connection import Connection
from orderflow.ws.places import Limits, Places

LOOK_S: Final = 1.0

logger = logging.getLogger(__name__)


class Listeners:
    """The registry of connections.

    `has_ended` tells of a session whether it is over, `staff_of` of shops who may listen to them.
    """

    def __init__(
        self,
        has_ended: Callable[[UUID], bool],
        staff_of: Callable[[Iterable[UUID]], Awaitable[set[tuple[UUID, UUID]]]],
        limits: Limits,
    ) -> None:
        self.places = Places(limits)
        self._has_ended = has_ended
        self._staff_of = staff_of
        self._connections: set[Connection] = set()
        self._open: Counter[View] = Counter()

    def count(self) -> Mapping[View, int]:
        """How many sockets are open, by view."""
        return self._open

    def hold(self, connection: Connection) -> None:
        """Look after a connection until it is over."""
        self._connections.add(connection)
        self._open[connection.view] += 1

    def let_go(self, connection: Connection) -> None:
        """A connection is over."""
        self._connections.discard(connection)
        self._open[connection.view] -= 1
        self.places.give_back(connection.place)

    async def run(self) -> None:
        """Look after all of them, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            # Apart from each other: a database that hangs must not put off what needs none.
            tasks.create_task(self._keep_checking(), name="check the sockets")
            tasks.create_task(self._keep_asking_for_rights(), name="rights of the sockets")

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            now, wall = asyncio.get_running_loop().time(), time.time()
            for connection in tuple(self._connections):
                try:
                    self._check(connection, now, wall)
                except Exception:
                    logger.exception("could not look after a socket")
                    connection.end(1011)

    def _check(self, connection: Connection, now: float, wall: float) -> None:
        if connection.actor is not None and self._has_ended(connection.actor.session_id):
            connection.end(4401)
        connection.check(now, wall)

    async def _keep_asking_for_rights(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._end_those_without_right()
            except Unavailable:
                # Nobody gets a frame while the database is away: whose right is lost is seen when it is back.
                continue
            except Exception:
                logger.exception("could not ask who may still listen")

    async def _end_those_without_right(self) -> None:
        boards = [each for each in self._connections if each.view == "shop" and each.actor is not None]
        if not boards:
            return
        staff = await self._staff_of({board.feed for board in boards})
        for board in boards:
            if board.actor is not None and (board.feed, board.actor.user_id) not in staff:
                board.end(4403)
