"""What is counted and written down of each request: by its route's template, never by its path, with ids and no more.

Neither the log nor the figures ever get a query, a header, a body, an address or a name.
"""

import logging
import time
from typing import Any, Final

from starlette.types import Scope

from orderflow import logs, text
from orderflow.counts import Count, Counts, Times

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
UNMATCHED: Final = "unmatched"
"""The route of a request whose path is none of ours."""
UNREADABLE: Final = "unreadable"
"""The route of what was refused before it was a request: too large, too slow, or no HTTP at all."""
_NONE: Final = "none"
# These are answered whatever they are called: what stands there may be anything, an address or 8 KiB.
_PAGES: Final = "/shops/"

# Twenty to forty for each page that is opened, and a few each minute from machines that watch, would hide all else.
_FILES: Final = "/static/"
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})

logger = logging.getLogger(__name__)


class Records:
    """The records of a process, of all its requests."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._kept: dict[tuple[str, str, int | None], tuple[Count, Times, int]] = {}

    def note(self, scope: Scope, status: int | None, began: float, location: bytes = b"") -> None:
        """Note a request that is over: its status, None if the client went away, and when it began (perf_counter).

        `location` is the answer's header, which names what was made.
        """
        seconds = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in METHODS else "other"
        answers, times, level = self._kept.get((method, route, status)) or self._keep(method, route, status)
        answers.value += 1
        times.observe(seconds)
        if logger.isEnabledFor(level):
            said = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 2)}
            logs.put(logger, "request", level, said | _ids(scope, route, status, location))

    def _keep(self, method: str, route: str, status: int | None) -> tuple[Count, Times, int]:
        answers, times = (
            self._counts.requests.of(method, route, _class(status)),
            self._counts.request_times.of(method, route),
        )
        found = self._kept[method, route, status] = answers, times, _level(route, status)
        return found


def _level(route: str, status: int | None) -> int:
    if status is not None and status >= 500:
        return logging.WARNING
    is_usual = route in _PROBES or route.startswith(_FILES)
    return logging.DEBUG if is_usual and status is not None and status < 400 else logging.INFO


def refuse(counts: Counts | None, status: int, request_id: str) -> None:
    """Note what was refused before it was a request."""
    if counts is not None:
        counts.requests.of(_NONE, UNREADABLE, _class(status)).add()
    logs.say(logger, "request", route=UNREADABLE, status=status, request_id=request_id)


def _ids(scope: Scope, route: str, status: int | None, location: bytes) -> dict[str, Any]:
    """Who asked, and about what; a shop named by its slug is named only where there is such a shop."""
    state = scope["state"]
    ids: dict[str, Any] = {"request_id": state["request_id"]}
    if (actor := state.get("actor")) is not None:
        ids["user_id"] = actor.user_id
    for name, value in scope.get("path_params", {}).items():
        if text.is_uuid(value):
            ids[f"{name}_id"] = value
        elif name == "shop" and status is not None and status < 400 and not route.startswith(_PAGES):
            ids["shop"] = value
    if location:
        # Of what was made, such as /v1/orders/{order}.
        *_, kind, made = location.decode("latin-1").split("/")
        ids[f"{kind.removesuffix('s')}_id"] = made
    return ids


def _class(status: int | None) -> str:
    return _NONE if status is None else f"{status // 100}xx"
