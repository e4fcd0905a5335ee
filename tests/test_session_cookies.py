"""Sessions whose refresh token is in a cookie: for pages, with several tabs and lost answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.people import Api, Person, good, refused
from tests.signing_in import COOKIE, EMAIL, backdate, cookie, cookie_login, count, is_let_in, refresh, refresh_by_cookie


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("Ada", email=EMAIL)


@pytest.mark.usefixtures("ada")
async def test_a_refresh_token_may_travel_in_a_cookie_that_no_script_can_read(api: Api) -> None:
    answer = await cookie_login(api)

    assert good(answer)["refresh_token"] is None
    found = cookie(answer)
    assert len(found.value) == 43
    assert (found["path"], found["samesite"], found["max-age"]) == ("/v1/auth", "Strict", "2592000")
    assert found["httponly"] is True
    assert not found["secure"]
    second = await refresh_by_cookie(api, found.value)
    assert good(second)["refresh_token"] is None
    assert cookie(second).value != found.value
    good(await refresh_by_cookie(api, cookie(second).value))


async def test_the_cookie_travels_over_https_only_where_the_service_has_it(make_api: Callable[..., Any]) -> None:
    api: Api = await make_api(public_url="https://orders.example")
    await api.register(email=EMAIL)

    assert cookie(await cookie_login(api))["secure"] is True


@pytest.mark.usefixtures("ada")
async def test_two_tabs_with_one_cookie_both_stay_signed_in(api: Api) -> None:
    shared = cookie(await cookie_login(api)).value

    tabs = await asyncio.gather(*(refresh_by_cookie(api, shared) for _ in range(5)))

    for _ in range(3):
        assert all([await is_let_in(api, good(tab)) for tab in tabs])
        tabs = [await refresh_by_cookie(api, cookie(tab).value) for tab in tabs]
    assert {tab.status_code for tab in tabs} == {200}
    assert await count(api, "sessions") == 2


@pytest.mark.usefixtures("ada")
async def test_a_used_cookie_is_honoured_for_thirty_seconds_and_then_ends_the_session(api: Api) -> None:
    first = cookie(await cookie_login(api)).value
    second = await refresh_by_cookie(api, first)
    await backdate(api, "refresh_tokens", "used_at", "29 seconds")
    branch = await refresh_by_cookie(api, first)
    assert good(branch)
    await backdate(api, "refresh_tokens", "used_at", "2 seconds")

    refused(await refresh_by_cookie(api, first), 401, "bad_refresh_token")

    for answer in (second, branch):
        assert not await is_let_in(api, good(answer))
        refused(await refresh_by_cookie(api, cookie(answer).value), 401, "bad_refresh_token")


@pytest.mark.usefixtures("ada")
async def test_a_branch_that_nobody_used_for_thirty_days_is_dead_while_its_session_lives(api: Api) -> None:
    first = cookie(await cookie_login(api)).value
    lost, kept = await refresh_by_cookie(api, first), await refresh_by_cookie(api, first)
    await backdate(api, "refresh_tokens", "issued_at", "29 days")
    kept = await refresh_by_cookie(api, cookie(kept).value)
    await backdate(api, "refresh_tokens", "issued_at", "2 days")

    refused(await refresh_by_cookie(api, cookie(lost).value), 401, "bad_refresh_token")
    good(await refresh_by_cookie(api, cookie(kept).value))


@pytest.mark.usefixtures("ada")
async def test_a_token_works_only_in_the_way_in_which_it_was_given(api: Api) -> None:
    in_cookie = cookie(await cookie_login(api)).value
    in_body = (await api.login(EMAIL))["refresh_token"]

    refused(await refresh(api, in_cookie), 401, "bad_refresh_token")
    refused(await refresh_by_cookie(api, in_body), 401, "bad_refresh_token")

    good(await refresh_by_cookie(api, in_cookie))
    good(await refresh(api, in_body))


@pytest.mark.usefixtures("ada")
async def test_a_token_in_the_body_is_taken_before_the_cookie(api: Api) -> None:
    in_cookie = cookie(await cookie_login(api)).value
    session = await api.login(EMAIL)

    answer = await api.post(
        "/v1/auth/refresh",
        json={"refresh_token": session["refresh_token"]},
        headers={"Cookie": f"{COOKIE}={in_cookie}", "Origin": "https://elsewhere.example"},
    )

    assert good(answer)["refresh_token"]
    good(await refresh_by_cookie(api, in_cookie))


async def test_only_pages_of_this_service_may_refresh_by_cookie(make_api: Callable[..., Any]) -> None:
    api: Api = await make_api(public_url="https://orders.example", allowed_origins=("https://friend.example",))
    await api.register(email=EMAIL)
    token = cookie(await cookie_login(api)).value

    for origin in ("https://friend.example", "https://elsewhere.example", "http://orders.example", "null", "", "x"):
        refused(await refresh_by_cookie(api, token, Origin=origin), 403, "forbidden")

    for origin in ("https://orders.example", "http://127.0.0.1:8000"):
        token = cookie(await refresh_by_cookie(api, token, Origin=origin)).value
    answer = await refresh_by_cookie(api, token, Origin="http://localhost:8000", Host="localhost:8000")
    good(await refresh_by_cookie(api, cookie(answer).value))
