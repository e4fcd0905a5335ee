"""The coming and going of sockets, for the log and the figures: a line and a count for each of both."""

import logging
import time
from typing import Any, Final

from starlette.types import Scope

from orderflow import logs
from orderflow.counts import Counts
from orderflow.frames import View
from orderflow.ws.connection import Connection

# All that we close with, and what browsers and our own pages do: anything else that a client chose is "other".
CODES: Final = frozenset({1000, 1001, 1005, 1006, 1009, 1011, 1012, 1013, 4400, 4401, 4403, 4404, 4408, 4429})
REFUSALS: Final = {4401: "unauthenticated", 4403: "forbidden", 4404: "not_found", 1013: "unavailable"}

logger = logging.getLogger(__name__)


class Visit:
    """One socket from its handshake to its end; `view` is None on a path that has none."""

    __slots__ = ("_began", "_connection", "_counts", "_id", "_view")

    def __init__(self, scope: Scope, view: View | None, counts: Counts) -> None:
        self._view = view or "none"
        self._counts = counts
        self._id: str = scope["state"]["request_id"]
        self._began = time.perf_counter()
        self._connection: Connection | None = None

    def open(self, connection: Connection) -> None:
        """It may listen."""
        self._connection = connection
        self._counts.handshakes.of(self._view, "opened").add()
        logs.say(logger, "socket opened", view=self._view, **self._ids())

    def refuse(self) -> None:
        """It was refused before the handshake, since pages of its origin may not listen."""
        self._counts.handshakes.of(self._view, "bad_origin").add()
        logs.say(logger, "socket refused", view=self._view, status=403, **self._ids())

    def close(self, code: int) -> None:
        """It has ended, with this close code."""
        frames = self._connection.frames if self._connection else 0
        if self._connection is None:
            self._counts.handshakes.of(self._view, REFUSALS.get(code, "lost")).add()
        self._counts.closes.of(self._view, str(code) if code in CODES else "other").add()
        ms = round((time.perf_counter() - self._began) * 1000, 2)
        logs.say(logger, "socket closed", view=self._view, code=code, frames=frames, ms=ms, **self._ids())
        # It knows this one, and would wait for the garbage collector.
        self._connection = None

    def _ids(self) -> dict[str, Any]:
        connection = self._connection
        if connection is None:
            return {"connection_id": self._id}
        user = connection.actor and connection.actor.user_id
        shop = None if self._view == "customer" else connection.feed
        return {"connection_id": self._id, "user_id": user, "shop_id": shop}
