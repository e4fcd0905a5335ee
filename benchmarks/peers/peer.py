"""What a server has to be for the benchmark: something that is installed, runs, and has a channel for boards."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from benchmarks import messages
from benchmarks.cores import Cores

# The programs that are measured, where they are ours.
APPS: Final = Path(__file__).parent / "apps"


class Lacking(Exception):
    """A server, or a part of it, cannot be had here; the message says which and why."""


@dataclass(frozen=True)
class Board:
    """How sockets open on one channel, and how a message gets into it."""

    port: int
    path: str
    publish_port: int
    # Sent in turn, with messages.MARK in place of a message's number.
    requests: list[bytes]
    # Whose CPU and memory this costs: the server first.
    pids: list[int]
    answers: Literal["http", "redis"] = "http"
    number_after: str = messages.ITEM_BEGINS
    first_number: int = messages.FIRST
    # How many may be without an answer at once.
    outstanding: int = 8
    headers: tuple[str, ...] = ()
    # Sent by each socket after its handshake, and what the message that opens it begins with.
    hello: str | None = None
    ready: str | None = None
    # To be called once all sockets are open, before the first message.
    before_publishing: Callable[[], None] | None = None


class Running(Protocol):
    """A server that runs."""

    def board(self) -> Board:
        """A channel on which items change."""

    def order_board(self) -> Board:
        """A channel on which orders move."""


class Peer(Protocol):
    """A server that can be measured."""

    name: str
    about: str

    def install(self, cache: Path) -> str:
        """Bring what it needs into the cache, unless it is there; return its version.

        Raises: Lacking.
        """

    def running(self, place: Path, cores: Cores) -> AbstractContextManager[Running]:
        """Run it for as long as the context lasts, with its files in an empty directory.

        Raises: Lacking if it does not start.
        """


@dataclass(frozen=True)
class HttpPublished:
    """A server with one channel, that publishes the body of a POST to /publish."""

    shape: Board

    def board(self) -> Board:
        return self._publishing(messages.item_frame(), messages.ITEM_BEGINS)

    def order_board(self) -> Board:
        return self._publishing(messages.order_frame(), messages.ORDER_BEGINS)

    def _publishing(self, text: str, number_after: str) -> Board:
        requests = [messages.post(self.shape.port, "/publish", text)]
        return replace(self.shape, requests=requests, number_after=number_after)


def http_published(
    port: int, pids: list[int], path: str = "/ws", *, hello: str | None = None, ready: str | None = None
) -> HttpPublished:
    """Describe such a server."""
    return HttpPublished(Board(port, path, port, [], pids, hello=hello, ready=ready))
