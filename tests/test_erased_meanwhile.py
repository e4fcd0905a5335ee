"""An account is erased while a request of its owner is past the check of its token, or beside code of long ago."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.erasing import ADDRESS, EMPTIED, NAME, Act, erase, everything, found, in_turn, lovelace
from tests.people import Api, Person, Shop, good, refused
from tests.stored import stored

# As an erasure does it last, in the transaction that all others wait for.
ERASES = f"LOCK TABLE users IN ACCESS EXCLUSIVE MODE; UPDATE users SET {EMPTIED} WHERE id = '{{}}'"  # noqa: S608
SHOP = {"name": "Late", "currency": "EUR", "time_zone": "Europe/Berlin"}
REQUESTS: dict[str, Callable[[Person, Shop], Act]] = {
    "read the account": lambda ada, _: lambda: ada.get("/v1/me"),
    "change the name": lambda ada, _: lambda: ada.patch("/v1/me", {"name": NAME}),
    "change nothing": lambda ada, _: lambda: ada.patch("/v1/me", {}),
    "order": lambda ada, cafe: lambda: ada.post(f"{cafe.path}/orders", _body(cafe)),
    "order once": lambda ada, cafe: lambda: ada.post(f"{cafe.path}/orders", _body(cafe), Idempotency_Key="lunch"),
    "open a shop": lambda ada, _: lambda: ada.post("/v1/shops", SHOP),
    "erase": lambda ada, _: lambda: erase(ada),
}


def _body(cafe: Shop) -> dict[str, Any]:
    return {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}


@pytest.mark.parametrize("request_", REQUESTS)
async def test_a_request_that_an_erasure_overtakes_is_of_nobody(api: Api, database_url: str, request_: str) -> None:
    cafe, ada = await api.shop(), await api.register(NAME, "shop_owner", ADDRESS)

    (answer,) = await in_turn(database_url, ERASES.format(ada.user["id"]), REQUESTS[request_](ada, cafe))

    refused(answer, 401, "unauthenticated")
    assert found(await everything(database_url)) == set()
    assert await stored(database_url, "SELECT FROM orders") == []


@pytest.mark.parametrize("change", [f"name = '{NAME}'", "password_hash = 'another'", f"email = '{ADDRESS}'"])
async def test_code_that_knows_of_no_erasures_gives_nobody_a_name_or_a_password_again(
    api: Api, database_url: str, change: str
) -> None:
    ada = await lovelace(api)
    good(await erase(ada), 204)
    before = await everything(database_url)

    with pytest.raises(asyncpg.CheckViolationError):
        await stored(database_url, f"UPDATE users SET {change} WHERE id = $1", ada.user["id"])  # noqa: S608 - from above

    assert await everything(database_url) == before
