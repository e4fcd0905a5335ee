"""The live feed: first frames, events, resuming, beats. What is told live is what is told later."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orderflow.settings import Settings
from tests.live import Live, Socket, running
from tests.people import good


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings) as server:
        yield server


async def test_a_board_begins_with_the_shop_as_it_is(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    order = await ada.order(cafe.shop, cafe.item)

    board = await live.socket(f"/ws/shops/{cafe.shop['slug']}", cafe.owner)
    snapshot = await board.frame()

    assert snapshot["type"] == "snapshot"
    assert snapshot["orders"] == [order]
    assert snapshot["shop"] == good(await live.client.get(cafe.path))
    assert snapshot["items"] == good(await live.client.get(f"{cafe.path}/items"))["data"]
    assert board.connection.subprotocol == "orderflow.v1"


async def test_an_order_shows_on_every_channel_that_shows_it(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    mine = await _caught_up(live, "/ws/customers/me", ada)
    pickup = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/pickup")
    menu = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/menu")

    order = await ada.order(cafe.shop, cafe.item)
    preparing = await cafe.owner.move(order, "preparing")
    await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"available": False})

    seen = [await board.event() for _ in range(3)]
    assert [(e["type"], e.get("event"), e.get("from"), e.get("to"), e.get("by")) for e in seen] == [
        ("order", "placed", None, "pending", "customer"),
        ("order", "moved", "pending", "preparing", "shop"),
        ("item", None, None, None, None),
    ]
    assert [seen[0]["order"], seen[1]["order"]] == [order, preparing]
    assert [(await mine.event())["order"] for _ in range(2)] == [order, preparing]
    shown = await pickup.event()
    number = {"day": order["business_day"], "number": order["number"], "status": "preparing"}
    assert (shown["type"], shown["order"]) == ("order", number)
    assert set(shown) == {"type", "seq", "at", "order"}
    assert (await menu.event())["item"]["sold_out"] is True


async def test_the_pickup_screen_takes_a_number_off_when_it_is_picked_up(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    pickup = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/pickup")

    cancelled = await ada.order(cafe.shop, cafe.item)
    await ada.move(cancelled, "cancelled")
    order = await ada.order(cafe.shop, cafe.item)
    await cafe.owner.move(order, "ready")
    await cafe.owner.move(order, "picked_up")

    seen = [(await pickup.event())["order"] for _ in range(2)]
    assert [(each["number"], each["status"]) for each in seen] == [(2, "ready"), (2, None)]


async def test_resuming_tells_all_that_came_after_once_and_in_order(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    witness = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    query = board.resume()
    await board.connection.close()

    for _ in range(3):
        order = await ada.order(cafe.shop, cafe.item)
        await cafe.owner.move(order, "preparing")
    live_frames = [await witness.event() for _ in range(6)]

    back = await live.socket(f"/ws/shops/{cafe.shop['id']}{query}", cafe.owner)
    assert await back.frame() == {"type": "resumed", "epoch": board.epoch, "seq": board.position}
    assert [await back.frame() for _ in range(6)] == live_frames
    rest = good(await cafe.owner.get(f"{cafe.path}/events?after={board.position}"))
    assert rest["data"] == live_frames
    assert (rest["epoch"], rest["head"]) == (board.epoch, live_frames[-1]["seq"])


async def test_a_snapshot_and_the_events_after_it_are_a_fresh_snapshot(live: Live) -> None:
    cafe = await live.shop(stock=3)
    ada = await live.register()
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    first = await board.frame()

    orders = [await ada.order(cafe.shop, cafe.item) for _ in range(3)]
    await cafe.owner.move(orders[0], "ready")
    await cafe.owner.move(orders[0], "picked_up")
    await cafe.owner.move(orders[1], "cancelled", reason="no milk")
    await cafe.owner.patch(cafe.path, {"name": "Corner Café & Bar"})
    fresh = await (await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)).frame()

    events = await board.until(lambda event: event["seq"] == fresh["seq"])
    assert [event["seq"] for event in events] == list(range(first["seq"] + 1, fresh["seq"] + 1))
    assert _folded(first, events) == _state(fresh)


@pytest.mark.parametrize(
    "query",
    [
        "?after=1",
        "?epoch={epoch}",
        "?after=1&epoch=other",
        "?after=999&epoch={epoch}",
        "?after=-1&epoch={epoch}",
        "?after=+1&epoch={epoch}",
        "?after=1&after=1&epoch={epoch}",
        "?after=&epoch={epoch}",
        "?after=0x1&epoch={epoch}",
        "?after=%D9%A1&epoch={epoch}",
        "?after=99999999999999999999999&epoch={epoch}",
    ],
)
async def test_a_position_that_cannot_be_honoured_gets_a_snapshot(live: Live, query: str) -> None:
    cafe = await live.shop()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)

    again = await live.socket(f"/ws/shops/{cafe.shop['id']}" + query.format(epoch=board.epoch), cafe.owner)

    assert (await again.frame())["type"] == "snapshot"


async def test_a_position_far_behind_gets_a_snapshot_and_a_near_one_every_event(live: Live) -> None:
    cafe = await live.shop()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    start = board.position
    path = f"{cafe.path}/items/{cafe.item['id']}"
    for price in range(1, 1002):
        good(await cafe.owner.patch(path, {"price_minor": price + 1000}))

    far = await live.socket(f"/ws/shops/{cafe.shop['id']}?after={start}&epoch={board.epoch}", cafe.owner)
    near = await live.socket(f"/ws/shops/{cafe.shop['id']}?after={start + 1}&epoch={board.epoch}", cafe.owner)

    assert (await far.frame())["type"] == "snapshot"
    assert (await near.frame())["type"] == "resumed"
    assert [(await near.frame())["seq"] for _ in range(1000)] == list(range(start + 2, start + 1002))


async def test_a_beat_comes_at_once_and_then_regularly(settings: Settings) -> None:
    async with running(settings, beat_seconds=0.2) as live:
        cafe = await live.shop()
        board = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        snapshot = await board.frame()

        beats = [await board.beat() for _ in range(3)]

        assert [(beat["seq"], beat["head"]) for beat in beats] == [(snapshot["seq"],) * 2] * 3
        assert beats[0]["at"] < beats[1]["at"] < beats[2]["at"]
        assert set(beats[0]) == {"type", "seq", "head", "at", "every_s"}


async def test_a_beat_counts_what_a_channel_does_not_show(settings: Settings) -> None:
    async with running(settings, beat_seconds=0.2) as live:
        cafe = await live.shop()
        ada = await live.register()
        menu = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/menu")
        before = menu.position

        await ada.order(cafe.shop, cafe.item)
        beat = await menu.beat()
        while beat["seq"] == before:
            beat = await menu.beat()

        assert beat["seq"] == before + 1


async def test_a_thousand_changes_by_many_hands_arrive_in_order(live: Live) -> None:
    cafe = await live.shop()
    people = [await live.register() for _ in range(8)]
    boards = [await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner) for _ in range(3)]
    start = boards[0].position

    async def visit(number: int) -> None:
        for _ in range(8):
            order = await people[number].order(cafe.shop, cafe.item)
            await cafe.owner.move(order, "preparing")
            await cafe.owner.move(order, "ready")

    await asyncio.gather(*(visit(number) for number in range(8)))

    heard = [[await board.event() for _ in range(8 * 8 * 3)] for board in boards]
    assert [event["seq"] for event in heard[0]] == list(range(start + 1, start + 8 * 8 * 3 + 1))
    assert heard[0] == heard[1] == heard[2]
    assert [event["at"] for event in heard[0]] == sorted(event["at"] for event in heard[0])


async def test_the_customers_page_shows_what_was_finished_lately(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    done = await ada.order(cafe.shop, cafe.item)
    await cafe.owner.move(done, "ready")
    done = await cafe.owner.move(done, "picked_up")
    waiting = await ada.order(cafe.shop, cafe.item)

    mine = await live.socket("/ws/customers/me", ada)

    assert (await mine.frame())["orders"] == [done, waiting]


async def _caught_up(live: Live, path: str, who: Any = None) -> Socket:
    socket = await live.socket(path, who)
    assert (await socket.frame())["type"] == "snapshot"
    await socket.beat()
    return socket


def _state(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {name: snapshot[name] for name in ("shop", "orders", "items")}


def _folded(snapshot: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    state = json.loads(json.dumps(_state(snapshot)))
    orders = {order["id"]: order for order in state["orders"]}
    items = {item["id"]: item for item in state["items"]}
    for event in events:
        if event["type"] == "order":
            orders[event["order"]["id"]] = event["order"]
        elif event["type"] == "item":
            items[event["item"]["id"]] = event["item"]
        else:
            state["shop"] = event["shop"]
    active = ("pending", "preparing", "ready")
    return {
        "shop": state["shop"],
        "orders": sorted((o for o in orders.values() if o["status"] in active), key=lambda o: o["id"]),
        "items": [item for item in items.values() if not item["archived"]],
    }
