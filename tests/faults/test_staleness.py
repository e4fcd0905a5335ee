"""Staleness is counted for those who listened, undisturbed, and for what their view shows."""

import math

from tests.faults.ledger import Change, Record, Seen, Session
from tests.faults.staleness import Window, delays, percentile

ORDER = ("order", "o", 1)
PLACES = {ORDER: [("cafe", 5), ("ada", 2)]}
SHOWN = {("shop", "cafe"): {5}, ("menu", "cafe"): set[int](), ("customer", "ada"): {2}}


def test_each_view_that_shows_a_change_is_timed() -> None:
    records = [_told("shop", "cafe", 5, 10.5), _told("customer", "ada", 2, 11.0), _told("menu", "cafe", 5, 12.0)]

    assert _delays(records, Change(ORDER, 10.0)) == {"calm": [0.5, 1.0]}


def test_who_was_told_before_the_answer_came_waited_for_nothing() -> None:
    assert _delays([_told("shop", "cafe", 5, 9.9)], Change(ORDER, 10.0)) == {"calm": [0.0]}


def test_who_had_not_caught_up_or_was_cut_meanwhile_is_not_counted() -> None:
    late = _told("shop", "cafe", 5, 11.0, caught_up_at=10.1)
    cut = _told("shop", "cafe", 5, 11.0, harmed_at=10.5)

    assert _delays([late, cut], Change(ORDER, 10.0)) == {}


def test_what_mattered_at_the_time_of_the_answer_is_told_apart() -> None:
    board = _told("shop", "cafe", 5, 11.0)
    redis, bell, everything = (Window(9.0, 12.0, matters) for matters in ("redis", "bell", "all"))

    assert _delays([board], Change(ORDER, 10.0), redis) == {"redis": [1.0]}
    assert _delays([board], Change(ORDER, 10.0, is_silent=True), bell) == {"bell": [1.0]}
    assert _delays([board], Change(ORDER, 10.0), bell) == {}
    assert _delays([board], Change(ORDER, 10.0), redis, everything) == {}
    assert _delays([board], Change(ORDER, 6.0), everything) == {"calm": [5.0]}


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3, 1, 2], share) for share in (0.0, 0.5, 1.0)] == [1, 2, 3]
    assert percentile([], 0.99) == 0.0


def _told(
    view: str, feed: str, seq: int, at: float, *, caught_up_at: float = 1.0, harmed_at: float = math.inf
) -> Record:
    frames = [Seen(0.5, "snapshot", 1), Seen(at, "order", seq)]
    return Record(view, view, feed, [Session(frames, caught_up_at, harmed_at)])  # type: ignore[arg-type]


def _delays(records: list[Record], change: Change, *windows: Window) -> dict[str, list[float]]:
    return delays(records, [change], PLACES, SHOWN, windows)  # type: ignore[arg-type]
