"""The lines of the log: JSON for machines, words and colour on a terminal.

Nobody who logs waits for whoever reads standard error: a thread writes, and what it cannot get rid of is dropped and
counted. What is somebody's secret has no place in a line; what the libraries say is cleaned of it all the same.
"""

import contextlib
import json
import logging
import os
import re
import select
import stat
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic_core import PydanticSerializationError, to_json

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

STDERR: Final = 2
# So much a pipe takes at once, whoever else writes into it: lines of several processes never run into each other.
MAX_LINE: Final = select.PIPE_BUF
MAX_FILE_BATCH: Final = 65_536
MAX_WAITING: Final = 10_000
# Lines of so many seconds are written together: a thread that woke up for each would cost more than the line.
GATHER_S: Final = 0.05
CLOSE_S: Final = 1.0

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request or socket that whatever is logged now belongs to."""

_SECRETS: Final = (
    # What PostgreSQL and pydantic quote of a row or a body.
    (re.compile(r"\bDETAIL: .*"), "[detail]"),
    (re.compile(r"\binput_value=.*?, input_type="), "input_value=[value], input_type="),
    (re.compile(r"[^\s@\"'<>()\[\],;:=/]+@[^\s@\"'<>()\[\],;:=/]+"), "[address]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\bbearer[ .]\S+", re.IGNORECASE), "[token]"),
    (re.compile(r"\b[A-Za-z0-9_-]{40,}"), "[token]"),
    (re.compile(r"\?[^\s\"']*=[^\s\"']*"), "?[query]"),
)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_COLOURS: Final = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
# Said without their names on a terminal.
_PLAIN: Final = frozenset({"method", "route", "status", "view"})
# What other handlers than ours, such as those of a test, expect of a record.
_BLANK: Final[dict[str, Any]] = {
    **dict.fromkeys(("pathname", "filename", "module", "funcName"), ""),
    **dict.fromkeys(("stack_info", "thread", "threadName", "process", "processName", "taskName")),
    **{"args": (), "lineno": 0, "msecs": 0.0, "relativeCreated": 0.0},
}


class Line(logging.LogRecord):
    """A record of fields instead of prose: a name for what happened, ids, numbers and times.

    Made on every request, so it leaves out what a LogRecord finds out about its caller, thread and process.
    """

    fields: dict[str, Any]
    exc_info = exc_text = None

    def __init__(self, name: str, level: int, message: str, fields: dict[str, Any]) -> None:
        self.name = name
        self.levelno = level
        self.levelname = logging.getLevelName(level)
        self.msg = message
        self.created = time.time()
        self.fields = fields

    def getMessage(self) -> str:
        # Asked first by all that does not know what a Line is, and then looks for the rest.
        self.__dict__ = {**_BLANK, "exc_info": None, "exc_text": None, **self.__dict__}
        return " ".join((self.msg, *(_said(name, value) for name, value in self.fields.items())))


def say(logger: logging.Logger, message: str, level: int = logging.INFO, /, **fields: Any) -> None:
    """Log one line of fields; those that are None are left out. Fields are ids, numbers and words of our own."""
    if logger.isEnabledFor(level):
        put(logger, message, level, {name: value for name, value in fields.items() if value is not None})


def put(logger: logging.Logger, message: str, level: int, fields: dict[str, Any]) -> None:
    """Log one line of fields, whatever the logger's level."""
    logger.handle(Line(logger.name, level, message, fields))


class Json(logging.Formatter):
    """One JSON object a line, at most 4 KiB long: `at`, `level`, `logger`, `message`, `pid`, and what there is."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = os.getpid()
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, Line):
            # As below, without a detour by a common dictionary.
            head = f'{{"at":"{self._time(record.created)}","level":"{record.levelname}","logger":"{record.name}"'
            tail = f",{_json(record.fields)[1:]}" if record.fields else "}"
            return f'{head},"message":"{record.msg}","pid":{self._pid}{tail}'
        message = clean(record.getMessage())
        said = {} if (about := request_id.get()) is None else {"request_id": about}
        if trace := _trace(self, record):
            said["trace"] = trace
        line = self._sentence(record, message, said)
        if len(line) < MAX_LINE:
            return line
        # What went wrong stands at the end of a trace.
        said["trace"] = trace[-MAX_LINE // 3 :]
        return self._sentence(record, message[: MAX_LINE // 6], said)

    def _sentence(self, record: logging.LogRecord, message: str, said: dict[str, Any]) -> str:
        return _json(
            {
                "at": self._time(record.created),
                "level": record.levelname,
                "logger": record.name,
                "message": message,
                "pid": self._pid,
                **said,
            }
        )

    def _time(self, created: float) -> str:
        second = int(created)
        if second != self._second[0]:
            self._second = (second, datetime.fromtimestamp(second, UTC).isoformat()[:-6])
        return f"{self._second[1]}.{int((created - second) * 1000):03}Z"


class Readable(logging.Formatter):
    """For a person at a terminal: the local time, the level in its colour, and what happened."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage() if isinstance(record, Line) else clean(record.getMessage())
        # A name or a path must not move the cursor.
        message = _CONTROLS.sub(" ", message)
        now = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")[11:23]
        level = f"\x1b[{_COLOURS.get(record.levelname, '0')}m{record.levelname:7}\x1b[0m"
        source = "" if isinstance(record, Line) else f"\x1b[2m{record.name}\x1b[0m "
        trace = _trace(self, record)
        return f"\x1b[2m{now}\x1b[0m {level} {source}{message}" + (f"\n{trace}" if trace else "")


class Handler(logging.Handler):
    """Writes to standard error from a thread of its own; `dropped` counts the lines that found no room."""

    def __init__(self, descriptor: int = STDERR) -> None:
        super().__init__()
        self.dropped = 0
        self._descriptor = descriptor
        # Into a file whole pages go at once; a pipe keeps apart what several processes write only up to its bound.
        self._batch = MAX_FILE_BATCH if stat.S_ISREG(os.fstat(descriptor).st_mode) else MAX_LINE
        self._reported = 0
        self._waiting: deque[bytes] = deque()
        self._bell = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def handle(self, record: logging.LogRecord) -> bool:
        # Without a lock: there is nothing to guard that a deque does not guard itself.
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        try:
            line = self.format(record)
        except Exception as error:
            # Whoever logs has better things to do than to fail because of it.
            line = f'{{"level":"ERROR","logger":"{__name__}","message":"{type(error).__name__} in a log line"}}'
        self._waiting.append(line.encode(errors="backslashreplace") + b"\n")
        if not self._bell.is_set():
            self._bell.set()

    def close(self) -> None:
        """Write what waits, if that can be done soon."""
        self._ending.set()
        self._bell.set()
        self._thread.join(CLOSE_S)
        super().close()

    def _run(self) -> None:
        while not self._ending.is_set() or self._waiting:
            self._bell.wait()
            self._ending.wait(GATHER_S)
            self._bell.clear()
            self._drain()

    def _drain(self) -> None:
        while self._waiting:
            batch = bytearray(self._waiting.popleft())
            while self._waiting and len(batch) + len(self._waiting[0]) <= self._batch:
                batch += self._waiting.popleft()
            _write(self._descriptor, batch)
        if (dropped := self.dropped) > self._reported:
            lost = Line(__name__, logging.WARNING, "log lines dropped", {"count": dropped - self._reported})
            _write(self._descriptor, self.format(lost).encode() + b"\n")
            self._reported = dropped


class QuietSockets(logging.Filter):
    """Drop uvicorn's line for each WebSocket: it repeats the query string and the address, and we have our own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep what is not about a single WebSocket that came or went."""
        return "WebSocket %s" not in str(record.msg) and not str(record.msg).startswith("connection ")


def formatter() -> logging.Formatter:
    """What suits whoever reads standard error."""
    return Readable() if os.isatty(STDERR) else Json()


def configuration(level: Level = "info") -> dict[str, Any]:
    """The configuration of `logging` for a process of orderflow; the level is for our own lines.

    Libraries say at DEBUG what they send and receive, tokens and bodies included, so they never get there.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{__name__}.formatter"}},
        "filters": {"quiet_sockets": {"()": f"{__name__}.QuietSockets"}},
        "handlers": {"stderr": {"()": f"{__name__}.Handler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "orderflow": {"level": level.upper()},
            "uvicorn": {"level": "INFO"},
            "uvicorn.error": {"filters": ["quiet_sockets"]},
            "alembic": {"level": "WARNING"},
        },
    }


def dropped() -> int:
    """How many lines of this process found no room."""
    return sum(each.dropped for each in logging.getLogger().handlers if isinstance(each, Handler))


def clean(text: str) -> str:
    """Text of unknown origin without what looks like an address, a token or a piece of somebody's data."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return clean(formatter.formatException(record.exc_info)) if record.exc_info else ""


def _said(name: str, value: Any) -> str:
    if name == "ms":
        return f"{value:g} ms"
    return str(value) if name in _PLAIN else f"{name}={value}"


def _json(said: Mapping[str, Any]) -> str:
    try:
        return to_json(said, fallback=str).decode()
    except (PydanticSerializationError, UnicodeError):
        # A lone surrogate: a path of odd bytes, in a message of the system.
        return json.dumps(said, default=str)


def _write(descriptor: int, data: bytes | bytearray) -> None:
    """Write all of it, however long that takes; what nobody will ever read is let go."""
    with contextlib.suppress(OSError):
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                # Whoever shares this terminal or pipe with us has set it so.
                select.select([], [descriptor], [])
