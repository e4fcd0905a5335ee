"""Repeating an order: a key names it, so that a lost answer never costs anybody two coffees."""

import asyncio
from typing import Any

import httpx2

from tests.people import Api, Person, Shop, good, refused
from tests.stored import stored


async def _placed(who: Person, cafe: Shop, key: str, **more: Any) -> httpx2.Response:
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}], **more}
    return await who.post(f"{cafe.path}/orders", body, Idempotency_Key=key)


async def test_a_repetition_is_answered_with_the_same_order_as_it_is_now(api: Api) -> None:
    cafe = await api.shop(stock=1)
    ada = await api.register()
    first = await _placed(ada, cafe, "k")
    order = good(first, 201)

    assert good(await _placed(ada, cafe, "k"), 201) == order
    moved = await cafe.owner.move(order, "ready")
    # None of this stands in the way of an order that is there already.
    good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"available": False, "price_minor": 1}))
    good(await cafe.owner.patch(cafe.path, {"ordering": "paused"}))
    again = await _placed(ada, cafe, "k")

    assert good(again, 201) == moved
    assert again.headers["etag"] == '"2"'
    assert again.headers["location"] == first.headers["location"]
    assert good(await ada.get("/v1/orders"))["data"] == [moved]


async def test_a_key_stands_for_one_body_at_one_shop(api: Api) -> None:
    cafe, bar = await api.shop(), await api.shop("Bar")
    ada, bob = await api.register(), await api.register()
    order = good(await _placed(ada, cafe, "k"), 201)

    refused(await _placed(ada, cafe, "k", note="hot"), 422, "idempotency_key_reused")
    refused(await _placed(ada, cafe, "k", expected_total_minor=350), 422, "idempotency_key_reused")
    refused(await _placed(ada, cafe, "k", pickup_name="Bob"), 422, "idempotency_key_reused")
    lines = [{"item_id": cafe.item["id"], "quantity": 2}]
    refused(await _placed(ada, cafe, "k", lines=lines), 422, "idempotency_key_reused")
    refused(await _placed(ada, bar, "k"), 422, "idempotency_key_reused")
    refused(await _placed(ada, bar, "k", lines=lines), 422, "idempotency_key_reused")
    assert good(await _placed(bob, cafe, "k"), 201)["number"] == 2
    assert good(await _placed(ada, cafe, "K"), 201)["number"] == 3
    assert good(await _placed(ada, cafe, "k"), 201) == order


async def test_the_same_order_written_in_another_way_is_the_same_order(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    item = cafe.item["id"]
    order = good(
        await _placed(ada, cafe, "k", note="Café", lines=[{"item_id": item, "quantity": 3, "note": "hot"}]), 201
    )

    again = await _placed(
        ada,
        cafe,
        "k",
        note=" Cafe\u0301\r\n",
        pickup_name=None,
        email="",
        expected_total_minor=None,
        lines=[
            {"item_id": item.upper(), "note": "hot", "quantity": 1},
            {"item_id": item, "quantity": 2, "note": " hot "},
        ],
    )

    assert good(again, 201) == order


async def test_only_an_order_that_was_placed_is_remembered(api: Api) -> None:
    cafe = await api.shop(stock=0)
    ada = await api.register()

    refused(await _placed(ada, cafe, "k"), 409, "out_of_stock")
    refused(await _placed(ada, cafe, "k", lines=[]), 422, "invalid")
    good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"stock": 5}))

    assert good(await _placed(ada, cafe, "k", note="hot"), 201)["number"] == 1


async def test_a_key_of_printable_ascii_is_taken_as_it_is(api: Api, database_url: str) -> None:
    cafe = await api.shop()
    ada = await api.register()
    keys = ["k", "~" * 255, 'quoted "key"', "a,b", "a b"]

    for key in keys:
        order = good(await _placed(ada, cafe, key), 201)
        assert good(await _placed(ada, cafe, key), 201) == order

    rows = await stored(database_url, "SELECT idempotency_key FROM orders ORDER BY number")
    assert [row["idempotency_key"] for row in rows] == keys


async def test_a_key_of_another_form_is_invalid(api: Api) -> None:
    cafe = await api.shop()
    ada = await api.register()
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}

    for key in (b"", b"k" * 256, "ké".encode(), "ké".encode("latin-1"), b"a\tb"):
        headers = [(b"Authorization", f"Bearer {ada.token}".encode()), (b"Idempotency-Key", key)]
        problem = refused(await api.client.post(f"{cafe.path}/orders", json=body, headers=headers), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "Idempotency-Key"
    twice = [("Authorization", f"Bearer {ada.token}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    refused(await api.client.post(f"{cafe.path}/orders", json=body, headers=twice), 422, "invalid")


async def test_a_twin_waits_for_the_one_under_way_and_is_answered_with_its_order(api: Api, database_url: str) -> None:
    cafe = await api.shop()
    ada = await api.register()

    answers = await asyncio.gather(*(_placed(ada, cafe, "k") for _ in range(8)))

    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert [tuple(row) for row in await stored(database_url, "SELECT count(*) FROM orders")] == [(1,)]
