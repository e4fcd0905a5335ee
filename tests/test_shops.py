"""Shops: lists, changes and what they tell the shop's feed."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from orderflow import shops
from tests.people import Api, Person, Shop, good, refused

NEW = {"name": "Corner Café", "currency": "EUR", "time_zone": "Europe/Berlin"}


async def names(answer: httpx2.Response) -> list[str]:
    return [shop["name"] for shop in good(answer)["data"]]


async def events(shop: Shop) -> list[dict[str, Any]]:
    """The shop's feed."""
    found: list[dict[str, Any]] = good(await shop.owner.get(f"{shop.path}/events"))["data"]
    return found


async def owner(api: Api) -> Person:
    return await api.register("Grace", "shop_owner")


async def test_a_new_shop_is_listed_and_open(api: Api) -> None:
    grace = await owner(api)

    answer = await grace.post(
        "/v1/shops", {**NEW, "description": " Two\r\nlines ", "phone": " ", "email": "Hi@Example.com"}
    )

    shop = good(answer, 201)
    assert answer.headers["etag"] == '"1"'
    expected = {
        "slug": "corner-cafe",
        "name": "Corner Café",
        "description": "Two\nlines",
        "address": None,
        "phone": None,
        "email": "hi@example.com",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "listed": True,
        "ordering": "open",
        "warm_minutes": 5,
        "hot_minutes": 10,
        "version": 1,
    }
    assert shop == {
        **expected,
        "id": shop["id"],
        "created_at": shop["created_at"],
        "updated_at": shop["created_at"],
    }
    assert good(await api.get("/v1/shops"))["data"] == [shop]
    assert good(await grace.get("/v1/me/shops"))["data"] == [shop | {"role": "owner"}]
    feed = good(await grace.get(f"/v1/shops/{shop['id']}/events"))
    assert (feed["data"], feed["head"]) == ([], 0)


async def test_a_customer_opens_no_shop(api: Api) -> None:
    ada = await api.register()

    refused(await ada.post("/v1/shops", NEW), 403, "forbidden")
    refused(await api.post("/v1/shops", json=NEW), 401, "unauthenticated")
    refused(await ada.post("/v1/shops", {**NEW, "currency": "EURO"}), 422, "invalid")
    assert good(await api.get("/v1/shops"))["data"] == []


async def test_what_no_shop_can_be_is_pointed_at(api: Api) -> None:
    grace = await owner(api)

    for wrong, pointer in (
        ({"name": "\t"}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"slug": "ab"}, "/slug"),
        ({"slug": "x" * 41}, "/slug"),
        ({"slug": "Corner"}, "/slug"),
        ({"slug": "a--b"}, "/slug"),
        ({"slug": "-ab"}, "/slug"),
        ({"slug": "café"}, "/slug"),
        ({"slug": "01930000-0000-7000-8000-000000000001"}, "/slug"),
        ({"slug": 123}, "/slug"),
        ({"currency": "eur"}, "/currency"),
        ({"currency": "XXX"}, "/currency"),
        ({"currency": "ABC"}, "/currency"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "europe/berlin"}, "/time_zone"),
        ({"time_zone": "UTC+2"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"description": "x" * 1001}, "/description"),
        ({"address": "two\nlines"}, "/address"),
        ({"phone": "x" * 41}, "/phone"),
        ({"email": "nobody"}, "/email"),
        ({"listed": False}, "/listed"),
    ):
        problem = refused(await grace.post("/v1/shops", {**NEW, **wrong}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer], wrong
    for missing in NEW:
        body = {name: value for name, value in NEW.items() if name != missing}
        assert refused(await grace.post("/v1/shops", body), 422, "invalid")["errors"][0]["pointer"] == f"/{missing}"


async def test_the_list_looks_for_a_literal_part_of_the_name_in_either_case(api: Api) -> None:
    grace = await owner(api)
    for name in ("Café Größe", "100% Juice", "100 Juices", "a_b", "aXb", "back\\slash", "ÉCLAIR"):
        good(await grace.post("/v1/shops", {**NEW, "name": name}), 201)

    for q, found in (
        ("CAFÉ", ["Café Größe"]),
        ("cafe\u0301", ["Café Größe"]),
        ("GRÖßE", ["Café Größe"]),
        ("éclair", ["ÉCLAIR"]),
        ("%", ["100% Juice"]),
        ("0% j", ["100% Juice"]),
        ("_", ["a_b"]),
        ("A_B", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("k\\s", ["back\\slash"]),
        ("\\%", []),
        ("juice", ["100 Juices", "100% Juice"]),
        (" juice ", ["100 Juices", "100% Juice"]),
        ("' OR 1=1 --", []),
        ("nothing", []),
    ):
        assert await names(await api.get("/v1/shops", params={"q": q})) == found, q
    assert len(await names(await api.get("/v1/shops?q="))) == 7
    for wrong in ("x" * 81, "a\u0000", "\u202e"):
        refused(await api.get("/v1/shops", params={"q": wrong}), 422, "invalid")


async def test_the_list_is_walked_page_by_page_by_name_then_id(api: Api) -> None:
    grace = await owner(api)
    for name in ("b", "a", "c", "b", "é", "b", "d"):
        good(await grace.post("/v1/shops", {**NEW, "name": name}), 201)

    for path in ("/v1/shops", "/v1/me/shops"):
        whole = good(await grace.get(path))
        walked: list[dict[str, Any]] = []
        page = good(await grace.get(f"{path}?limit=2"))
        while True:
            walked += page["data"]
            assert len(page["data"]) <= 2
            if page["next_cursor"] is None:
                break
            page = good(await grace.get(f"{path}?limit=2&cursor={page['next_cursor']}"))
        assert walked == whole["data"]
        assert [shop["name"] for shop in walked] == ["a", "b", "b", "b", "c", "d", "é"]
        assert whole["next_cursor"] is None
        for wrong in ("limit=0", "limit=101", "limit=x", "limit=1&limit=2", "cursor=x", "cursor=", "cursor=!!!!"):
            refused(await grace.get(f"{path}?{wrong}"), 422, "invalid")


async def test_an_unlisted_shop_is_absent_from_the_list_and_nothing_else(api: Api) -> None:
    corner = await api.shop()

    good(await corner.owner.patch(corner.path, {"listed": False}))

    assert await names(await api.get("/v1/shops")) == []
    assert await names(await corner.owner.get("/v1/me/shops")) == ["Corner Café"]
    assert good(await api.get(corner.path))["listed"] is False
    assert len(good(await api.get(f"{corner.path}/items"))["data"]) == 1


async def test_my_shops_are_those_that_i_own_or_work_for(api: Api) -> None:
    corner, _ = await api.shop(), await api.shop("Other")
    ada = await api.register(role="shop_owner")
    assert await names(await ada.get("/v1/me/shops")) == []

    good(await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]}), 201)

    own = good(await ada.post("/v1/shops", {**NEW, "name": "Ada's"}), 201)
    mine = good(await ada.get("/v1/me/shops"))["data"]
    assert mine == [own | {"role": "owner"}, corner.shop | {"role": "staff"}]
    refused(await api.get("/v1/me/shops"), 401, "unauthenticated")


async def test_an_effective_change_raises_the_version_and_is_one_event(api: Api) -> None:
    corner = await api.shop()
    before = await events(corner)

    answer = await corner.owner.patch(corner.path, {"ordering": "paused", "phone": "1", "name": "Corner Café"})

    changed = good(answer)
    assert (changed["version"], answer.headers["etag"]) == (2, '"2"')
    assert changed == {
        **corner.shop,
        "ordering": "paused",
        "phone": "1",
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert changed["updated_at"] > corner.shop["updated_at"]
    (event,) = (await events(corner))[len(before) :]
    assert (event["type"], event["shop"]) == ("shop", changed)
    assert good(await api.get(corner.path)) == changed


async def test_a_change_that_changes_nothing_is_no_event(api: Api) -> None:
    corner = await api.shop(description="Good coffee")
    before = await events(corner)

    for nothing in (
        {},
        {"name": " Corner Café "},
        {"description": "Good coffee\r\n", "email": ""},
        {"slug": "corner-cafe"},
    ):
        answer = await corner.owner.patch(corner.path, nothing)
        assert good(answer) == corner.shop
        assert answer.headers["etag"] == '"1"'

    assert await events(corner) == before


async def test_null_clears_what_may_be_missing_and_is_refused_elsewhere(api: Api) -> None:
    facts: dict[str, Any] = {"description": "d", "address": "a", "phone": "1", "email": "a@example.com"}
    corner = await api.shop(**facts)

    changed = good(await corner.owner.patch(corner.path, dict.fromkeys(facts)))

    assert all(changed[name] is None for name in facts)
    for name in ("name", "slug", "currency", "time_zone", "listed", "ordering", "warm_minutes", "hot_minutes"):
        problem = refused(await corner.owner.patch(corner.path, {name: None}), 422, "invalid")
        assert problem["errors"][0]["pointer"] == f"/{name}"


async def test_a_shop_says_when_its_orders_stand_out_and_when_they_are_late(api: Api) -> None:
    corner = await api.shop()

    changed = good(await corner.owner.patch(corner.path, {"warm_minutes": 15, "hot_minutes": 1440}))

    assert (changed["warm_minutes"], changed["hot_minutes"], changed["version"]) == (15, 1440, 2)
    assert (await events(corner))[-1]["shop"] == changed == good(await api.get(corner.path))


async def test_an_order_stands_out_before_it_is_late(api: Api) -> None:
    corner = await api.shop()

    for wrong, pointer in (
        ({"warm_minutes": 0}, "/warm_minutes"),
        ({"warm_minutes": 2.5}, "/warm_minutes"),
        ({"hot_minutes": 1441}, "/hot_minutes"),
        ({"hot_minutes": "10"}, "/hot_minutes"),
        ({"warm_minutes": 10}, "/hot_minutes"),
        ({"hot_minutes": 5}, "/hot_minutes"),
        ({"warm_minutes": 8, "hot_minutes": 7}, "/hot_minutes"),
    ):
        problem = refused(await corner.owner.patch(corner.path, wrong), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer], wrong
    assert good(await api.get(corner.path)) == corner.shop


async def test_only_its_owner_changes_a_shop(api: Api) -> None:
    corner, other = await api.shop(), await api.shop("Other")
    ada = await api.register()
    good(await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]}), 201)

    for person in (ada, other.owner):
        refused(await person.patch(corner.path, {"name": "Mine"}), 403, "forbidden")
        refused(await person.patch(corner.path, {}), 403, "forbidden")
        refused(await person.patch(corner.path, {}, If_Match='"9"'), 403, "forbidden")
        refused(await person.patch(corner.path, {"name": ""}), 422, "invalid")
    refused(await api.patch(corner.path, json={"name": "Mine"}), 401, "unauthenticated")
    assert good(await api.get(corner.path)) == corner.shop


async def test_if_match_lets_a_change_through_only_at_its_version(api: Api) -> None:
    corner = await api.shop()

    for tag in ('"2"', '"0"', 'W/"1"', "1", "", '"1', '"x"'):
        refused(await corner.owner.patch(corner.path, {"phone": "1"}, If_Match=tag), 412, "version_mismatch")
        refused(await corner.owner.patch(corner.path, {}, If_Match=tag), 412, "version_mismatch")
    assert good(await api.get(corner.path)) == corner.shop

    for number, tag in enumerate(('"1"', '"7", "2"', "*", '"4"')):
        good(await corner.owner.patch(corner.path, {"phone": str(number)}, If_Match=tag))


async def test_of_many_who_change_one_version_at_once_one_wins(api: Api) -> None:
    corner = await api.shop()

    answers = await asyncio.gather(
        *(corner.owner.patch(corner.path, {"phone": str(number)}, If_Match='"1"') for number in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (winner,) = (good(answer) for answer in answers if answer.status_code == 200)
    assert good(await api.get(corner.path)) == winner
    assert [event["shop"] for event in await events(corner) if event["type"] == "shop"] == [winner]


async def test_changes_without_a_condition_all_happen_one_after_the_other(api: Api) -> None:
    corner = await api.shop()

    answers = await asyncio.gather(*(corner.owner.patch(corner.path, {"phone": str(n)}) for n in range(10)))

    assert sorted(good(answer)["version"] for answer in answers) == list(range(2, 12))
    told = [event["shop"]["version"] for event in await events(corner) if event["type"] == "shop"]
    assert told == list(range(2, 12))


async def test_the_currency_is_free_until_the_first_order(api: Api) -> None:
    corner = await api.shop()
    good(await corner.owner.patch(corner.path, {"currency": "JPY"}))
    ada = await api.register()
    await ada.order(corner.shop, corner.item)

    refused(await corner.owner.patch(corner.path, {"currency": "EUR"}), 409, "currency_fixed")
    refused(await corner.owner.patch(corner.path, {"currency": "EUR", "name": "New"}), 409, "currency_fixed")
    changed = good(await corner.owner.patch(corner.path, {"currency": "JPY", "name": "New"}))

    assert (changed["currency"], changed["name"], changed["version"]) == ("JPY", "New", 3)


async def test_the_currency_never_changes_under_an_order_that_is_being_placed(api: Api) -> None:
    corner, ada = await api.shop(), await api.register()
    body = {"lines": [{"item_id": corner.item["id"], "quantity": 1}]}

    answers = await asyncio.gather(
        *(ada.post(f"{corner.path}/orders", body) for _ in range(4)),
        *(corner.owner.patch(corner.path, {"currency": code}) for code in ("USD", "GBP", "CHF")),
        *(corner.owner.patch(corner.path, {"slug": f"slug-{number}"}) for number in range(4)),
    )

    assert all(answer.status_code in (200, 201, 409) for answer in answers), [answer.text for answer in answers]
    placed = [good(answer, 201) for answer in answers[:4]]
    assert {order["currency"] for order in placed} == {good(await api.get(corner.path))["currency"]}


async def test_a_time_zone_that_the_database_does_not_know_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = await api.shop()
    # A zone of the future: one that is in the application's list, and not in that of this database.
    monkeypatch.setattr(shops, "_TRY_ZONE", text("SELECT now() AT TIME ZONE (CAST(:zone AS text) || ' Nova')"))

    for answer in (
        await corner.owner.post("/v1/shops", NEW),
        await corner.owner.patch(corner.path, {"time_zone": "Asia/Tokyo"}),
    ):
        assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == "/time_zone"
    assert good(await api.get(corner.path)) == corner.shop


async def test_head_answers_as_get_does_and_options_tells_what_there_is(api: Api) -> None:
    corner = await api.shop()

    head = await api.head(corner.path)
    options = await api.options(corner.path)

    assert (head.status_code, head.headers["etag"], head.content) == (200, '"1"', b"")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PATCH")
    refused(await api.put(corner.path, content="{}"), 405, "method_not_allowed")
