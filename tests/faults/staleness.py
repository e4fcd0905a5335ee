"""How late boards were: from an answer to the moment at which each connected subscriber had been told. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from tests.faults.fold import View
from tests.faults.ledger import Change, Key, Record, Session

# What a wound without bound may hold up, it holds up at least so long after an answer.
PROMISED_S: Final = 2.5
# A feed and a seq in it.
Place: TypeAlias = tuple[str, int]


class Window(NamedTuple):
    """A time in which boards may be late: for trouble with `redis`, a `bell` that is missing, or anything at `all`."""

    begun: float
    ended: float
    matters: str


def delays(
    records: Iterable[Record],
    changes: Sequence[Change],
    places: Mapping[Key, Sequence[Place]],
    shown: Mapping[tuple[View, str], Container[int]],
    windows: Sequence[Window],
) -> dict[str, list[float]]:
    """By what mattered when it was answered, the seconds until each subscriber who listened then had been told.

    `places` says in which feeds, and where in them, a change stands, `shown` which seqs a view of a feed shows at all.
    """
    by_feed: defaultdict[str, list[tuple[float, int, str]]] = defaultdict(list)
    for change in changes:
        if (label := _label(change, windows)) is not None:
            for feed, seq in places.get(change.key, ()):
                by_feed[feed].append((change.at, seq, label))
    found: defaultdict[str, list[float]] = defaultdict(list)
    for record in records:
        _add(record, (each for each in by_feed[record.feed] if each[1] in shown[record.view, record.feed]), found)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _label(change: Change, windows: Sequence[Window]) -> str | None:
    """What mattered; None where anything may have held it up."""
    around = [each for each in windows if each.begun - PROMISED_S < change.at < each.ended]
    if any(each.matters == "all" for each in around):
        return None
    if change.is_silent:
        return "bell"
    if any(each.matters == "bell" for each in around):
        return None
    return "redis" if any(each.matters == "redis" and each.begun < change.at for each in around) else "calm"


def _add(record: Record, changes: Iterable[tuple[float, int, str]], found: dict[str, list[float]]) -> None:
    sessions = [each for each in record.sessions if each.frames]
    told_seqs, told_at = _told(sessions)
    opened = [each.frames[0].at for each in sessions]
    for at, seq, label in changes:
        place = bisect_right(opened, at) - 1
        if place < 0 or not sessions[place].caught_up_at <= at < sessions[place].harmed_at:
            continue
        heard = bisect_left(told_seqs, seq)
        if heard < len(told_seqs) and told_at[heard] < sessions[place].harmed_at:
            found[label].append(max(0.0, told_at[heard] - at))


def _told(sessions: Iterable[Session]) -> tuple[list[int], list[float]]:
    """The seqs up to which it had been told, as they rose, and when."""
    seqs: list[int] = []
    times: list[float] = []
    for session in sessions:
        for frame in session.frames:
            if not seqs or frame.seq > seqs[-1]:
                seqs.append(frame.seq)
                times.append(frame.at)
    return seqs, times
