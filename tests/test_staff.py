"""A shop's staff: who may say who works there, and what that lets them do."""

import asyncio
from typing import Any

import pytest

from orderflow import rights
from tests.people import Api, Person, Shop, good, refused


@pytest.fixture
async def corner(api: Api) -> Shop:
    return await api.shop()


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("Ada")


def row(person: Person) -> dict[str, Any]:
    return {"user_id": person.user["id"], "name": person.user["name"], "email": person.user["email"]}


async def test_the_owner_is_the_staff_of_a_new_shop(corner: Shop) -> None:
    assert good(await corner.owner.get(f"{corner.path}/staff")) == {"data": [row(corner.owner)], "next_cursor": None}


async def test_the_owner_adds_somebody_by_their_address_once(corner: Shop, ada: Person) -> None:
    first = await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"].upper()})
    again = await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]})
    owner = await corner.owner.post(f"{corner.path}/staff", {"email": corner.owner.user["email"]})

    assert good(first, 201) == good(again, 200) == row(ada)
    assert good(owner, 200) == row(corner.owner)
    assert good(await corner.owner.get(f"{corner.path}/staff"))["data"] == [row(corner.owner), row(ada)]


async def test_of_ten_who_add_one_person_at_once_one_is_the_first(corner: Shop, ada: Person) -> None:
    answers = await asyncio.gather(
        *(corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]}) for _ in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]


async def test_nobody_is_added_who_has_not_registered(corner: Shop) -> None:
    answer = await corner.owner.post(f"{corner.path}/staff", {"email": "nobody@example.com"})

    refused(answer, 404, "user_not_found")
    for wrong in ({}, {"email": "nobody"}, {"email": None}, {"email": "a@example.com", "role": "owner"}):
        refused(await corner.owner.post(f"{corner.path}/staff", wrong), 422, "invalid")


async def test_the_list_has_the_owner_first_and_then_goes_by_name(api: Api, corner: Shop) -> None:
    for name in ("Zoe", "Ada", "Bob", "Ada", "Carl"):
        person = await api.register(name)
        good(await corner.owner.post(f"{corner.path}/staff", {"email": person.user["email"]}), 201)

    whole = good(await corner.owner.get(f"{corner.path}/staff"))
    walked, cursor = [], ""
    while True:
        page = good(await corner.owner.get(f"{corner.path}/staff?limit=2{cursor}"))
        walked += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert [member["name"] for member in whole["data"]] == ["Grace", "Ada", "Ada", "Bob", "Carl", "Zoe"]
    assert walked == whole["data"]
    refused(await corner.owner.get(f"{corner.path}/staff?limit=1000"), 422, "invalid")


async def test_who_is_removed_is_staff_no_more(api: Api, corner: Shop, ada: Person) -> None:
    good(await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]}), 201)
    good(await ada.get(f"{corner.path}/orders"))

    answer = await corner.owner.delete(f"{corner.path}/staff/{ada.user['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    refused(await ada.get(f"{corner.path}/orders"), 403, "forbidden")
    assert good(await ada.get("/v1/me/shops"))["data"] == []
    assert len(await rights.staff_of(api.state["db"], [corner.shop["id"]])) == 1
    refused(await corner.owner.delete(f"{corner.path}/staff/{ada.user['id']}"), 404, "not_found")


async def test_only_those_can_be_removed_who_are_there_and_never_the_owner(corner: Shop, ada: Person) -> None:
    for somebody in (ada.user["id"], "01930000-0000-7000-8000-000000000001", "ada", "1"):
        refused(await corner.owner.delete(f"{corner.path}/staff/{somebody}"), 404, "not_found")
    refused(await corner.owner.delete(f"{corner.path}/staff/{corner.owner.user['id']}"), 409, "owner_is_staff")


async def test_only_the_owner_decides_on_the_staff(api: Api, corner: Shop, ada: Person) -> None:
    good(await corner.owner.post(f"{corner.path}/staff", {"email": ada.user["email"]}), 201)
    stranger = await api.register("Eve", "shop_owner")

    for person in (ada, stranger):
        refused(await person.get(f"{corner.path}/staff"), 403, "forbidden")
        refused(await person.post(f"{corner.path}/staff", {"email": stranger.user["email"]}), 403, "forbidden")
        refused(await person.post(f"{corner.path}/staff", {"email": "nobody@example.com"}), 403, "forbidden")
        for member in (ada, corner.owner):
            refused(await person.delete(f"{corner.path}/staff/{member.user['id']}"), 403, "forbidden")
    refused(await api.get(f"{corner.path}/staff"), 401, "unauthenticated")
    refused(await api.delete(f"{corner.path}/staff/{ada.user['id']}"), 401, "unauthenticated")
    refused(await stranger.get("/v1/shops/nowhere/staff"), 404, "not_found")
    assert len(good(await corner.owner.get(f"{corner.path}/staff"))["data"]) == 2
