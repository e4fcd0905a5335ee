"""What cancellations give back, what recalls take again, and how orders that nobody touches are closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from orderflow import orders
from tests.people import Api, Person, Shop, good, refused
from tests.stored import stored

IN_TIME = timedelta(hours=47, minutes=59)
TOO_LONG = timedelta(hours=48, seconds=1)


async def _stock(cafe: Shop) -> int | None:
    found: int | None = good(await cafe.owner.get(f"{cafe.path}/items"))["data"][0]["stock"]
    return found


async def _change(cafe: Shop, **more: Any) -> dict[str, Any]:
    changed: dict[str, Any] = good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", more))
    return changed


async def _events(cafe: Shop, after: int = 0) -> list[Any]:
    """What the shop's feed tells: of an item whether it is sold out, of an order where it moved to."""
    found = good(await cafe.owner.get(f"{cafe.path}/events?after={after}&limit=100"))["data"]
    return [event["item"]["sold_out"] if event["type"] == "item" else event["to"] for event in found]


async def _head(cafe: Shop) -> int:
    found: int = good(await cafe.owner.get(f"{cafe.path}/events"))["head"]
    return found


async def test_a_cancelled_pending_order_gives_its_stock_back(api: Api) -> None:
    cafe = await api.shop(stock=3)
    ada = await api.register()

    mine = await ada.order(cafe.shop, cafe.item, 2)
    theirs = await ada.order(cafe.shop, cafe.item, 1)
    assert await _stock(cafe) == 0
    await ada.move(mine, "cancelled")
    assert await _stock(cafe) == 2
    await cafe.owner.move(theirs, "cancelled", reason="no milk")
    assert await _stock(cafe) == 3
    good(await ada.post(f"{cafe.path}/orders", {"lines": [{"item_id": cafe.item["id"], "quantity": 3}]}), 201)


async def test_an_order_that_was_begun_keeps_its_stock_when_it_is_cancelled_and_when_that_is_recalled(
    api: Api,
) -> None:
    cafe = await api.shop(stock=3)
    ada = await api.register()

    for status in ("preparing", "ready"):
        order = await ada.order(cafe.shop, cafe.item)
        left = await _stock(cafe)
        await cafe.owner.move(order, status)
        await cafe.owner.move(order, "cancelled", reason="dropped")
        assert await _stock(cafe) == left
        await cafe.owner.move(order, status)
        assert await _stock(cafe) == left


async def test_a_recalled_cancellation_takes_its_stock_again_or_is_refused(api: Api) -> None:
    cafe = await api.shop(stock=3)
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item, 2)
    await cafe.owner.move(order, "cancelled", reason="no milk")
    await ada.order(cafe.shop, cafe.item, 2)

    problem = refused(await cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": "pending"}), 409, "out_of_stock")
    assert problem["items"] == [{"item_id": cafe.item["id"], "name": "Flat white", "left": 1}]
    assert (await _stock(cafe), good(await ada.get(f"/v1/orders/{order['id']}"))["status"]) == (1, "cancelled")
    await _change(cafe, stock=2)
    await cafe.owner.move(order, "pending")
    assert await _stock(cafe) == 0
    await cafe.owner.move(order, "cancelled", reason="no milk")
    assert await _stock(cafe) == 2


async def test_an_item_that_flips_tells_so_right_before_the_order_that_did_it(api: Api) -> None:
    cafe = await api.shop(stock=2)
    ada = await api.register()
    start = await _head(cafe)

    order = await ada.order(cafe.shop, cafe.item, 2)
    await cafe.owner.move(order, "cancelled", reason="no milk")
    await cafe.owner.move(order, "pending")
    await ada.move(order, "cancelled")
    await ada.order(cafe.shop, cafe.item)
    await ada.order(cafe.shop, cafe.item)

    told = [True, "pending", False, "cancelled", True, "pending", False, "cancelled", "pending", True, "pending"]
    assert await _events(cafe, start) == told
    assert good(await ada.get(f"{cafe.path}/items"))["data"][0]["version"] == 6


async def test_stock_that_orders_take_raises_no_version_of_the_item(api: Api) -> None:
    cafe = await api.shop(stock=5)
    ada = await api.register()
    before = good(await ada.get(f"{cafe.path}/items"))["data"]

    order = await ada.order(cafe.shop, cafe.item, 4)
    await ada.move(order, "cancelled")
    await ada.order(cafe.shop, cafe.item, 3)

    assert good(await ada.get(f"{cafe.path}/items"))["data"] == before
    assert await _stock(cafe) == 2


async def test_what_is_not_to_be_had_gets_its_stock_back_in_silence(api: Api) -> None:
    cafe = await api.shop(stock=1)
    ada = await api.register()
    order, start = await ada.order(cafe.shop, cafe.item), await _head(cafe)

    await _change(cafe, available=False)
    await ada.move(order, "cancelled")

    assert await _events(cafe, start) == [True, "cancelled"]
    assert await _stock(cafe) == 1


async def test_an_archived_item_gets_its_stock_back_in_silence(api: Api, database_url: str) -> None:
    cafe = await api.shop(stock=1)
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    good(await cafe.owner.delete(f"{cafe.path}/items/{cafe.item['id']}"), 204)
    start = await _head(cafe)

    await cafe.owner.move(order, "cancelled", reason="no milk")
    await cafe.owner.move(order, "pending")
    await ada.move(order, "cancelled")

    assert await _events(cafe, start) == ["cancelled", "pending", "cancelled"]
    assert [tuple(row) for row in await stored(database_url, "SELECT stock FROM items")] == [(1,)]


async def test_stock_that_became_unlimited_meanwhile_is_neither_given_back_nor_taken_again(api: Api) -> None:
    cafe = await api.shop(stock=2)
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item, 2)

    await _change(cafe, stock=None)
    await cafe.owner.move(order, "cancelled", reason="no milk")
    await _change(cafe, stock=1)
    await cafe.owner.move(order, "pending")
    await cafe.owner.move(order, "cancelled", reason="no milk")

    assert await _stock(cafe) == 1


async def test_stock_that_was_unlimited_when_ordered_is_not_given_back(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item, 2)

    await _change(cafe, stock=1)
    await ada.move(order, "cancelled")

    assert await _stock(cafe) == 1


async def test_giving_back_stops_at_the_largest_stock_there_can_be(api: Api) -> None:
    cafe = await api.shop(stock=5)
    ada = await api.register()
    order = await ada.order(cafe.shop, cafe.item, 5)

    await _change(cafe, stock=999_998)
    await ada.move(order, "cancelled")

    assert await _stock(cafe) == 1_000_000


async def test_orders_that_nobody_touched_for_two_days_are_closed_by_the_system(api: Api, database_url: str) -> None:
    cafe = await api.shop(stock=4)
    ada = await api.register()
    placed = await _one_of_each(ada, cafe)
    # Placed long ago, and moved lately enough.
    fresh = await ada.order(cafe.shop, cafe.item)
    start = await _head(cafe)
    now = datetime.now(UTC)
    back = "UPDATE orders SET updated_at = $1 WHERE (id = $2) = $3"
    await stored(database_url, back, now - TOO_LONG, fresh["id"], False)
    await stored(database_url, back, now - IN_TIME, fresh["id"], True)

    assert await orders.close_abandoned(api.state["db"], now) == 3
    assert await orders.close_abandoned(api.state["db"], now) == 0

    found = [good(await ada.get(f"/v1/orders/{order['id']}")) for order in (*placed, fresh)]
    assert [(o["status"], o["cancelled_by"], o["reason"], o["version"]) for o in found] == [
        ("cancelled", "system", "abandoned", 2),
        ("cancelled", "system", "abandoned", 3),
        ("picked_up", None, None, 3),
        ("pending", None, None, 1),
    ]
    # Only the pending one gives its stock back, and that is no longer sold out.
    assert await _stock(cafe) == 1
    assert sorted(map(str, await _events(cafe, start))) == ["False", "cancelled", "cancelled", "picked_up"]
    last = good(await ada.get(f"/v1/orders/{placed[0]['id']}/events"))["data"][-1]
    assert (last["by"], last["from"], last["to"], last["reason"]) == ("system", "pending", "cancelled", "abandoned")


async def test_what_the_system_closed_is_not_recalled(api: Api, database_url: str) -> None:
    cafe = await api.shop(stock=4)
    ada = await api.register()
    placed = await _one_of_each(ada, cafe)
    now = datetime.now(UTC)
    await stored(database_url, "UPDATE orders SET updated_at = $1", now - TOO_LONG)

    assert await orders.close_abandoned(api.state["db"], now) == 3

    for order, before in zip(placed, ("pending", "preparing", "ready"), strict=True):
        refusal = await cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": before})
        assert refused(refusal, 409, "invalid_transition")["allowed"] == []


async def test_more_abandoned_orders_than_are_closed_at_once_are_closed_in_turns(api: Api, database_url: str) -> None:
    cafe = await api.shop()
    now = datetime.now(UTC)
    for _ in range(orders.CLOSED_AT_ONCE + 1):
        await cafe.owner.order(cafe.shop, cafe.item)
    await stored(database_url, "UPDATE orders SET updated_at = $1", now - TOO_LONG)

    assert [await orders.close_abandoned(api.state["db"], now) for _ in range(3)] == [orders.CLOSED_AT_ONCE, 1, 0]


async def _one_of_each(ada: Person, cafe: Shop) -> list[dict[str, Any]]:
    """A pending, a preparing and a ready order."""
    placed = [await ada.order(cafe.shop, cafe.item) for _ in range(3)]
    for order, status in zip(placed[1:], ("preparing", "ready"), strict=True):
        await cafe.owner.move(order, status)
    return placed
