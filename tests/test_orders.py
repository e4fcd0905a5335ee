"""Placing orders: what is kept, what is refused and in which order, numbers by business day, repetitions."""

from typing import Any

import httpx2
import pytest

from tests.people import Api, Person, Shop, good, refused
from tests.stored import stored

NOBODYS = "01930000-0000-7000-8000-00000000000a"


def _line(item: dict[str, Any], quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"item_id": item["id"], "quantity": quantity, **more}


async def _placed(who: Person, cafe: Shop, *lines: dict[str, Any], **more: Any) -> httpx2.Response:
    headers = {name: more.pop(name) for name in ("Idempotency_Key",) if name in more}
    return await who.post(f"{cafe.path}/orders", {"lines": list(lines) or [_line(cafe.item)], **more}, **headers)


async def test_an_order_is_answered_as_it_is_read_later(api: Api) -> None:
    cafe = await api.shop("Corner Café")
    ada = await api.register("Ada")

    answer = await _placed(ada, cafe, _line(cafe.item, 2), note=" no sugar\r\nplease ", pickup_name="Countess")
    order = good(answer, 201)

    at = order["placed_at"]
    assert order == {
        "id": order["id"],
        "number": 1,
        "business_day": order["business_day"],
        "status": "pending",
        "version": 1,
        "shop": {"id": cafe.shop["id"], "slug": "corner-cafe", "name": "Corner Café"},
        "customer": {"id": ada.user["id"], "name": "Ada"},
        "pickup_name": "Countess",
        "lines": [
            {
                "item_id": cafe.item["id"],
                "name": "Flat white",
                "quantity": 2,
                "unit_price_minor": 350,
                "amount_minor": 700,
                "note": None,
            }
        ],
        "note": "no sugar\nplease",
        "currency": "EUR",
        "total_minor": 700,
        "placed_at": at,
        "preparing_at": None,
        "ready_at": None,
        "picked_up_at": None,
        "cancelled_at": None,
        "cancelled_by": None,
        "reason": None,
        "updated_at": at,
    }
    assert (len(at), at[-1]) == (24, "Z")
    assert answer.headers["location"] == f"/v1/orders/{order['id']}"
    read = await ada.get(answer.headers["location"])
    assert read.headers["etag"] == answer.headers["etag"] == '"1"'
    assert good(read) == order
    assert good(await ada.get("/v1/orders"))["data"] == good(await cafe.owner.get(f"{cafe.path}/orders"))["data"]
    assert good(await ada.get("/v1/orders")) == {"data": [order], "next_cursor": None}


async def test_an_old_order_keeps_names_slug_and_prices_when_the_shop_changes_them(api: Api) -> None:
    cafe = await api.shop("Corner Café")
    ada = await api.register("Ada")
    order = await ada.order(cafe.shop, cafe.item)

    good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"price_minor": 400, "name": "Latte"}))
    good(await cafe.owner.patch(cafe.path, {"name": "Bar", "slug": "bar"}))
    good(await ada.patch("/v1/me", {"name": "Countess"}))
    later = await ada.order(cafe.shop, cafe.item)
    good(await cafe.owner.delete(f"{cafe.path}/items/{cafe.item['id']}"), 204)

    assert good(await ada.get(f"/v1/orders/{order['id']}")) == order
    assert (later["total_minor"], later["lines"][0]["name"]) == (400, "Latte")
    assert (later["shop"]["slug"], later["shop"]["name"], later["customer"]["name"]) == ("bar", "Bar", "Countess")


async def test_a_shop_takes_orders_under_its_old_slug_too(api: Api) -> None:
    cafe = await api.shop("Corner Café")
    ada = await api.register()
    good(await cafe.owner.patch(cafe.path, {"slug": "bar"}))

    for slug in ("corner-cafe", "bar", cafe.shop["id"].upper()):
        good(await ada.post(f"/v1/shops/{slug}/orders", {"lines": [_line(cafe.item)]}), 201)


async def test_lines_with_the_same_item_and_note_become_one(api: Api) -> None:
    cafe = await api.shop()
    cake = await cafe.add("Cake", 425)
    ada = await api.register()

    order = good(
        await _placed(
            ada,
            cafe,
            _line(cafe.item, 1, note="hot"),
            _line(cake, 2),
            _line(cafe.item, 3),
            _line(cafe.item, 4, note=" hot "),
            _line(cake, 5, note=""),
            expected_total_minor=8 * 350 + 7 * 425,
        ),
        201,
    )

    lines = [(line["name"], line["quantity"], line["note"], line["amount_minor"]) for line in order["lines"]]
    assert lines == [
        ("Flat white", 5, "hot", 1750),
        ("Cake", 7, None, 2975),
        ("Flat white", 3, None, 1050),
    ]
    problem = refused(await _placed(ada, cafe, _line(cafe.item, 50), _line(cafe.item, 50)), 422, "invalid")
    assert "99" in problem["errors"][0]["detail"]


async def test_the_dearest_order_that_can_be_placed_is_added_up_right(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    gold = await cafe.add("Gold", 100_000_000)

    order = good(await _placed(ada, cafe, *(_line(gold, 99, note=str(n)) for n in range(50))), 201)

    assert order["total_minor"] == 50 * 99 * 100_000_000
    assert len(order["lines"]) == 50


async def test_only_staff_may_have_mails_sent_to_somebody_else_and_no_order_shows_it(
    api: Api, database_url: str
) -> None:
    cafe = await api.shop()
    ada = await api.register()

    problem = refused(await _placed(ada, cafe, email="bob@example.com"), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/email"
    good(await _placed(ada, cafe, email="  "), 201)
    answer = await _placed(cafe.owner, cafe, email=" Bob@Example.com ", pickup_name="Bob")

    order = good(answer, 201)
    assert "@" not in answer.text
    rows = await stored(database_url, "SELECT email, by_staff FROM orders ORDER BY number")
    assert [tuple(row) for row in rows] == [(None, False), ("bob@example.com", True)]
    assert order["number"] == 2


async def test_what_stands_in_the_way_is_named_one_thing_after_the_other(make_api: Any) -> None:
    api: Api = await make_api(open_orders_per_customer=2)
    cafe = await api.shop(stock=3)
    ada = await api.register()
    cake = await cafe.add("Cake", 425, available=False)
    first, _ = [await ada.order(cafe.shop, cafe.item) for _ in range(2)]
    good(await cafe.owner.patch(cafe.path, {"ordering": "paused"}))
    item = f"{cafe.path}/items/{cafe.item['id']}"
    wanted: dict[str, Any] = {
        "lines": [_line(cafe.item, 3), _line(cake), {"item_id": NOBODYS, "quantity": 1}],
        "expected_total_minor": 1,
    }

    async def place() -> httpx2.Response:
        return await ada.post(f"{cafe.path}/orders", wanted)

    refused(await place(), 409, "shop_paused")
    good(await cafe.owner.patch(cafe.path, {"ordering": "open"}))
    unavailable = refused(await place(), 409, "item_unavailable")["items"]
    assert unavailable == [{"item_id": cake["id"], "name": "Cake"}, {"item_id": NOBODYS, "name": None}]
    wanted["lines"] = [_line(cafe.item, 3)]
    assert refused(await place(), 409, "total_changed")["total_minor"] == 1050
    wanted["expected_total_minor"] = 1050
    refused(await place(), 409, "too_many_open_orders")
    await cafe.owner.move(first, "cancelled", reason="no milk")
    left = refused(await place(), 409, "out_of_stock")["items"]
    assert left == [{"item_id": cafe.item["id"], "name": "Flat white", "left": 2}]
    good(await cafe.owner.patch(item, {"stock": 3}))
    assert good(await place(), 201)["number"] == 3


async def test_an_item_that_is_not_to_be_had_here_is_named(api: Api) -> None:
    cafe = await api.shop()
    bar = await api.shop("Bar")
    ada = await api.register()
    gone = await cafe.add("Soup")
    good(await cafe.owner.delete(f"{cafe.path}/items/{gone['id']}"), 204)

    problem = refused(
        await _placed(ada, cafe, _line(cafe.item), _line(bar.item), _line(gone), _line(gone, note="hot")),
        409,
        "item_unavailable",
    )

    assert problem["items"] == [
        {"item_id": bar.item["id"], "name": None},
        {"item_id": gone["id"], "name": "Soup"},
    ]


async def test_stock_is_taken_over_all_lines_and_never_below_nothing(api: Api) -> None:
    cafe = await api.shop(stock=5)
    ada = await api.register()
    cake = await cafe.add("Cake", 425, stock=1)

    async def stocks() -> list[int | None]:
        return [item["stock"] for item in good(await cafe.owner.get(f"{cafe.path}/items"))["data"]]

    lines = [_line(cafe.item, 3), _line(cafe.item, 3, note="hot"), _line(cake, 2)]
    problem = refused(await _placed(ada, cafe, *lines), 409, "out_of_stock")
    assert [(each["name"], each["left"]) for each in problem["items"]] == [("Flat white", 5), ("Cake", 1)]
    assert await stocks() == [5, 1]
    good(await _placed(ada, cafe, _line(cafe.item, 3), _line(cafe.item, 2, note="hot")), 201)
    assert await stocks() == [0, 1]
    assert [item["sold_out"] for item in good(await ada.get(f"{cafe.path}/items"))["data"]] == [True, False]
    refused(await _placed(ada, cafe), 409, "out_of_stock")


async def test_a_customer_has_so_many_open_orders_at_one_shop_and_no_more(api: Api) -> None:
    cafe, bar = await api.shop(), await api.shop("Bar")
    ada, bob = await api.register(), await api.register()
    orders = [await ada.order(cafe.shop, cafe.item) for _ in range(10)]

    refused(await _placed(ada, cafe), 409, "too_many_open_orders")

    await ada.order(bar.shop, bar.item)
    await bob.order(cafe.shop, cafe.item)
    for _ in range(11):
        await cafe.owner.order(cafe.shop, cafe.item)
    await cafe.owner.move(orders[0], "ready")
    refused(await _placed(ada, cafe), 409, "too_many_open_orders")
    await cafe.owner.move(orders[0], "picked_up")
    good(await _placed(ada, cafe), 201)


async def test_without_a_limit_nobody_has_too_many_open_orders(make_api: Any) -> None:
    api: Api = await make_api(open_orders_per_customer=0)
    cafe = await api.shop()
    ada = await api.register()

    assert [(await ada.order(cafe.shop, cafe.item))["number"] for _ in range(12)] == list(range(1, 13))


async def test_a_refused_order_takes_nothing_and_uses_no_number(api: Api, database_url: str) -> None:
    cafe = await api.shop(stock=1)
    ada = await api.register()

    refused(await _placed(ada, cafe, _line(cafe.item, 2)), 409, "out_of_stock")
    refused(await _placed(ada, cafe, expected_total_minor=1), 409, "total_changed")

    assert await stored(database_url, "SELECT FROM orders") == []
    assert await stored(database_url, "SELECT FROM events WHERE kind <> 'item'") == []
    assert (await ada.order(cafe.shop, cafe.item))["number"] == 1


async def test_signing_in_comes_before_the_body_and_the_body_before_the_shop(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    nowhere = f"/v1/shops/{NOBODYS}/orders"

    refused(await api.client.post(nowhere, content=b"x"), 401, "unauthenticated")
    signed_in = {"Authorization": f"Bearer {ada.token}"}
    refused(await api.client.post(nowhere, content=b"x" * 70_000, headers=signed_in), 413, "body_too_large")
    refused(await api.client.post(nowhere, content=b"x", headers=signed_in), 415, "unsupported_media_type")
    as_json = signed_in | {"Content-Type": "application/json"}
    refused(await api.client.post(nowhere, content=b"x", headers=as_json), 400, "not_json")
    refused(await ada.post(nowhere, {"lines": []}), 422, "invalid")
    for path in (nowhere, "/v1/shops/no-such-shop/orders", "/v1/shops/No!/orders", f"{nowhere}/"):
        refused(await ada.post(path, {"lines": [_line(cafe.item)]}), 404, "not_found")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
async def test_numbers_begin_anew_on_the_next_business_day_of_the_shops_own_zone(
    api: Api, database_url: str, zone: str
) -> None:
    cafe = await api.shop(time_zone=zone)
    ada = await api.register()
    before = [await ada.order(cafe.shop, cafe.item) for _ in range(2)]

    # As if all of this had happened the day before.
    await stored(database_url, "UPDATE feeds SET day = day - 1 WHERE id = $1", cafe.shop["id"])
    await stored(database_url, "UPDATE orders SET business_day = business_day - 1")
    after = [await ada.order(cafe.shop, cafe.item) for _ in range(2)]

    assert [order["number"] for order in before + after] == [1, 2, 1, 2]
    [today] = await stored(database_url, "SELECT (now() AT TIME ZONE $1)::date::text AS day", zone)
    assert {order["business_day"] for order in after} == {today["day"]}


async def test_the_business_day_never_goes_back_when_a_shop_moves_west(api: Api) -> None:
    cafe = await api.shop(time_zone="Pacific/Kiritimati")
    ada = await api.register()
    before = await ada.order(cafe.shop, cafe.item)

    good(await cafe.owner.patch(cafe.path, {"time_zone": "Pacific/Pago_Pago"}))
    after = await ada.order(cafe.shop, cafe.item)

    assert (before["number"], after["number"]) == (1, 2)
    assert after["business_day"] == before["business_day"]


async def test_each_shop_counts_for_itself(api: Api) -> None:
    cafe, bar = await api.shop(), await api.shop("Bar")
    ada = await api.register()

    numbers = [(await ada.order(shop.shop, shop.item))["number"] for shop in (cafe, bar, cafe, bar)]

    assert numbers == [1, 1, 2, 2]
