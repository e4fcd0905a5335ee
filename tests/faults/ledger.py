"""What was acknowledged, what the database holds and what each subscriber saw, and whether it fits together.

Pure: recorded facts in, counts out. It knows no clock, no network and none of orderflow's own code.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from tests.faults.fold import Frame, Picture, View, mark, state_mark

# What identifies an event wherever it is told: `order`, `item` or `shop`, its id, and the version that came of it.
Key: TypeAlias = tuple[str, str, int]
# What somebody asked for and got no answer to: `order`, `item` or `shop`, its id (of a new item the name), and to which
# status; `placed` with the customer's id.
Attempt: TypeAlias = tuple[str, str, str]

NOTES: Final = 40


class Seen(NamedTuple):
    """A frame as a subscriber got it; `mark` is of the whole event, of a snapshot's state, and empty for others."""

    at: float
    type: str
    seq: int
    mark: bytes = b""
    head: int = 0


class Change(NamedTuple):
    """A change that was answered as done; `is_silent` if nobody rang for it."""

    key: Key
    at: float
    is_silent: bool = False


@dataclass
class Session:
    """One connection of a subscriber: when it had caught up, and when somebody began to tamper with it or it ended."""

    frames: list[Seen] = field(default_factory=list)
    caught_up_at: float = math.inf
    harmed_at: float = math.inf


@dataclass
class Record:
    """All that one subscriber saw, and the mark of what its page shows at the end."""

    name: str
    view: View
    feed: str
    sessions: list[Session] = field(default_factory=list)
    shows: bytes = b""


@dataclass
class Counts:
    """How often something was not as promised; each has to be 0."""

    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    skipped: int = 0
    phantom: int = 0
    unequal: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, note: str, times: int = 1) -> None:
        """Count something, and keep what it was."""
        if times:
            setattr(self, kind, getattr(self, kind) + times)
            if len(self.notes) < NOTES:
                self.notes.append(f"{kind}: {note}" + (f" ({times} times)" if times > 1 else ""))

    @property
    def six(self) -> tuple[int, int, int, int, int, int]:
        return self.lost, self.duplicated, self.out_of_order, self.skipped, self.phantom, self.unequal


class Told:
    """What one view of one feed tells in all, by the events that the database holds.

    `at_seqs` are the seqs of the snapshots that anybody saw: their states are kept.
    """

    def __init__(self, view: View, first: Frame, at_seqs: Collection[int]) -> None:
        self.head = 0
        self.marks: dict[int, bytes] = {}
        self.states: dict[int, bytes] = {}
        self._seqs: list[int] = []
        self._at_seqs = {*at_seqs, 0}
        self._picture = Picture(view)
        self._picture.begin(first)
        self._keep_state()

    def take(self, seq: int, frame: Frame | None) -> None:
        """The next event, as the view shows it, or None where it shows nothing."""
        self.head = seq
        if frame is not None:
            self._picture.take(frame)
            self.marks[seq] = mark(frame)
            self._seqs.append(seq)
        self._keep_state()

    def end(self) -> bytes:
        """The mark of what a page shows that was told everything."""
        return mark(self._picture.state())

    def between(self, after: int, until: int) -> list[int]:
        """The seqs that are shown, of those after one and up to another."""
        return self._seqs[bisect_right(self._seqs, after) : bisect_right(self._seqs, until)]

    def _keep_state(self) -> None:
        if self.head in self._at_seqs:
            self.states[self.head] = mark(self._picture.state())


class Book:
    """The events that the database holds, by what they changed."""

    def __init__(self) -> None:
        self.places: dict[Key, tuple[str, int]] = {}
        self.counts = Counts()
        self._unasked: list[tuple[Key, Attempt, str]] = []
        self._versions: dict[str, int] = {}
        self._items: dict[str, Frame] = {}

    def take(self, shop: str, event: Frame) -> None:
        """The next event of a shop, as its own channel shows it."""
        kind: str = event["type"]
        thing = event[kind]
        key = (kind, thing["id"], thing["version"])
        where = f"seq {event['seq']} of {shop}"
        if key in self.places:
            self.counts.add("duplicated", f"{key} at {where} and before")
        elif thing["version"] != self._versions.get(thing["id"], thing["version"] - 1) + 1:
            self.counts.add("out_of_order", f"{key} at {where} after version {self._versions[thing['id']]}")
        self.places[key] = (shop, event["seq"])
        self._versions[thing["id"]] = thing["version"]
        if not (kind == "item" and self._is_flip(thing)):
            self._unasked.append((key, _asking(event), where))

    def check(self, changes: Iterable[Change], attempts: Counter[Attempt]) -> Counts:
        """Hold the events against what was answered, and against what was asked for and not answered."""
        done = {change.key for change in changes}
        for key in done - self.places.keys():
            self.counts.add("lost", f"{key} was acknowledged and is not in the feed")
        left = attempts.copy()
        for key, attempt, where in self._unasked:
            if key not in done:
                left[attempt] -= 1
                if left[attempt] < 0:
                    self.counts.add("phantom", f"{key} at {where}: nobody asked for {attempt}")
        return self.counts

    def _is_flip(self, item: Frame) -> bool:
        """Whether an order may have caused it: only whether the item is sold out is other than before."""
        before, self._items[item["id"]] = self._items.get(item["id"]), item
        changed = {name for name in item if before is None or item[name] != before[name]}
        return changed <= {"sold_out", "version", "updated_at"}


def seen(at: float, view: View, frame: Frame) -> Seen:
    """What the ledger keeps of a frame that came at this time."""
    kind = frame["type"]
    if kind == "snapshot":
        return Seen(at, kind, frame["seq"], state_mark(view, frame))
    if kind in ("resumed", "beat"):
        return Seen(at, kind, frame["seq"], head=frame.get("head", 0))
    return Seen(at, kind, frame["seq"], mark(frame))


def audit(record: Record, told: Told, fresh: bytes) -> Counts:
    """Hold what a subscriber saw against what its view tells in all; `fresh` is the mark of the state as it is now."""
    return _Audit(record, told).run(fresh)


def total(all_counts: Iterable[Counts]) -> Counts:
    """All counts together."""
    whole = Counts()
    for counts in all_counts:
        for kind in ("lost", "duplicated", "out_of_order", "skipped", "phantom", "unequal"):
            setattr(whole, kind, getattr(whole, kind) + getattr(counts, kind))
        whole.notes += counts.notes[: NOTES - len(whole.notes)]
    return whole


class _Audit:
    def __init__(self, record: Record, told: Told) -> None:
        self._record = record
        self._told = told
        self._counts = Counts()
        self._position = 0
        # Up to where a snapshot stands for the events, which of them came by themselves, and which were passed over.
        self._covered = 0
        self._had: set[int] = set()
        self._passed: set[int] = set()

    def run(self, fresh: bytes) -> Counts:
        for session in self._record.sessions:
            for place, each in enumerate(session.frames):
                self._take(each, is_first=place == 0)
        self._count("skipped", f"passed over {sorted(self._passed)[:5]} …", len(self._passed))
        behind = self._told.between(self._position, self._told.head)
        self._count("lost", f"never told of {behind[:5]} …", len(behind))
        if self._told.end() != fresh:
            self._count("unequal", "what was read at the end is not what all events make")
        if not behind and not self._passed and self._record.shows != fresh:
            self._count("unequal", "was told everything, and shows something else")
        return self._counts

    def _take(self, each: Seen, *, is_first: bool) -> None:
        if is_first != (each.type in ("snapshot", "resumed")):
            self._count("out_of_order", f"{each} at the wrong place of its connection")
        if each.type == "snapshot":
            self._take_snapshot(each)
        elif each.type in ("resumed", "beat"):
            self._take_position(each)
        else:
            self._take_event(each)

    def _take_snapshot(self, each: Seen) -> None:
        if each.seq < self._position:
            self._count("out_of_order", f"{each} is older than {self._position}")
        if each.seq > self._told.head:
            self._count("phantom", f"{each} is ahead of the feed")
        elif each.mark != self._told.states.get(each.seq):
            self._count("unequal", f"{each} is not what the events up to it make")
        self._position = self._covered = each.seq

    def _take_position(self, each: Seen) -> None:
        if each.seq < self._position:
            self._count("out_of_order", f"{each} is behind {self._position}")
        elif max(each.seq, each.head) > self._told.head:
            self._count("phantom", f"{each} is ahead of the feed")
        else:
            self._passed.update(self._told.between(self._position, each.seq))
            self._position = each.seq

    def _take_event(self, each: Seen) -> None:
        if each.mark != self._told.marks.get(each.seq):
            self._count("phantom", f"{each} is not in the feed, or says something else")
            if each.seq not in self._told.marks:
                return
        if each.seq > self._position:
            self._passed.update(self._told.between(self._position, each.seq - 1))
            self._position = each.seq
        elif each.seq in self._had or each.seq <= self._covered:
            self._count("duplicated", f"{each} came again")
        else:
            self._count("out_of_order", f"{each} came after {self._position}")
            self._passed.discard(each.seq)
        self._had.add(each.seq)

    def _count(self, kind: str, note: str, times: int = 1) -> None:
        self._counts.add(kind, f"{self._record.name}: {note}", times)


def _asking(event: Frame) -> Attempt:
    """What somebody may have asked for without an answer, if this event came of it."""
    kind = event["type"]
    if kind == "item" and event["item"]["version"] == 1:
        # Whoever asked for it does not know its id.
        return ("item", event["item"]["name"], "")
    if kind != "order":
        return (kind, event[kind]["id"], "")
    if event["event"] == "placed":
        return ("placed", event["order"]["customer"]["id"], "pending")
    return ("order", event["order"]["id"], event["to"])
