"""The ledger finds what it is there for: each kind of defect, planted into a story that is otherwise right."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.fold import Frame, Picture, View, mark, shown
from tests.faults.ledger import Attempt, Book, Change, Record, Session, Told, audit, seen, total

VIEWS: tuple[View, ...] = ("shop", "pickup", "menu", "customer")
SHOP: Frame = {"id": "s", "slug": "cafe", "name": "Café", "version": 1}
KINDS = ("lost", "duplicated", "out_of_order", "skipped", "phantom", "unequal")


class Story:
    """What happened at a shop with one customer, and what four subscribers were told of it, frame by frame."""

    def __init__(self) -> None:
        self.feed: list[Frame] = []
        self.changes: list[Change] = []
        self.attempts: Counter[Attempt] = Counter()
        self.frames: dict[View, list[Frame]] = {}
        self.shows: dict[View, Frame] = {}
        self.fresh: dict[View, Frame] = {}
        self._item(version=1, price=300)
        for number in range(1, 4):
            for version, (came_from, to) in enumerate(
                [(None, "pending"), ("pending", "preparing"), ("preparing", "ready"), ("ready", "picked_up")], 1
            ):
                if (number, to) != (3, "picked_up"):
                    self._order(number, version, came_from, to)
        self._item(version=2, price=350)
        self._event("shop", {**SHOP, "version": 2, "name": "Bar"})
        for view in VIEWS:
            self.frames[view] = self._told(view)
            self.shows[view] = self.fresh[view] = self._state(view, len(self.feed))

    def counts(self) -> tuple[int, ...]:
        """The six counts of the story as it is told now."""
        book = Book()
        for event in self.feed:
            book.take("s", event)
        found = [book.check(self.changes, self.attempts)]
        for view in VIEWS:
            at_seqs = {frame["seq"] for frame in self.frames[view] if frame["type"] == "snapshot"}
            told = Told(view, _first(view), at_seqs)
            for event in self.feed:
                told.take(event["seq"], shown(view, event))
            record = Record(view, view, "s", [], mark(_picture(view, self.shows[view]).state()))
            for frame in self.frames[view]:
                if frame["type"] in ("snapshot", "resumed"):
                    record.sessions.append(Session())
                record.sessions[-1].frames.append(seen(0.0, view, frame))
            found.append(audit(record, told, mark(_picture(view, self.fresh[view]).state())))
        return total(found).six

    def _told(self, view: View) -> list[Frame]:
        """A snapshot in the middle, a cut, a resume, and beats."""
        events = [frame for event in self.feed if (frame := shown(view, event))]
        start = {"type": "snapshot", "seq": 2, **self._state(view, 2)}
        early = [frame for frame in events if 2 < frame["seq"] <= 7]
        late = [frame for frame in events if frame["seq"] > 7]
        middle, end = {"type": "beat", "seq": 7, "head": 8}, {"type": "beat", "seq": 14, "head": 14}
        return copy.deepcopy([start, *early, middle, {"type": "resumed", "seq": 7}, *late, end])

    def _state(self, view: View, seq: int) -> Frame:
        picture = _picture(view, _first(view))
        for event in self.feed[:seq]:
            if frame := shown(view, event):
                picture.take(frame)
        return copy.deepcopy(picture.state())

    def _order(self, number: int, version: int, came_from: str | None, to: str) -> None:
        order = {"id": f"o{number}", "number": number, "business_day": "2026-11-22", "status": to, "version": version}
        order |= {"customer": {"id": "ada"}, "updated_at": f"{len(self.feed):03}"}
        event = "placed" if came_from is None else "moved"
        self._event("order", order, event=event, **{"from": came_from, "to": to})

    def _item(self, version: int, price: int) -> None:
        self._event("item", {"id": "i", "name": "Tea", "version": version, "price_minor": price, "archived": False})

    def _event(self, kind: str, thing: Frame, **more: Any) -> None:
        self.feed.append({"type": kind, "seq": len(self.feed) + 1, "at": "", **more, kind: thing})
        self.changes.append(Change((kind, thing["id"], thing["version"]), 0.0))


def _place(frames: list[Frame], seq: int) -> int:
    return next(n for n, f in enumerate(frames) if f["seq"] == seq and f["type"] in ("order", "item", "shop"))


def _lose_the_last(story: Story) -> None:
    del story.frames["shop"][-2:]


def _lose_an_acknowledged_order(story: Story) -> None:
    story.changes.append(Change(("order", "o4", 1), 0.0))


def _repeat_at_once(story: Story) -> None:
    frames = story.frames["pickup"]
    frames.insert(_place(frames, 4), frames[_place(frames, 4)])


def _repeat_after_the_resume(story: Story) -> None:
    frames = story.frames["customer"]
    frames.insert(_place(frames, 8), frames[_place(frames, 6)])


def _repeat_what_the_snapshot_had(story: Story) -> None:
    story.frames["shop"].insert(1, story.feed[1])


def _swap(story: Story) -> None:
    frames = story.frames["shop"]
    at = _place(frames, 9)
    frames[at : at + 2] = reversed(frames[at : at + 2])


def _beat_backwards(story: Story) -> None:
    story.frames["menu"].append({"type": "beat", "seq": 13, "head": 14})


def _leave_one_out(story: Story) -> None:
    del story.frames["shop"][_place(story.frames["shop"], 9)]


def _leave_a_number_out(story: Story) -> None:
    del story.frames["pickup"][_place(story.frames["pickup"], 11)]


def _pass_over_the_cut(story: Story) -> None:
    frames = story.frames["customer"]
    del frames[_place(frames, 7)]


def _make_one_up(story: Story) -> None:
    story.frames["shop"].append({"type": "order", "seq": 15, "order": {"id": "o9"}})


def _say_something_else(story: Story) -> None:
    frames = story.frames["customer"]
    frames[_place(frames, 9)]["order"]["status"] = "ready"


def _show_what_the_view_must_not(story: Story) -> None:
    frames = story.frames["pickup"]
    frames.insert(_place(frames, 11), {"type": "order", "seq": 10, "order": {"number": 3, "status": "pending"}})


def _do_what_nobody_asked_for(story: Story) -> None:
    story.changes = [change for change in story.changes if change.key != ("order", "o2", 2)]


def _snapshot_of_another_state(story: Story) -> None:
    story.frames["shop"][0]["orders"] = []


def _show_something_else_at_the_end(story: Story) -> None:
    story.shows["menu"]["items"][0]["price_minor"] = 1


def _read_something_else_at_the_end(story: Story) -> None:
    story.shows["customer"] = story.fresh["customer"] = {**story.fresh["customer"], "orders": []}


PLANTED: dict[str, tuple[Callable[[Story], None], ...]] = {
    "lost": (_lose_the_last, _lose_an_acknowledged_order),
    "duplicated": (_repeat_at_once, _repeat_after_the_resume, _repeat_what_the_snapshot_had),
    "out_of_order": (_swap, _beat_backwards),
    "skipped": (_leave_one_out, _leave_a_number_out, _pass_over_the_cut),
    "phantom": (_make_one_up, _say_something_else, _show_what_the_view_must_not, _do_what_nobody_asked_for),
    "unequal": (_snapshot_of_another_state, _show_something_else_at_the_end, _read_something_else_at_the_end),
}


def test_a_story_that_is_right_counts_nothing() -> None:
    assert Story().counts() == (0,) * 6


@pytest.mark.parametrize(
    ("kind", "plant"),
    [(kind, plant) for kind, plants in PLANTED.items() for plant in plants],
    ids=lambda value: str(getattr(value, "__name__", value)).strip("_"),
)
def test_one_planted_defect_is_counted_once_and_as_what_it_is(kind: str, plant: Callable[[Story], None]) -> None:
    story = Story()

    plant(story)

    assert dict(zip(KINDS, story.counts(), strict=True)) == {**dict.fromkeys(KINDS, 0), kind: 1}


def test_an_event_that_the_database_holds_twice_or_too_early_is_found() -> None:
    twice, early = Book(), Book()
    events = Story().feed
    for event in (*events, {**events[1], "seq": 15}):
        twice.take("s", event)
    for event in (events[1], events[3], events[2]):
        early.take("s", event)

    assert twice.check((), _anything(events)).duplicated == 1
    assert early.check((), _anything(events)).out_of_order == 2


def test_a_change_whose_answer_was_lost_may_have_happened_but_not_twice() -> None:
    story = Story()
    story.changes = [change for change in story.changes if change.key != ("order", "o2", 2)]
    story.attempts["order", "o2", "preparing"] = 1

    assert story.counts() == (0,) * 6
    story.changes = [change for change in story.changes if change.key != ("order", "o3", 2)]
    assert story.counts() == (0, 0, 0, 0, 1, 0)


def test_an_item_that_sells_out_needs_nobody_to_ask_for_it() -> None:
    book = Book()
    item: Frame = {"id": "i", "name": "Tea", "version": 1, "price_minor": 300, "sold_out": False, "archived": False}
    changes: tuple[Frame, ...] = ({}, {"sold_out": True}, {"price_minor": 400})
    for version, changed in enumerate(changes, 1):
        book.take("s", {"type": "item", "seq": version, "item": {**item, **changed, "version": version}})

    assert book.check([Change(("item", "i", 1), 0.0)], Counter()).six == (0, 0, 0, 0, 1, 0)


def test_only_the_newest_finished_orders_of_a_customer_are_compared() -> None:
    orders = [{"id": f"{n:03}", "status": "picked_up", "updated_at": f"{n // 2:03}"} for n in range(120)]
    whole, newest = Picture("customer"), Picture("customer")
    whole.begin({"orders": orders})
    newest.begin({"orders": orders[-60:]})

    assert whole.state() == newest.state()
    assert [order["id"] for order in whole.state()["orders"]] == [f"{n:03}" for n in range(72, 120)]


def _first(view: View) -> Frame:
    shop = SHOP if view != "pickup" else {key: SHOP[key] for key in ("id", "slug", "name")}
    return {"orders": [], "items": [], "shop": None if view == "customer" else shop}


def _picture(view: View, state: Frame) -> Picture:
    picture = Picture(view)
    picture.begin(copy.deepcopy(state))
    return picture


def _anything(events: list[Frame]) -> Counter[Attempt]:
    asked: Counter[Attempt] = Counter()
    for event in events:
        thing = event[event["type"]]
        asked.update([(event["type"], thing["id"], event.get("to", "")), (event["type"], thing.get("name", ""), "")])
        asked["placed", "ada", "pending"] += 9
    return asked
