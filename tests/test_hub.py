"""The fan-out of one process: whatever becomes of the bells, a feed comes whole and in order."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from orderflow import feeds
from orderflow.bus import LocalBus
from orderflow.db import Database
from orderflow.errors import NotFound, Unavailable
from orderflow.frames import Event, frame, message_of
from orderflow.settings import Settings
from orderflow.ws import hub as hub_module
from orderflow.ws.hub import Hub
from orderflow.ws.stream import Stream
from tests.people import Api, Shop, good
from tests.stored import away, stored

WRONG: tuple[Any, ...] = (None, 50, [], {}, 1e400, True)
NO_TIMES = (
    "",
    "x",
    "2026-11-22",
    "2026-11-22T09:15:00",
    "0001-01-01T00:00:00",
    '2026-11-22T09:15:00Z","x":"',
    "9" * 400,
)


class Bells(list[Event]):
    """The bells of another process, which ring only when told to."""

    def ring(self, hub: Hub, events: list[Event] | None = None) -> None:
        for event in self if events is None else events:
            for position in event.positions():
                hub.hear(str(position.feed), message_of(event))


@pytest.fixture
async def bells(api: Api) -> Bells:
    """What is told of the changes that the application makes."""
    found = Bells()
    api.state["hub"].ring = found.extend
    return found


@pytest.fixture
async def cafe(api: Api, bells: Bells) -> Shop:
    made = await api.shop()
    bells.clear()
    return made


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    """A hub whose looks at the heads are up to the test."""
    assert settings.database_url is not None
    db = Database(settings.database_url, lambda _: None)
    yield Hub(db, lambda _: LocalBus())
    await db.close()


async def test_bells_that_are_lost_are_found_by_the_look_at_the_heads(hub: Hub, cafe: Shop) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head

    await _rename(cafe, 3)
    await hub.tick()

    await _reaches(stream, start + 3)
    assert _names(stream, start) == ["1", "2", "3"]
    assert stream.confirmed == stream.head


async def test_bells_that_overtake_each_other_are_put_in_order_without_reading(
    hub: Hub, cafe: Shop, bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 5)
    monkeypatch.setattr(feeds, "read", None)

    bells.ring(hub, bells[::-1])

    await _reaches(stream, start + 5)
    assert _names(stream, start) == ["1", "2", "3", "4", "5"]


async def test_a_gap_between_bells_is_read(hub: Hub, cafe: Shop, bells: Bells) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 6)

    bells.ring(hub, [bells[0], bells[4], bells[2], bells[2]])

    await _reaches(stream, start + 5)
    assert _names(stream, start)[:5] == ["1", "2", "3", "4", "5"]


async def test_a_bell_without_an_event_makes_the_hub_look(hub: Hub, cafe: Shop) -> None:
    stream = await _watched(hub, cafe)
    await _rename(cafe, 1)

    hub.hear(cafe.shop["id"], b"{}")

    await _reaches(stream, stream.head + 1)


async def test_whatever_comes_as_a_bell_is_only_a_bell(hub: Hub, cafe: Shop, bells: Bells) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 1)
    fields = json.loads(message_of(bells[0]))
    rubbish = [b"", b"\xff", b"null", b"[]", b"7", b'"x"', b"[" * 60_000, b"9" * 10_000, b"x" * 70_000]
    for name in ("kind", "at", "shop_id", "shop_epoch", "shop_seq", "document"):
        for wrong in WRONG:
            rubbish.append(json.dumps(fields | {name: wrong}).encode())
    for name, wrongs in (("at", NO_TIMES), ("document", ("", "x", "[]", "{}", '"x"'))):
        rubbish += [json.dumps(fields | {name: wrong}).encode() for wrong in wrongs]

    for message in rubbish:
        hub.hear(cafe.shop["id"], message)

    await _reaches(stream, start + 1)
    assert _frames(stream, start) == [frame(event, "shop") for event in bells]


async def test_a_bell_of_an_order_that_nobody_could_show_is_only_a_bell(
    hub: Hub, cafe: Shop, api: Api, bells: Bells, caplog: pytest.LogCaptureFixture
) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    ada = await api.register()
    bells.clear()
    order = await ada.order(cafe.shop, cafe.item)
    await cafe.owner.move(order, "ready")
    placed, moved = (json.loads(message_of(event)) for event in bells)
    wrongs = [(name, wrong) for name in ("at", "to_status", "by", "day", "number") for wrong in WRONG]
    wrongs += [(name, wrong) for name in ("from_status", "reason") for wrong in WRONG if wrong is not None]
    wrongs += [("at", wrong) for wrong in NO_TIMES]
    wrongs += [(name, "nonsense") for name in ("from_status", "to_status", "by", "day", "number")]
    del wrongs[wrongs.index(("number", 50))]

    # Somebody waits: what they are told late is counted by the event's own time.
    reached = asyncio.create_task(_reaches(stream, start + 2))
    await asyncio.sleep(0)
    for fields in (placed, moved):
        for name, wrong in wrongs:
            hub.hear(cafe.shop["id"], json.dumps(fields | {name: wrong}).encode())

    await reached
    assert _frames(stream, start) == [frame(event, "shop") for event in bells]
    assert caplog.text == ""


async def test_a_bell_of_what_never_was_is_forgotten(hub: Hub, cafe: Shop, bells: Bells) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 2)
    phantom = replace(bells[0], shop=replace(bells[0].shop, seq=start + 50))

    bells.ring(hub, [phantom])
    await _reaches(stream, start + 2)
    await _until(lambda: stream.wanted == start + 2)
    await _rename(cafe, 60)
    bells.ring(hub, bells[2:])

    await _reaches(stream, start + 62)
    assert _names(stream, start + 2) == [str(number) for number in range(1, 61)]


async def test_bells_of_another_numbering_are_not_heard(hub: Hub, cafe: Shop, bells: Bells) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 1)

    bells.ring(hub, [replace(bells[0], shop=replace(bells[0].shop, epoch="other"))])

    assert (stream.head, stream.wanted) == (start, start)


async def test_bells_that_ring_before_the_first_head_is_known_are_not_lost(
    hub: Hub, cafe: Shop, bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await hub.head(_id(cafe))
    assert before is not None
    await _rename(cafe, 2)

    # What was read just before the change was seen.
    async def read_heads(*_: object) -> dict[UUID, object]:
        bells.ring(hub)
        return {before.feed: before}

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "heads", read_heads)
        stream = await hub.watch(_id(cafe), of_customer=False)

    await _reaches(stream, before.seq + 2)
    assert _names(stream, before.seq) == ["1", "2"]


async def test_who_comes_at_once_shares_one_beginning(hub: Hub, cafe: Shop) -> None:
    streams = await asyncio.gather(*(hub.watch(_id(cafe), of_customer=False) for _ in range(50)))

    assert len(set(streams)) == 1
    assert streams[0].listeners == 50
    assert hub.streams == (streams[0],)


async def test_a_feed_is_kept_for_a_while_after_its_last_listener(
    hub: Hub, cafe: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "KEPT_S", 0.05)
    stream = await _watched(hub, cafe)

    hub.unwatch(stream)
    visits = stream.visits
    assert await _watched(hub, cafe) is stream
    # The timer of the first farewell, whenever it rings: somebody has come back since.
    hub._drop_if_unwatched(stream, visits)
    assert hub.streams == (stream,)
    hub.unwatch(stream)
    await _until(lambda: hub.streams == ())

    assert stream.is_lost
    assert await _watched(hub, cafe) is not stream


async def test_who_gives_up_at_the_beginning_leaves_nothing_behind(
    hub: Hub, cafe: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "KEPT_S", 0.05)
    watching = asyncio.create_task(hub.watch(_id(cafe), of_customer=False))
    await asyncio.sleep(0)

    watching.cancel()
    await asyncio.wait([watching])

    await _until(lambda: not hub._beginnings)
    await _until(lambda: hub.streams == ())


async def test_there_is_no_feed_of_nobody(hub: Hub) -> None:
    nobody = UUID(int=0)

    with pytest.raises(NotFound):
        await hub.watch(nobody, of_customer=False)

    assert await hub.snapshot("menu", nobody) is None
    assert not hub._beginnings


async def test_memory_goes_first_from_the_feeds_that_nobody_used_lately(
    hub: Hub, cafe: Shop, api: Api, bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await api.shop("Other")
    stale, fresh = await _watched(hub, cafe), await _watched(hub, other)
    starts = stale.head, fresh.head
    bells.clear()
    for shop in (cafe, other):
        await _rename(shop, 10)
    bells.ring(hub)
    fresh.entries_after(0)
    monkeypatch.setattr(hub_module, "RING_BYTES", fresh.bytes)

    await hub.tick()

    assert (stale.bytes, fresh.bytes) == (0, hub_module.RING_BYTES)
    assert not stale.reaches(starts[0])
    await hub.after(stale, starts[0])
    assert _names(stale, starts[0]) == _names(fresh, starts[1]) == [str(n) for n in range(1, 11)]


async def test_what_the_database_has_lost_is_not_looked_for_without_end(
    hub: Hub, cafe: Shop, settings: Settings
) -> None:
    stream = await _watched(hub, cafe)
    assert settings.database_url is not None
    await stored(settings.database_url, "DELETE FROM events WHERE shop_id = $1 AND shop_seq = 1", cafe.shop["id"])

    async with asyncio.timeout(5):
        await hub.after(stream, 0)

    assert not stream.reaches(0)


async def test_events_of_a_restored_database_are_not_told_under_the_old_numbering(
    hub: Hub, cafe: Shop, settings: Settings
) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    assert settings.database_url is not None
    await stored(settings.database_url, "UPDATE feeds SET epoch = 'other' WHERE id = $1", cafe.shop["id"])
    await _rename(cafe, 2)

    hub.heard_of(stream, start + 2)
    await _until(lambda: not hub._healing)
    assert stream.head == start
    await hub.tick()

    assert stream.is_lost


async def test_of_many_who_come_back_at_once_one_reads(hub: Hub, cafe: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await _rename(cafe, 20)
    stream = await _watched(hub, cafe)
    read, snapshot_of, readings = feeds.read, feeds.snapshot_of, []

    async def counted_read(*args: object, **named: object) -> list[Event]:
        readings.append("events")
        return await read(*args, **named)  # type: ignore[arg-type]  # passed on as it came

    async def counted_snapshot(*args: object) -> feeds.Snapshot | None:
        readings.append("snapshot")
        return await snapshot_of(*args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(feeds, "read", counted_read)
    monkeypatch.setattr(feeds, "snapshot_of", counted_snapshot)
    await asyncio.gather(*(hub.after(stream, 1) for _ in range(100)))
    shown = await asyncio.gather(*(hub.snapshot("shop", _id(cafe)) for _ in range(100)))

    assert sorted(readings) == ["events", "snapshot"]
    assert len(set(shown)) == 1


async def test_a_gap_that_cannot_be_read_now_is_read_when_the_database_is_back(
    hub: Hub, cafe: Shop, bells: Bells, settings: Settings
) -> None:
    stream = await _watched(hub, cafe)
    start = stream.head
    await _rename(cafe, 3)
    assert settings.database_url is not None

    async with away(settings.database_url):
        bells.ring(hub, bells[2:])
        with pytest.raises(Unavailable):
            await hub.tick()
        await _until(lambda: not hub._healing)
        assert stream.head == start
    await hub.tick()

    await _reaches(stream, start + 3)
    assert _names(stream, start) == ["1", "2", "3"]


def _id(cafe: Shop) -> UUID:
    return UUID(cafe.shop["id"])


async def _watched(hub: Hub, cafe: Shop) -> Stream:
    return await hub.watch(_id(cafe), of_customer=False)


async def _rename(cafe: Shop, times: int) -> None:
    for number in range(1, times + 1):
        good(await cafe.owner.patch(cafe.path, {"name": str(number)}))


def _names(stream: Stream, after: int) -> list[str]:
    return [json.loads(entry.event.document)["name"] for entry in stream.entries_after(after)]


def _frames(stream: Stream, after: int) -> list[str | None]:
    return [frame(entry.event, "shop") for entry in stream.entries_after(after)]


async def _reaches(stream: Stream, seq: int) -> None:
    async with asyncio.timeout(5):
        while stream.head < seq:
            await stream.moved(stream.head, asyncio.get_running_loop().time() + 1)


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not fact():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.01)
