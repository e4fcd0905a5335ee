"""Many at once over real HTTP: nothing is sold twice, nothing happens twice, nothing is half seen, nobody deadlocks."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from orderflow.settings import Settings
from tests.live import Live, running
from tests.people import Person, Shop, good, refused
from tests.stored import stored

CONFLICTING = {
    "pending": ("preparing", "ready", "cancelled"),
    "preparing": ("pending", "ready", "cancelled"),
    "ready": ("pending", "picked_up", "cancelled"),
}


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings) as server:
        yield server


async def _crowd(live: Live, size: int) -> list[Person]:
    return list(await asyncio.gather(*(live.register(f"Buyer {number}") for number in range(size))))


async def _placed(who: Person, cafe: Shop, quantity: int = 1, **headers: str) -> httpx2.Response:
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": quantity}]}
    return await who.post(f"{cafe.path}/orders", body, **headers)


def _counted(answers: list[httpx2.Response]) -> dict[tuple[int, str | None], int]:
    """How often each status came, with the code of the refusal."""
    return Counter((each.status_code, each.json().get("code")) for each in answers)


async def _tapped(who: Person, order: dict[str, Any], to: str, **headers: str) -> httpx2.Response:
    reason = {"reason": "no milk"} if to == "cancelled" else {}
    return await who.patch(f"/v1/orders/{order['id']}", {"status": to, **reason}, **headers)


async def _feed(cafe: Shop) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while page := good(await cafe.owner.get(f"{cafe.path}/events?after={len(events)}&limit=100"))["data"]:
        assert [event["seq"] for event in page] == list(range(len(events) + 1, len(events) + len(page) + 1))
        events += page
    return events


async def test_fifty_buyers_for_ten_pieces_buy_exactly_ten(live: Live) -> None:
    cafe = await live.shop(stock=10)
    crowd = await _crowd(live, 50)

    answers = await asyncio.gather(*(_placed(who, cafe) for who in crowd))

    assert _counted(answers) == {(201, None): 10, (409, "out_of_stock"): 40}
    assert sorted(good(each, 201)["number"] for each in answers if each.status_code == 201) == list(range(1, 11))
    assert good(await cafe.owner.get(f"{cafe.path}/items"))["data"][0]["stock"] == 0


async def test_buyers_of_several_pieces_share_what_there_is_to_the_last_that_fits(live: Live) -> None:
    cafe = await live.shop(stock=20)
    crowd = await _crowd(live, 20)

    answers = await asyncio.gather(*(_placed(who, cafe, 1 + number % 3) for number, who in enumerate(crowd)))

    sold = sum(good(each, 201)["lines"][0]["quantity"] for each in answers if each.status_code == 201)
    left = good(await cafe.owner.get(f"{cafe.path}/items"))["data"][0]["stock"]
    assert sold + left == 20
    for each in answers:
        if each.status_code != 201:
            refused(each, 409, "out_of_stock")
    assert left == 0 or all(each.status_code == 201 for number, each in enumerate(answers) if 1 + number % 3 <= left)


async def test_one_key_fifty_times_at_once_is_one_order_and_fifty_equal_answers(live: Live) -> None:
    cafe = await live.shop(stock=50)
    ada = await live.register()

    answers = await asyncio.gather(*(_placed(ada, cafe, Idempotency_Key="once") for _ in range(50)))

    assert {each.status_code for each in answers} == {201}
    assert len({each.text for each in answers}) == 1
    assert len({(each.headers["location"], each.headers["etag"]) for each in answers}) == 1
    assert good(await ada.get("/v1/orders"))["data"] == [answers[0].json()]
    assert good(await cafe.owner.get(f"{cafe.path}/items"))["data"][0]["stock"] == 49


async def test_one_key_for_different_orders_at_once_is_one_of_them(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()

    answers = await asyncio.gather(*(_placed(ada, cafe, 1 + n % 4, Idempotency_Key="once") for n in range(24)))

    assert _counted(answers) == {(201, None): 6, (422, "idempotency_key_reused"): 18}
    assert len(good(await ada.get("/v1/orders"))["data"]) == 1


async def test_the_same_move_tapped_twice_at_once_is_one_event(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    order = await ada.order(cafe.shop, cafe.item)
    path = f"/v1/orders/{order['id']}"

    for version, status in enumerate(("preparing", "ready", "preparing", "ready", "picked_up"), 2):
        answers = await asyncio.gather(*(cafe.owner.patch(path, {"status": status}) for _ in range(10)))
        assert {each.status_code for each in answers} == {200}
        assert len({each.text for each in answers}) == 1
        assert answers[0].headers["etag"] == f'"{version}"'

    assert len(good(await ada.get(f"{path}/events"))["data"]) == 6


async def test_of_twenty_conflicting_moves_at_once_one_wins_each_step(live: Live) -> None:
    cafe = await live.shop(stock=50)
    orders = [await cafe.owner.order(cafe.shop, cafe.item) for _ in range(50)]

    async def contend(order: dict[str, Any]) -> dict[str, Any]:
        wanted = [random.choice(CONFLICTING[order["status"]]) for _ in range(20)]  # noqa: S311 - any will do
        tag = f'"{order["version"]}"'
        answers = await asyncio.gather(*(_tapped(cafe.owner, order, to, If_Match=tag) for to in wanted))
        now: dict[str, Any] = good(await cafe.owner.get(f"/v1/orders/{order['id']}"))
        told = good(await cafe.owner.get(f"/v1/orders/{order['id']}/events"))["data"]
        assert (now["version"], len(told), told[-1]["to"]) == (order["version"] + 1,) * 2 + (now["status"],)
        for to, answer in zip(wanted, answers, strict=True):
            # Those who wanted what the winner wanted find it done.
            assert good(answer) == now if to == now["status"] else refused(answer, 412, "version_mismatch")
        return now

    once = await asyncio.gather(*(contend(order) for order in orders))
    await asyncio.gather(*(contend(order) for order in once if order["status"] != "cancelled"))


async def test_moves_without_a_condition_still_follow_the_table(live: Live) -> None:
    cafe = await live.shop(stock=20)
    ada = await live.register()
    # Of one customer, but no more than may be open.
    orders = [await ada.order(cafe.shop, cafe.item) for _ in range(10)]
    tries = [*("preparing", "ready", "picked_up", "pending", "cancelled") * 4]

    taps = [
        (ada if to == "cancelled" and number % 2 else cafe.owner, order, to)
        for number, to in enumerate(tries)
        for order in orders
    ]
    random.shuffle(taps)
    answers = await asyncio.gather(*(_tapped(*tap) for tap in taps))

    assert {each.status_code for each in answers} <= {200, 409}
    taken = 0
    for order in orders:
        told = good(await ada.get(f"/v1/orders/{order['id']}/events"))["data"]
        now = good(await ada.get(f"/v1/orders/{order['id']}"))
        assert [event["from"] for event in told] == [None, *(event["to"] for event in told[:-1])]
        assert all(event["from"] != event["to"] for event in told)
        assert (now["version"], now["status"]) == (len(told), told[-1]["to"])
        taken += not (now["status"] == "cancelled" and told[-1]["from"] == "pending")
    assert good(await cafe.owner.get(f"{cafe.path}/items"))["data"][0]["stock"] == 20 - taken


async def test_one_customer_cannot_slip_past_the_limit_of_open_orders(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()

    answers = await asyncio.gather(*(_placed(ada, cafe) for _ in range(30)))

    assert _counted(answers) == {(201, None): 10, (409, "too_many_open_orders"): 20}


async def test_what_the_feed_told_before_an_order_is_what_the_order_was_placed_by(live: Live) -> None:
    cafe = await live.shop(stock=30)
    crowd = await _crowd(live, 8)
    item = f"{cafe.path}/items/{cafe.item['id']}"
    done = asyncio.Event()

    async def owner() -> None:
        for number in itertools.count(1):
            good(await cafe.owner.patch(item, {"price_minor": 100 + number, "name": f"Blend {number}"}))
            good(await cafe.owner.patch(cafe.path, {"ordering": ("open", "paused")[number % 2]}))
            good(await cafe.owner.patch(item, {"available": number % 3 != 0, "stock": (None, 3, 40)[number % 3]}))
            good(await cafe.owner.patch(cafe.path, {"ordering": "open", "name": f"Café {number}"}))
            if done.is_set():
                return

    async def buyer(who: Person) -> list[httpx2.Response]:
        answers = []
        for _ in range(25):
            answers.append(await _placed(who, cafe))
            if answers[-1].status_code == 201:
                good(await who.patch(f"/v1/orders/{answers[-1].json()['id']}", {"status": "cancelled"}))
        return answers

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(owner())
        buying = [tasks.create_task(buyer(who)) for who in crowd]
        await asyncio.wait(buying)
        done.set()

    counted = _counted([each for task in buying for each in task.result()])
    assert {status for status, _ in counted} <= {201, 409}
    assert counted[201, None] > 10
    state: dict[str, Any] = {"item": cafe.item, "shop": cafe.shop}
    for event in await _feed(cafe):
        if event["type"] != "order":
            state[event["type"]] = event[event["type"]]
        elif event["event"] == "placed":
            order, line = event["order"], event["order"]["lines"][0]
            assert (line["name"], line["unit_price_minor"]) == (state["item"]["name"], state["item"]["price_minor"])
            assert (order["shop"]["name"], state["shop"]["ordering"]) == (state["shop"]["name"], "open")
            assert state["item"]["available"] is True


async def test_a_busy_day_leaves_no_gap_no_deadlock_and_no_lost_stock(live: Live, database_url: str) -> None:
    shops = [await live.shop(name, stock=200) for name in ("Café", "Bar")]
    crowd = await _crowd(live, 10)
    for shop in shops:
        await shop.add("Cake", 425, stock=200)
    done = asyncio.Event()

    async def customer(who: Person, number: int) -> None:
        for turn in range(12):
            shop = shops[(number + turn) % 2]
            items = shop.items if number % 3 else shop.items[::-1]
            lines = [{"item_id": item["id"], "quantity": 1 + turn % 2} for item in items]
            order = good(await who.post(f"{shop.path}/orders", {"lines": lines}), 201)
            steps = [("ready", "picked_up"), ("cancelled", "pending", "cancelled"), ("preparing", "pending")][turn % 3]
            for to in steps:
                reason = {"reason": "no milk"} if to == "cancelled" else {}
                await shop.owner.move(order, to, **reason)
            if turn % 3 == 2:
                await who.move(order, "cancelled")

    async def reader(shop: Shop) -> None:
        seen, last = 0, False
        while not last:
            last = done.is_set()
            page = good(await shop.owner.get(f"{shop.path}/events?after={seen}&limit=100"))
            assert [event["seq"] for event in page["data"]] == list(range(seen + 1, seen + len(page["data"]) + 1))
            seen += len(page["data"])

    async def tinkerer(shop: Shop) -> None:
        while not done.is_set():
            for item in shop.items:
                good(await shop.owner.patch(f"{shop.path}/items/{item['id']}", {"position": random.randrange(9)}))  # noqa: S311

    async with asyncio.TaskGroup() as tasks:
        for shop in shops:
            tasks.create_task(reader(shop))
            tasks.create_task(tinkerer(shop))
        await asyncio.wait([tasks.create_task(customer(who, number)) for number, who in enumerate(crowd)])
        done.set()

    taken = """
        SELECT sum(l.quantity) FROM orders o JOIN order_lines l ON l.order_id = o.id
        WHERE l.stock = 'taken' AND o.shop_id = $1
    """
    for shop in shops:
        [sold] = await stored(database_url, taken, shop.shop["id"])
        assert sum(item["stock"] for item in good(await shop.owner.get(f"{shop.path}/items"))["data"]) == 400 - sold[0]
        numbers = await stored(database_url, "SELECT number FROM orders WHERE shop_id = $1", shop.shop["id"])
        assert sorted(row[0] for row in numbers) == list(range(1, len(numbers) + 1))
        await _feed(shop)
    holes = """
        SELECT f.id FROM feeds f LEFT JOIN (
            SELECT shop_id AS id, shop_seq AS seq FROM events UNION ALL SELECT customer_id, customer_seq FROM events
        ) e ON e.id = f.id
        GROUP BY f.id, f.head HAVING count(e.seq) <> f.head OR coalesce(max(e.seq), 0) <> f.head
    """
    assert await stored(database_url, holes) == []
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert [row[0] for row in await stored(database_url, deadlocks)] == [0]
