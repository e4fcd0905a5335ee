"""What a process counts of itself: numbers that cost next to nothing until somebody asks for them.

Knows no Prometheus: `metrics.py` makes its text of them. Everything here is counted on the event loop, without locks.
Values of labels are words of our own, few of them: never an id, a path or anything that a client chose.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of all durations."""

MAIL_OUTCOMES: Final = ("sent", "deferred", "given_up", "withdrawn")
"""Taken by Resend; to be tried again; never to be tried again; not needed any more."""


class Count:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, number: int = 1) -> None:
        """Count so many more."""
        self.value += number

    def numbers(self) -> list[float]:
        """The number, as a list of one."""
        return [self.value]


class Times:
    """How long something took, each time: a histogram."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """It took so long, once more."""
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def numbers(self) -> list[float]:
        """How often it fell into each bucket, not cumulated, and the sum in seconds."""
        return [*self._counts, self._sum]


C = TypeVar("C", Count, Times)


class Family(Generic[C]):
    """One metric, with a child for each combination of the values of its labels."""

    def __init__(self, make: type[C], name: str, describes: str, labels: tuple[str, ...]) -> None:
        self.name = name
        self.describes = describes
        self.labels = labels
        self.is_of_times = make is Times
        self._make: type[C] = make
        self._children: dict[tuple[str, ...], C] = {}

    def of(self, *values: str) -> C:
        """The child with these values, made when first asked for; who counts often keeps it."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._make()
        return child

    def begin(self, *values: str) -> None:
        """Have a child for each of the values of its one label: what is at zero until something happens can be seen."""
        for value in values:
            self.of(value)

    def numbers(self) -> dict[tuple[str, ...], list[float]]:
        """What each child has, by the values of its labels."""
        return {values: child.numbers() for values, child in self._children.items()}


class Counts:
    """All that is counted in one process, from its start."""

    def __init__(self) -> None:
        self._families: list[Family[Count] | Family[Times]] = []

        self.requests = self._counted("http_requests", "HTTP requests answered.", "method", "route", "status")
        self.request_times = self._timed(
            "http_request_duration_seconds", "From a request's head to the end of its answer.", "method", "route"
        )

        self.transactions = self._counted("transactions", "Calls of the database.", "kind", "outcome")
        self.transaction_times = self._timed(
            "transaction_duration_seconds", "Calls of the database, waits and retries included.", "kind"
        )
        self.retries = self._counted("transaction_retries", "Calls of the database begun anew.", "cause")
        self.retries.begin("deadlock", "serialization", "lock_timeout", "stale", "lost")
        self.pool_waits = self._timed("pool_wait_seconds", "Waits for a connection to the database.", "pool")
        self.turn_waits = self._timed("turn_wait_seconds", "Waits of orders for their shop's turn.").of()

        self.handshakes = self._counted("socket_handshakes", "WebSockets asked for.", "view", "outcome")
        self.closes = self._counted("socket_closes", "WebSockets that ended.", "view", "code")
        self.feed_lags = self._timed(
            "feed_lag_seconds", "From an event's commit to its last write to a socket that follows live.", "source"
        )
        self.feed_lags.begin("own", "other")

        self.published = self._counted("bus_published", "Events handed to Redis.").of()
        self.heard = self._counted("bus_heard", "Messages heard from Redis.").of()
        self.dropped = self._counted("bus_dropped", "Messages that Redis did not take.").of()
        self.reconnects = self._counted("bus_reconnects", "Times that Redis was heard again after silence.").of()

        self.mails = self._counted("mails", "E-mails, by what became of an attempt to send one.", "outcome")
        self.mails.begin(*MAIL_OUTCOMES)

        self.hashing_waits = self._timed("hashing_wait_seconds", "Waits of passwords for a thread.").of()
        self.hashing_refused = self._counted("hashing_refused", "Passwords refused, since too many waited.").of()

        self.loop_lags = self._timed("event_loop_lag_seconds", "How late the event loop runs what is due.").of()
        self.log_lines_dropped = self._counted("log_lines_dropped", "Log lines that nobody read in time.").of()

    def __iter__(self) -> Iterator[Family[Count] | Family[Times]]:
        """All metrics, in the order in which they are shown."""
        return iter(self._families)

    def _counted(self, name: str, describes: str, *labels: str) -> Family[Count]:
        family = Family(Count, name, describes, labels)
        self._families.append(family)
        return family

    def _timed(self, name: str, describes: str, *labels: str) -> Family[Times]:
        family = Family(Times, name, describes, labels)
        self._families.append(family)
        return family
