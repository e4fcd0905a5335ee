"""How many e-mail addresses a shop's staff may give within an hour: strangers are not written to without end."""

import asyncio
from typing import Any

import httpx2

from tests.erasing import erase
from tests.people import Api, Person, Shop, good, refused
from tests.stored import connected, stored

AN_HOUR_LATER = "UPDATE staff_emails SET at = at - $1::text::interval"
OLD_CALL = """
    SELECT outcome FROM place_order(
        uuidv7(), $1, $2, ARRAY[$3::uuid], '{1}', '{NULL}', NULL, NULL, $4, NULL, NULL, NULL, 0)
"""


async def _placed(who: Person, cafe: Shop, email: str | None, **more: str) -> httpx2.Response:
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}], "email": email}
    return await who.post(f"{cafe.path}/orders", body, **more)


async def test_beyond_the_limit_an_order_is_taken_without_an_address_only(make_api: Any) -> None:
    api: Api = await make_api(staff_emails_per_hour=2)
    cafe, bar = await api.shop(stock=4), await api.shop("Bar")
    grace = cafe.owner
    for name in ("ada", "bob"):
        good(await _placed(grace, cafe, f"{name}@example.com"), 201)

    answer = await _placed(grace, cafe, "eve@example.com", Idempotency_Key="k")
    problem = refused(answer, 429, "rate_limited")

    assert "2 e-mail addresses" in problem["detail"]
    assert "without `email`" in problem["detail"]
    assert 3_590 <= int(answer.headers["retry-after"]) <= 3_600
    # Nothing of it is remembered: the key is free, and so is the stock.
    assert good(await _placed(grace, cafe, None, Idempotency_Key="k"), 201)["number"] == 3
    assert good(await grace.get(f"{cafe.path}/items"))["data"][0]["stock"] == 1
    good(await _placed(await api.register(), cafe, None), 201)
    good(await _placed(bar.owner, bar, "ada@example.com"), 201)


async def test_an_address_counts_for_an_hour(make_api: Any, database_url: str) -> None:
    api: Api = await make_api(staff_emails_per_hour=2)
    cafe = await api.shop()
    good(await _placed(cafe.owner, cafe, "ada@example.com"), 201)
    await stored(database_url, AN_HOUR_LATER, "40 minutes")
    good(await _placed(cafe.owner, cafe, "bob@example.com"), 201)

    answer = await _placed(cafe.owner, cafe, "eve@example.com")
    refused(answer, 429, "rate_limited")
    assert 1_190 <= int(answer.headers["retry-after"]) <= 1_200

    await stored(database_url, AN_HOUR_LATER, "20 minutes")
    good(await _placed(cafe.owner, cafe, "eve@example.com"), 201)
    refused(await _placed(cafe.owner, cafe, "dan@example.com"), 429, "rate_limited")
    assert len(await stored(database_url, "SELECT FROM staff_emails")) == 2


async def test_an_order_that_was_taken_is_answered_again_whatever_came_after_it(make_api: Any) -> None:
    api: Api = await make_api(staff_emails_per_hour=1)
    cafe = await api.shop()
    order = good(await _placed(cafe.owner, cafe, "ada@example.com", Idempotency_Key="k"), 201)

    refused(await _placed(cafe.owner, cafe, "bob@example.com"), 429, "rate_limited")

    assert good(await _placed(cafe.owner, cafe, "ada@example.com", Idempotency_Key="k"), 201) == order
    refused(await _placed(cafe.owner, cafe, "bob@example.com", Idempotency_Key="k"), 422, "idempotency_key_reused")


async def test_the_limit_holds_for_all_staff_who_order_at_once(make_api: Any) -> None:
    api: Api = await make_api(staff_emails_per_hour=3)
    cafe = await api.shop()
    staff = [cafe.owner, *[await api.register() for _ in range(3)]]
    for each in staff[1:]:
        good(await cafe.owner.post(f"{cafe.path}/staff", {"email": each.user["email"]}), 201)

    answers = await asyncio.gather(*(_placed(who, cafe, "ada@example.com") for who in staff * 3))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 9


async def test_orders_without_an_address_from_staff_are_not_counted(make_api: Any, database_url: str) -> None:
    api: Api = await make_api(staff_emails_per_hour=1)
    cafe, ada = await api.shop(), await api.register()

    for who in (ada, cafe.owner, ada, cafe.owner):
        good(await _placed(who, cafe, None), 201)

    assert await stored(database_url, "SELECT FROM staff_emails") == []


async def test_zero_is_without_limit(make_api: Any, database_url: str) -> None:
    api: Api = await make_api(staff_emails_per_hour=0)
    cafe = await api.shop()

    for number in range(3):
        good(await _placed(cafe.owner, cafe, f"person{number}@example.com"), 201)

    assert await stored(database_url, "SELECT FROM staff_emails") == []


async def test_who_erases_the_address_makes_no_room_for_the_next(make_api: Any) -> None:
    api: Api = await make_api(staff_emails_per_hour=1)
    cafe, ada = await api.shop(), await api.register()
    good(await _placed(cafe.owner, cafe, ada.user["email"]), 201)

    good(await erase(ada), 204)

    refused(await _placed(cafe.owner, cafe, "bob@example.com"), 429, "rate_limited")


async def test_a_server_of_the_version_before_goes_on_to_take_orders(api: Api, database_url: str) -> None:
    cafe = await api.shop()
    values = (cafe.shop["id"], cafe.owner.user["id"], cafe.item["id"], "ada@example.com")

    async with connected(database_url) as connection:
        assert await connection.fetchval(OLD_CALL, *values) == "placed"

    assert len(good(await cafe.owner.get(f"{cafe.path}/orders"))["data"]) == 1
