"""Who may have their account erased and when, what they are afterwards, and what may happen at the same moment."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orderflow import credentials, erasure
from orderflow.errors import UserNotFound
from orderflow.settings import Settings
from tests.erasing import (
    ADDRESS,
    NAME,
    WORDS,
    Act,
    erase,
    everything,
    finished_order,
    found,
    in_turn,
    lovelace,
    wordy_order,
)
from tests.live import running
from tests.people import PASSWORD, Api, Person, Shop, good, refused
from tests.stored import stored


@pytest.fixture
async def cafe(api: Api) -> Shop:
    return await api.shop()


@pytest.fixture
async def ada(api: Api) -> Person:
    return await lovelace(api)


async def test_who_was_erased_is_signed_out_everywhere_and_unknown(api: Api, ada: Person, cafe: Shop) -> None:
    phone = await api.login(ADDRESS)

    answer = await erase(ada)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["set-cookie"].startswith("orderflow_refresh=; HttpOnly; Max-Age=0; Path=/v1/auth")
    for token in (ada.token, phone["access_token"]):
        left = Person(api.client, ada.user, token)
        refused(await left.get("/v1/orders"), 401, "unauthenticated")
        refused(await erase(left), 401, "unauthenticated")
    again = await api.post("/v1/auth/refresh", json={"refresh_token": phone["refresh_token"]})
    refused(again, 401, "bad_refresh_token")
    refused(await cafe.owner.post(f"{cafe.path}/staff", {"email": ADDRESS}), 404, "user_not_found")


async def test_signing_in_as_who_was_erased_says_and_costs_what_an_unknown_address_does(
    api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(await erase(ada), 204)
    verified: list[str] = []
    verify = credentials.is_password

    def counted(password: str, hashed: str) -> bool:
        verified.append(hashed)
        return verify(password, hashed)

    monkeypatch.setattr(credentials, "is_password", counted)
    answers = [
        await api.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
        for email in (ADDRESS, "nobody@example.com")
    ]

    assert len({refused(answer, 401, "bad_credentials")["detail"] for answer in answers}) == 1
    assert verified == [credentials.NO_HASH] * 2


async def test_the_address_is_free_for_somebody_new_who_finds_nothing(api: Api, ada: Person, cafe: Shop) -> None:
    order = await finished_order(ada, cafe)
    good(await erase(ada), 204)

    again = await lovelace(api)

    assert again.user["id"] != ada.user["id"]
    assert good(await again.get("/v1/orders"))["data"] == []
    refused(await again.get(f"/v1/orders/{order['id']}"), 404, "not_found")
    good(await erase(again), 204)
    good(await erase(await lovelace(api)), 204)


async def test_without_the_password_nobody_is_erased(api: Api, database_url: str, ada: Person) -> None:
    before = await everything(database_url)

    for wrong in ("wrong password", "", "x" * 1000, PASSWORD + " ", PASSWORD.upper()):
        problem = refused(await erase(ada, wrong), 403, "wrong_password")
        assert problem["detail"] == "This is not the password of your account."
    bodies: tuple[Any, ...] = ({}, {"password": None}, {"password": 7}, {"password": PASSWORD, "really": True}, [])
    for body in bodies:
        refused(await ada.request("DELETE", "/v1/me", body), 422, "invalid")
    refused(await ada.delete("/v1/me"), 415, "unsupported_media_type")
    refused(await api.client.request("DELETE", "/v1/me", json={"password": PASSWORD}), 401, "unauthenticated")

    assert await everything(database_url) == before


async def test_a_password_that_is_replaced_while_it_is_verified_erases_nobody(
    api: Api, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = api.state["hasher"]
    verify = hasher.verify

    async def verify_slowly(password: str, hashed: str) -> bool:
        found: bool = await verify(password, hashed)
        await api.state["db"].fetch("UPDATE users SET password_hash = 'another'")
        return found

    monkeypatch.setattr(hasher, "verify", verify_slowly)

    refused(await erase(ada), 403, "wrong_password")
    assert good(await ada.get("/v1/me")) == ada.user


async def test_the_owner_of_a_shop_cannot_be_erased_and_is_told_of_which(database_url: str, cafe: Shop) -> None:
    before = await everything(database_url)

    problem = refused(await erase(cafe.owner), 409, "owns_shops")

    assert cafe.shop["name"] in problem["detail"]
    assert await everything(database_url) == before


async def test_somebody_with_an_order_under_way_waits_until_it_is_done(ada: Person, cafe: Shop) -> None:
    order = await wordy_order(ada, cafe)
    for status in ("preparing", "ready"):
        refused(await erase(ada), 409, "open_orders")
        await cafe.owner.move(order, status)
    refused(await erase(ada), 409, "open_orders")

    await cafe.owner.move(order, "picked_up")

    good(await erase(ada), 204)


async def test_whoever_runs_the_service_erases_by_address(api: Api, database_url: str, ada: Person, cafe: Shop) -> None:
    await finished_order(ada, cafe)
    for unknown in ("nobody@example.com", "nonsense"):
        with pytest.raises(UserNotFound):
            await erasure.erase_address(api.state["db"], unknown, None)

    await erasure.erase_address(api.state["db"], f" {ADDRESS.upper()}", None)

    assert found(await everything(database_url)) == set()
    with pytest.raises(UserNotFound):
        await erasure.erase_address(api.state["db"], ADDRESS, None)
    async with asyncio.timeout(5):
        while (await ada.get("/v1/me")).status_code != 401:
            pass


def of_customer(person: Person) -> str:
    """Takes somebody's turn to order."""
    return f"SELECT pg_advisory_xact_lock(hashtextextended('{person.user['id']}', 0))"


def of_account(person: Person) -> str:
    """Locks somebody's account."""
    return f"SELECT FROM users WHERE id = '{person.user['id']}' FOR UPDATE"


def order(person: Person, cafe: Shop) -> Act:
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}
    return lambda: person.post(f"{cafe.path}/orders", body)


async def test_an_order_that_waits_behind_an_erasure_is_not_placed(database_url: str, ada: Person, cafe: Shop) -> None:
    left, ordered = await in_turn(database_url, of_customer(ada), lambda: erase(ada), order(ada, cafe))

    good(left, 204)
    refused(ordered, 401, "unauthenticated")
    assert await stored(database_url, "SELECT FROM orders") == []


async def test_an_erasure_that_waits_behind_an_order_is_refused(database_url: str, ada: Person, cafe: Shop) -> None:
    ordered, left = await in_turn(database_url, of_customer(ada), order(ada, cafe), lambda: erase(ada))

    good(ordered, 201)
    refused(left, 409, "open_orders")


async def test_who_asks_twice_at_once_is_erased_once(database_url: str, ada: Person) -> None:
    first, second = await in_turn(database_url, of_account(ada), lambda: erase(ada), lambda: erase(ada))

    good(first, 204)
    refused(second, 401, "unauthenticated")


async def test_of_many_who_order_and_erase_one_account_at_once_no_order_is_left_without_an_owner(
    api: Api, database_url: str, cafe: Shop
) -> None:
    async def leave(person: Person) -> bool:
        acts = [order(person, cafe)] * 4
        acts.insert(2, lambda: erase(person))
        answers = await asyncio.gather(*(act() for act in acts))
        assert {answer.status_code for answer in answers} <= {201, 204, 401, 409}
        return answers[2].status_code == 204

    crowd = [await api.register(f"Buyer {number}") for number in range(12)]
    left = await asyncio.gather(*(leave(person) for person in crowd))

    lost = "SELECT FROM orders o JOIN users u ON u.id = o.customer_id WHERE o.is_active AND u.erased_at IS NOT NULL"
    assert await stored(database_url, lost) == []
    erased = await stored(database_url, "SELECT count(*) FROM users WHERE erased_at IS NOT NULL")
    assert erased[0][0] == sum(left)


async def test_whoever_is_erased_opens_no_shop_joins_no_staff_gets_no_name_and_does_not_sign_in(
    api: Api, database_url: str, cafe: Shop
) -> None:
    shop = {"name": "Late", "currency": "EUR", "time_zone": "Europe/Berlin"}

    async def behind(act: Callable[[Person], Act], status: int, code: str) -> None:
        person = await api.register(NAME, "shop_owner", ADDRESS)
        left, answer = await in_turn(database_url, of_account(person), lambda: erase(person), act(person))
        good(left, 204)
        refused(answer, status, code)

    login = {"email": ADDRESS, "password": PASSWORD}
    await behind(lambda person: lambda: person.post("/v1/shops", shop), 401, "unauthenticated")
    await behind(lambda _: lambda: cafe.owner.post(f"{cafe.path}/staff", {"email": ADDRESS}), 404, "user_not_found")
    await behind(lambda person: lambda: person.patch("/v1/me", {"name": NAME}), 401, "unauthenticated")
    await behind(lambda _: lambda: api.post("/v1/auth/login", json=login), 401, "bad_credentials")

    assert found(await everything(database_url), WORDS) == set()
    assert (
        len(await stored(database_url, "SELECT FROM shop_staff"))
        == len(await stored(database_url, "SELECT FROM shops"))
        == 1
    )


async def test_a_shop_takes_a_mistaken_move_back_before_an_erasure_or_after_it(
    database_url: str, ada: Person, cafe: Shop
) -> None:
    done = await finished_order(ada, cafe)
    row = f"SELECT FROM orders WHERE id = '{done['id']}' FOR NO KEY UPDATE"
    path = f"/v1/orders/{done['id']}"

    recalled, left = await in_turn(
        database_url, row, lambda: cafe.owner.patch(path, {"status": "ready"}), lambda: erase(ada)
    )
    good(recalled)
    refused(left, 409, "open_orders")
    await cafe.owner.move(done, "picked_up")
    left, recalled = await in_turn(
        database_url, row, lambda: erase(ada), lambda: cafe.owner.patch(path, {"status": "ready"})
    )

    good(left, 204)
    assert good(recalled)["customer"]["name"] == "erased"
    assert (await cafe.owner.move(done, "picked_up"))["total_minor"] == done["total_minor"]


async def test_sockets_close_and_boards_that_come_back_to_any_process_are_told_no_name(settings: Settings) -> None:
    async with running(settings) as live, running(settings, public_url=live.url, beat_seconds=0.3) as other:
        cafe, ada = await live.shop(), await live.register(NAME, email=ADDRESS)
        board, mine = f"/ws/shops/{cafe.shop['id']}", "/ws/customers/me"
        kept = await other.socket(board, cafe.owner)
        first = await kept.frame()
        sockets = [await place.socket(mine, ada) for place in (live, other)]
        for socket in sockets:
            await socket.frame()
        await finished_order(ada, cafe)
        told = await kept.until(lambda event: event["to"] == "picked_up")
        assert NAME in str(told)

        good(await erase(ada), 204)

        async with asyncio.timeout(5):
            assert [await socket.close_code() for socket in sockets] == [4401, 4401]
            while found({"told": await _replayed(other, board, cafe, first)}):
                pass
        assert (await kept.beat())["seq"] == told[-1]["seq"]


async def _replayed(place: Any, board: str, cafe: Shop, first: dict[str, Any]) -> str:
    """All that a board is told which comes back to where the feed was."""
    query = f"?after={first['seq']}&epoch={first['epoch']}"
    async with await place.socket(board + query, cafe.owner) as again:
        return str(await again.until(lambda event: event.get("to") == "picked_up"))
