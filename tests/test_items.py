"""Items: the menu, who may change what of it, and what that tells the shop's feed."""

import asyncio
from typing import Any

import pytest

from tests.people import Api, Person, Shop, good, refused

PUBLIC = {
    "id",
    "name",
    "description",
    "category",
    "photo_url",
    "price_minor",
    "available",
    "sold_out",
    "position",
    "version",
    "archived",
    "updated_at",
}


@pytest.fixture
async def corner(api: Api) -> Shop:
    return await api.shop()


@pytest.fixture
async def clerk(api: Api, corner: Shop) -> Person:
    """Somebody of the corner's staff who does not own it."""
    person = await api.register("Clara")
    good(await corner.owner.post(f"{corner.path}/staff", {"email": person.user["email"]}), 201)
    return person


def path(shop: Shop, item: dict[str, Any] | None = None) -> str:
    return f"{shop.path}/items/{(item or shop.item)['id']}"


def public(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "stock"}


async def events(shop: Shop) -> list[dict[str, Any]]:
    """The shop's feed."""
    found: list[dict[str, Any]] = good(await shop.owner.get(f"{shop.path}/events"))["data"]
    return found


async def test_a_new_item_is_on_the_menu_and_one_event(api: Api, corner: Shop) -> None:
    before = await events(corner)

    answer = await corner.owner.post(f"{corner.path}/items", {"name": " Espresso ", "price_minor": 0})

    item = good(answer, 201)
    assert answer.headers["etag"] == '"1"'
    assert set(item) == {*PUBLIC, "stock"}
    assert item == {
        **item,
        "name": "Espresso",
        "description": None,
        "category": None,
        "photo_url": None,
        "price_minor": 0,
        "available": True,
        "sold_out": False,
        "position": 0,
        "version": 1,
        "archived": False,
        "stock": None,
    }
    assert good(await api.get(f"{corner.path}/items"))["data"] == [public(corner.item), public(item)]
    (event,) = (await events(corner))[len(before) :]
    assert (event["type"], event["item"]) == ("item", public(item))


async def test_the_menu_goes_by_position_and_then_by_age(api: Api, corner: Shop) -> None:
    for name, position in (("c", 2), ("a", 1), ("b", 1), ("last", 1_000_000)):
        await corner.add(name, position=position)

    menu = good(await api.get(f"{corner.path}/items"))

    assert [item["name"] for item in menu["data"]] == ["Flat white", "a", "b", "c", "last"]
    assert menu["next_cursor"] is None


async def test_only_staff_see_the_stock(api: Api, corner: Shop, clerk: Person) -> None:
    await corner.add("Croissant", stock=3)
    stranger = await api.register()

    for person in (corner.owner, clerk):
        seen = good(await person.get(f"{corner.path}/items"))["data"]
        assert [item["stock"] for item in seen] == [None, 3]
        assert all(set(item) == {*PUBLIC, "stock"} for item in seen)
    for answer in (await api.get(f"{corner.path}/items"), await stranger.get(f"{corner.path}/items")):
        assert all(set(item) == PUBLIC for item in good(answer)["data"])
    assert all("stock" not in event["item"] for event in await events(corner))


async def test_an_item_is_sold_out_when_it_is_not_available_or_none_is_left(corner: Shop) -> None:
    for change, is_sold_out in (
        ({"stock": 1}, False),
        ({"stock": 0}, True),
        ({"available": False}, True),
        ({"stock": None}, True),
        ({"available": True}, False),
    ):
        assert good(await corner.owner.patch(path(corner), change))["sold_out"] is is_sold_out


async def test_what_no_item_can_be_is_pointed_at(corner: Shop) -> None:
    item = {"name": "Tea", "price_minor": 250}

    for wrong, pointer in (
        ({"name": ""}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"price_minor": -1}, "/price_minor"),
        ({"price_minor": 100_000_001}, "/price_minor"),
        ({"price_minor": 2.5}, "/price_minor"),
        ({"price_minor": "250"}, "/price_minor"),
        ({"price_minor": True}, "/price_minor"),
        ({"price_minor": None}, "/price_minor"),
        ({"stock": -1}, "/stock"),
        ({"stock": 1_000_001}, "/stock"),
        ({"stock": 2**63}, "/stock"),
        ({"position": -1}, "/position"),
        ({"position": 1_000_001}, "/position"),
        ({"available": 1}, "/available"),
        ({"category": "x" * 61}, "/category"),
        ({"description": "x" * 1001}, "/description"),
        ({"photo_url": "http://pictures.example/cake.jpg"}, "/photo_url"),
        ({"photo_url": "https://pictures.example/" + "x" * 476}, "/photo_url"),
        ({"sold_out": True}, "/sold_out"),
        ({"archived": True}, "/archived"),
        ({"id": "x"}, "/id"),
    ):
        made = await corner.owner.post(f"{corner.path}/items", {**item, **wrong})
        assert [each["pointer"] for each in refused(made, 422, "invalid")["errors"]] == [pointer], wrong
        changed = await corner.owner.patch(path(corner), wrong)
        assert [each["pointer"] for each in refused(changed, 422, "invalid")["errors"]] == [pointer], wrong
    for name in ("available", "position"):
        refused(await corner.owner.patch(path(corner), {name: None}), 422, "invalid")
    assert good(await corner.owner.get(f"{corner.path}/items"))["data"] == [corner.item]


async def test_an_effective_change_raises_the_version_and_is_one_event(api: Api, corner: Shop) -> None:
    before = await events(corner)
    facts = {"name": "Long black", "description": "a\nb", "category": "Coffee", "price_minor": 400, "position": 3}
    facts |= {"photo_url": "https://pictures.example/long-black.jpg"}

    answer = await corner.owner.patch(path(corner), facts)

    item = good(answer)
    assert item == {**corner.item, **facts, "version": 2, "updated_at": item["updated_at"]}
    assert item["updated_at"] > corner.item["updated_at"]
    assert answer.headers["etag"] == '"2"'
    (event,) = (await events(corner))[len(before) :]
    assert (event["type"], event["item"]) == ("item", public(item))
    assert good(await api.get(f"{corner.path}/items"))["data"] == [public(item)]


async def test_a_new_count_of_the_stock_is_one_event_that_does_not_tell_it(corner: Shop, clerk: Person) -> None:
    before = await events(corner)

    item = good(await clerk.patch(path(corner), {"stock": 12}))

    assert (item["stock"], item["version"]) == (12, 2)
    (event,) = (await events(corner))[len(before) :]
    assert event["item"] == public(item)


async def test_a_change_that_changes_nothing_is_no_event(corner: Shop) -> None:
    before = await events(corner)

    for nothing in ({}, {"name": "Flat white "}, {"stock": None, "available": True}, {"category": " ", "position": 0}):
        answer = await corner.owner.patch(path(corner), nothing)
        assert good(answer) == corner.item
        assert answer.headers["etag"] == '"1"'

    assert await events(corner) == before


async def test_staff_change_whether_it_is_to_be_had_and_the_owner_all_else(
    api: Api, corner: Shop, clerk: Person
) -> None:
    stranger = await api.register("Eve", "shop_owner")

    assert good(await clerk.patch(path(corner), {"available": False, "stock": 5}))["version"] == 2
    assert good(await clerk.patch(path(corner), {}))["version"] == 2
    for owners in ({"price_minor": 1}, {"name": "Tea", "stock": 1}, {"position": 1}, {"name": "Flat white"}):
        refused(await clerk.patch(path(corner), owners), 403, "forbidden")
    refused(await clerk.post(f"{corner.path}/items", {"name": "Tea", "price_minor": 1}), 403, "forbidden")
    refused(await clerk.delete(path(corner)), 403, "forbidden")

    for wanted in ({"available": True}, {"stock": 1}, {"name": "Tea"}, {}):
        refused(await stranger.patch(path(corner), wanted), 403, "forbidden")
        refused(await api.patch(path(corner), json=wanted), 401, "unauthenticated")
    refused(await stranger.post(f"{corner.path}/items", {"name": "Tea", "price_minor": 1}), 403, "forbidden")
    refused(await stranger.delete(path(corner)), 403, "forbidden")
    refused(await api.delete(path(corner)), 401, "unauthenticated")


async def test_an_archived_item_is_gone_from_the_menu_and_stays_in_its_orders(api: Api, corner: Shop) -> None:
    ada = await api.register()
    order = await ada.order(corner.shop, corner.item)
    before = await events(corner)

    answer = await corner.owner.delete(path(corner))

    assert (answer.status_code, answer.content) == (204, b"")
    assert good(await corner.owner.get(f"{corner.path}/items"))["data"] == []
    assert good(await ada.get(f"/v1/orders/{order['id']}")) == order
    (event,) = (await events(corner))[len(before) :]
    assert event["item"] == {
        **public(corner.item),
        "archived": True,
        "version": 2,
        "updated_at": event["item"]["updated_at"],
    }

    assert (await corner.owner.delete(path(corner))).status_code == 204
    refused(await corner.owner.patch(path(corner), {"available": True}), 404, "not_found")
    refused(await corner.owner.patch(path(corner), {}), 404, "not_found")
    assert len(await events(corner)) == len(before) + 1


async def test_an_item_is_found_below_its_own_shop_only(api: Api, corner: Shop) -> None:
    other = await api.shop("Other")

    for shop, item in (
        (other.path, corner.item["id"]),
        (other.path, "01930000-0000-7000-8000-000000000001"),
        (other.path, "flat-white"),
        (other.path, corner.item["id"] + "0"),
        ("/v1/shops/nowhere", corner.item["id"]),
    ):
        refused(await other.owner.patch(f"{shop}/items/{item}", {"stock": 1}), 404, "not_found")
        refused(await other.owner.delete(f"{shop}/items/{item}"), 404, "not_found")
    refused(await other.owner.patch(path(corner), {"stock": 1}), 403, "forbidden")
    refused(await other.owner.post("/v1/shops/nowhere/items", {"name": "Tea", "price_minor": 1}), 404, "not_found")


async def test_the_body_is_looked_at_before_who_may_and_that_before_the_version(corner: Shop, clerk: Person) -> None:
    refused(await clerk.patch(f"{corner.path}/items/x", {"stock": -1}), 422, "invalid")
    refused(await clerk.patch(f"{corner.path}/items/x", {"price_minor": 1}, If_Match='"9"'), 404, "not_found")
    refused(await clerk.patch(path(corner), {"price_minor": 1}, If_Match='"9"'), 403, "forbidden")
    refused(await clerk.patch(path(corner), {"stock": 1}, If_Match='"9"'), 412, "version_mismatch")
    refused(await clerk.patch(path(corner), {}, If_Match='W/"1"'), 412, "version_mismatch")
    assert good(await clerk.patch(path(corner), {"stock": 1}, If_Match='"1"'))["version"] == 2


async def test_of_many_who_change_one_version_at_once_one_wins(corner: Shop, clerk: Person) -> None:
    answers = await asyncio.gather(*(clerk.patch(path(corner), {"stock": n}, If_Match='"1"') for n in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (winner,) = (good(answer) for answer in answers if answer.status_code == 200)
    assert good(await clerk.get(f"{corner.path}/items"))["data"] == [winner]
    assert [event["item"] for event in await events(corner)][1:] == [public(winner)]


async def test_changes_at_once_with_orders_under_way_all_happen(api: Api, corner: Shop, clerk: Person) -> None:
    good(await clerk.patch(path(corner), {"stock": 1000}))
    customers = [await api.register() for _ in range(4)]
    body = {"lines": [{"item_id": corner.item["id"], "quantity": 1}]}

    answers = await asyncio.gather(
        *(customer.post(f"{corner.path}/orders", body) for customer in customers for _ in range(3)),
        *(corner.owner.patch(path(corner), {"position": n}) for n in range(1, 6)),
        *(corner.add(f"Item {n}") for n in range(5)),
    )

    sold = sum(getattr(answer, "status_code", 0) == 201 for answer in answers)
    assert sold == 12
    found = good(await clerk.get(f"{corner.path}/items"))["data"]
    assert {item["id"]: item["stock"] for item in found}[corner.item["id"]] == 988
    told = await events(corner)
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    versions = [event["item"]["version"] for event in told if event.get("item", {}).get("id") == corner.item["id"]]
    assert versions == list(range(1, 8))


async def test_a_shop_has_five_hundred_items_at_most(api: Api, corner: Shop) -> None:
    adding = """
        INSERT INTO items (id, shop_id, name, price_minor, available, position, version, archived, updated_at)
        SELECT gen_random_uuid(), $1, 'Item ' || n, 100, true, n, 1, n > 497, clock() FROM generate_series(1, 600) AS n
    """
    await api.state["db"].fetch(adding, corner.shop["id"])
    body = {"name": "One more", "price_minor": 1}

    answers = await asyncio.gather(*(corner.owner.post(f"{corner.path}/items", body) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    refused(await corner.owner.post(f"{corner.path}/items", body), 409, "too_many_items")
    assert len(good(await api.get(f"{corner.path}/items"))["data"]) == 500
    assert (await corner.owner.delete(path(corner))).status_code == 204
    good(await corner.owner.post(f"{corner.path}/items", body), 201)
