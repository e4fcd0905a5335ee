"""The end of a run: all is quiet, the database is read, and everybody's story is held against it."""

import asyncio
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.faults.fold import SHOWN_AT_PICKUP, Frame, View, shown, state_mark
from tests.faults.ledger import Book, Counts, Key, Record, Told, audit, total
from tests.faults.load import Desk
from tests.faults.staleness import Place
from tests.people import Person, Shop
from tests.stored import stored

QUIET_S: Final = 60.0
PAGE: Final = 100


class Listening(Protocol):
    """Somebody who was told things: all that was seen, and the highest seq of it."""

    record: Record
    position: int


@dataclass
class Truth:
    """What the database holds: the events of each shop as JSON, where each stands in its customer's feed, all heads."""

    events: dict[str, list[str]] = field(default_factory=dict)
    customers_places: dict[Place, Place] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)


@dataclass
class Verdict:
    """The counts, how many events there were, where each change stands, and which seqs each view shows."""

    counts: Counts
    events: int
    places: dict[Key, list[Place]]
    shown: dict[tuple[View, str], Collection[int]]


async def quiet(database_url: str, subscribers: Sequence[Listening]) -> bool:
    """Wait until nothing changes any more and everybody has been told all there is; false if that does not come."""
    try:
        async with asyncio.timeout(QUIET_S):
            while not (heads := await _settled(database_url)):
                await asyncio.sleep(0.2)
            while any(each.position < heads[each.record.feed] for each in subscribers):
                await asyncio.sleep(0.2)
    except TimeoutError:
        return False
    return True


async def judge(
    database_url: str,
    desk: Desk,
    shops: Sequence[Shop],
    customers: Sequence[Person],
    subscribers: Sequence[Listening],
) -> Verdict:
    """Read the database and count what does not fit together."""
    truth = await _truth(database_url, desk, shops)
    book, counts = Book(), Counts()
    for shop, events in truth.events.items():
        _count_holes(counts, shop, [json.loads(event)["seq"] for event in events], truth.heads[shop])
        for event in events:
            book.take(shop, json.loads(event))
    for customer in customers:
        own = [seq for feed, seq in truth.customers_places.values() if feed == customer.user["id"]]
        _count_holes(counts, customer.user["id"], sorted(own), truth.heads[customer.user["id"]])
    found = [counts, book.check(desk.changes, desk.attempts)]
    seqs: dict[tuple[View, str], Collection[int]] = {}
    views = {(each.record.view, each.record.feed) for each in subscribers}
    for view, feed in sorted(views):
        records = [each.record for each in subscribers if (each.record.view, each.record.feed) == (view, feed)]
        told = _told(truth, view, feed, shops, records)
        fresh = await _fresh(desk, view, feed, shops, customers)
        seqs[view, feed] = told.marks.keys()
        found += [audit(record, told, fresh) for record in records]
    places = {
        key: [place, *([truth.customers_places[place]] if place in truth.customers_places else [])]
        for key, place in book.places.items()
    }
    return Verdict(total(found), sum(map(len, truth.events.values())), places, seqs)


async def _settled(database_url: str) -> dict[str, int]:
    """The heads of all feeds if nobody changes anything now, else nothing."""
    first = await _heads(database_url)
    await asyncio.sleep(1)
    writing = "SELECT FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND datname = current_database()"
    return first if first == await _heads(database_url) and not await stored(database_url, writing) else {}


async def _heads(database_url: str) -> dict[str, int]:
    return {str(row["id"]): row["head"] for row in await stored(database_url, "SELECT id, head FROM feeds")}


async def _truth(database_url: str, desk: Desk, shops: Sequence[Shop]) -> Truth:
    """What REST tells of all shops; where events stand in customers' feeds only the database knows."""
    truth = Truth(heads=await _heads(database_url))
    for shop in shops:
        events: list[str] = []
        while True:
            page = await desk.read(shop.owner, f"{shop.path}/events?limit={PAGE}&after={len(events)}")
            events += [json.dumps(event) for event in page["data"]]
            if len(page["data"]) < PAGE:
                break
        truth.events[shop.shop["id"]] = events
    places = "SELECT shop_id, shop_seq, customer_id, customer_seq FROM events WHERE customer_id IS NOT NULL"
    for row in await stored(database_url, places):
        place = (str(row["shop_id"]), row["shop_seq"])
        truth.customers_places[place] = (str(row["customer_id"]), row["customer_seq"])
    return truth


def _count_holes(counts: Counts, feed: str, seqs: list[int], head: int) -> None:
    missing = set(range(1, head + 1)) - set(seqs)
    counts.add("lost", f"the feed {feed} has no {sorted(missing)[:5]}", len(missing))
    counts.add("out_of_order", f"the feed {feed} is not in order", int(seqs != sorted(set(seqs))))


def _told(truth: Truth, view: View, feed: str, shops: Sequence[Shop], records: Sequence[Record]) -> Told:
    """What a view of a feed tells in all, from a shop that was just made, or a customer who has ordered nothing."""
    at_seqs = {
        each.seq
        for record in records
        for session in record.sessions
        for each in session.frames[:1]
        if each.type != "beat"
    }
    made = next((shop.shop for shop in shops if shop.shop["id"] == feed), None)
    told = Told(view, {"shop": made and _facts(view, made)}, at_seqs)
    for seq, event in _events(truth, view, feed):
        frame = shown(view, event)
        told.take(seq, frame and {**frame, "seq": seq})
    return told


def _events(truth: Truth, view: View, feed: str) -> Iterator[tuple[int, Frame]]:
    """The events of a feed, with their seqs in it."""
    if view != "customer":
        for seq, text in enumerate(truth.events[feed], 1):
            yield seq, json.loads(text)
        return
    own = sorted((seq, place) for place, (customer, seq) in truth.customers_places.items() if customer == feed)
    for seq, (shop, shop_seq) in own:
        yield seq, json.loads(truth.events[shop][shop_seq - 1])


async def _fresh(desk: Desk, view: View, feed: str, shops: Sequence[Shop], customers: Sequence[Person]) -> bytes:
    """The mark of what REST answers now for what a view shows."""
    if view == "customer":
        who = next(each for each in customers if each.user["id"] == feed)
        return state_mark(view, {"shop": None, "orders": await _all(desk, who, "/v1/orders?")})
    shop = next(each for each in shops if each.shop["id"] == feed)
    # Not as its staff, who see the stock as well.
    facts = _facts(view, await desk.read(customers[0], shop.path))
    items = [] if view == "pickup" else (await desk.read(customers[0], f"{shop.path}/items"))["data"]
    orders = [] if view == "menu" else await _all(desk, shop.owner, f"{shop.path}/orders?status=active&")
    if view == "pickup":
        orders = [
            {"day": order["business_day"], "number": order["number"], "status": order["status"]}
            for order in orders
            if order["status"] in SHOWN_AT_PICKUP
        ]
    return state_mark(view, {"shop": facts, "items": items, "orders": orders})


def _facts(view: View, shop: Frame) -> Frame:
    return {key: shop[key] for key in ("id", "slug", "name")} if view == "pickup" else shop


async def _all(desk: Desk, who: Person, path: str) -> list[Frame]:
    """All pages of a list."""
    found: list[Frame] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await desk.read(who, f"{path}limit={PAGE}" + (f"&cursor={cursor}" if cursor else ""))
        found += page["data"]
        cursor = page["next_cursor"]
    return found
