"""Sessions: refresh tokens that rotate, logouts, and what ends a session everywhere."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from orderflow.credentials import Tokens
from orderflow.errors import Unauthenticated, Unavailable
from orderflow.ids import new_id
from orderflow.sessions import Authenticator, EndedSessions
from tests.people import Api, Person, good, refused
from tests.signing_in import COOKIE, EMAIL, backdate, cookie, cookie_login, count, is_let_in, refresh, refresh_by_cookie


@pytest.fixture
async def ada(api: Api) -> Person:
    return await api.register("Ada", email=EMAIL)


async def test_a_refresh_token_is_exchanged_for_the_next(api: Api, ada: Person) -> None:
    session = await api.login(EMAIL)

    answer = await refresh(api, session["refresh_token"])

    second = good(answer)
    assert second["user"] == ada.user
    assert (second["token_type"], second["expires_in"]) == ("Bearer", 900)
    assert second["refresh_token"] not in (None, session["refresh_token"])
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert await is_let_in(api, second)
    good(await refresh(api, second["refresh_token"]))


@pytest.mark.usefixtures("ada")
async def test_a_refresh_token_that_is_used_again_ends_its_session_at_once(api: Api) -> None:
    session, other = await api.login(EMAIL), await api.login(EMAIL)
    second = good(await refresh(api, session["refresh_token"]))

    again = await refresh(api, session["refresh_token"])

    refused(again, 401, "bad_refresh_token")
    assert again.headers["www-authenticate"] == "Bearer"
    assert not await is_let_in(api, session)
    assert not await is_let_in(api, second)
    refused(await refresh(api, second["refresh_token"]), 401, "bad_refresh_token")
    assert await is_let_in(api, other)
    good(await refresh(api, other["refresh_token"]))


@pytest.mark.usefixtures("ada")
async def test_of_twenty_who_use_one_refresh_token_at_once_one_at_most_gets_in_and_the_session_ends(api: Api) -> None:
    session = await api.login(EMAIL)

    answers = await asyncio.gather(*(refresh(api, session["refresh_token"]) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    assert not await is_let_in(api, session)


@pytest.mark.usefixtures("ada")
async def test_what_is_no_refresh_token_is_refused(api: Api) -> None:
    session = await api.login(EMAIL)

    for token in ("", "x", "x" * 1024, "\u0000", "ключ", session["access_token"], session["refresh_token"][:-1]):
        refused(await refresh(api, token), 401, "bad_refresh_token")
    for body in ({}, {"refresh_token": None}):
        refused(await api.post("/v1/auth/refresh", json=body), 401, "bad_refresh_token")
    refused(await api.post("/v1/auth/refresh"), 401, "bad_refresh_token")
    refused(await api.post("/v1/auth/refresh", json={"refresh_token": 7}), 422, "invalid")
    refused(await api.post("/v1/auth/refresh", json={"token": "x"}), 422, "invalid")

    good(await refresh(api, session["refresh_token"]))


@pytest.mark.usefixtures("ada")
async def test_a_client_may_refresh_with_its_old_access_token_in_the_header(make_api: Callable[..., Any]) -> None:
    api: Api = await make_api(access_token_expire_minutes=-1)
    session = await api.login(EMAIL)
    headers = {"Authorization": f"Bearer {session['access_token']}"}

    good(await api.post("/v1/auth/refresh", json={"refresh_token": session["refresh_token"]}, headers=headers))


@pytest.mark.usefixtures("ada")
async def test_a_session_lasts_thirty_days_from_its_last_refresh(api: Api) -> None:
    session = await api.login(EMAIL)
    for _ in range(3):
        for table, column in (("sessions", "expires_at"), ("refresh_tokens", "issued_at")):
            await backdate(api, table, column, "29 days 23 hours")
        session = good(await refresh(api, session["refresh_token"]))

    for table, column in (("sessions", "expires_at"), ("refresh_tokens", "issued_at")):
        await backdate(api, table, column, "30 days 1 second")

    refused(await refresh(api, session["refresh_token"]), 401, "bad_refresh_token")


@pytest.mark.usefixtures("ada")
async def test_what_nobody_can_use_any_more_is_thrown_away(api: Api) -> None:
    session = await api.login(EMAIL)
    used = good(await refresh(api, session["refresh_token"]))
    before = await count(api, "refresh_tokens")
    await api.state["db"].fetch(
        "UPDATE refresh_tokens SET issued_at = issued_at - interval '31 days' WHERE used_at IS NOT NULL"
    )

    good(await refresh(api, used["refresh_token"]))

    assert await count(api, "refresh_tokens") == before
    await backdate(api, "sessions", "expires_at", "61 days")
    await api.login(EMAIL)
    assert await count(api, "sessions") == await count(api, "refresh_tokens") == 1


async def logout_with_body(api: Api, session: dict[str, Any]) -> httpx2.Response:
    answer: httpx2.Response = await api.post("/v1/auth/logout", json={"refresh_token": session["refresh_token"]})
    return answer


async def logout_with_bearer(api: Api, session: dict[str, Any]) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    answer: httpx2.Response = await api.post("/v1/auth/logout", headers=headers)
    return answer


async def logout_with_bearer_and_empty_body(api: Api, session: dict[str, Any]) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    answer: httpx2.Response = await api.post("/v1/auth/logout", json={}, headers=headers)
    return answer


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("logout", [logout_with_body, logout_with_bearer, logout_with_bearer_and_empty_body])
async def test_a_session_ends_at_once_with_its_logout(api: Api, logout: Callable[..., Any]) -> None:
    session, other = await api.login(EMAIL), await api.login(EMAIL)

    answer = await logout(api, session)

    assert (answer.status_code, answer.content) == (204, b"")
    assert not await is_let_in(api, session)
    refused(await refresh(api, session["refresh_token"]), 401, "bad_refresh_token")
    assert await is_let_in(api, other)
    good(await refresh(api, other["refresh_token"]))
    assert (await logout(api, session)).status_code == 204


@pytest.mark.usefixtures("ada")
async def test_a_logout_takes_the_cookie_away_and_ends_its_session(api: Api) -> None:
    answer = await cookie_login(api)
    session, token = good(answer), cookie(answer).value
    api.client.cookies.clear()

    left = await api.post("/v1/auth/logout", headers={"Cookie": f"{COOKIE}={token}"})

    assert left.status_code == 204
    assert (cookie(left).value, cookie(left)["max-age"], cookie(left)["path"]) == ("", "0", "/v1/auth")
    assert not await is_let_in(api, session)
    refused(await refresh_by_cookie(api, token), 401, "bad_refresh_token")


@pytest.mark.usefixtures("ada")
async def test_a_used_token_still_ends_its_session(api: Api) -> None:
    session = await api.login(EMAIL)
    second = good(await refresh(api, session["refresh_token"]))

    assert (await logout_with_body(api, session)).status_code == 204

    assert not await is_let_in(api, second)


async def test_an_expired_access_token_still_ends_its_session(make_api: Callable[..., Any]) -> None:
    api: Api = await make_api(access_token_expire_minutes=-1)
    await api.register(email=EMAIL)
    session = await api.login(EMAIL)

    assert (await logout_with_bearer(api, session)).status_code == 204

    refused(await refresh(api, session["refresh_token"]), 401, "bad_refresh_token")


async def test_a_logout_is_done_whatever_the_token(api: Api, ada: Person) -> None:
    assert (await api.post("/v1/auth/logout")).status_code == 204
    assert (await api.post("/v1/auth/logout", json={"refresh_token": "x"})).status_code == 204
    for header in ("Bearer x.y.z", "Basic eDp5", "Bearer", ""):
        answer = await api.post("/v1/auth/logout", headers={"Authorization": header, "Cookie": f"{COOKIE}=x"})
        assert answer.status_code == 204
    refused(await api.post("/v1/auth/logout", json={"refresh_token": 7}), 422, "invalid")
    good(await ada.get("/v1/me"))


@pytest.mark.usefixtures("ada")
async def test_a_session_that_ended_elsewhere_is_refused_here(api: Api, make_api: Callable[..., Any]) -> None:
    other: Api = await make_api()
    session = await api.login(EMAIL)
    assert await is_let_in(other, session)

    await logout_with_body(api, session)

    async with asyncio.timeout(5):
        while await is_let_in(other, session):
            pass


@pytest.mark.usefixtures("ada")
async def test_a_process_that_begins_knows_which_sessions_have_ended(api: Api, make_api: Callable[..., Any]) -> None:
    session, other = await api.login(EMAIL), await api.login(EMAIL)
    await logout_with_body(api, session)

    fresh: Api = await make_api()

    assert not await is_let_in(fresh, session)
    assert await is_let_in(fresh, other)


@pytest.mark.usefixtures("ada")
async def test_ended_sessions_are_forgotten_when_their_last_token_has_expired(api: Api) -> None:
    now = [1000.0]
    ended = EndedSessions(900, lambda: now[0])
    await logout_with_body(api, await api.login(EMAIL))
    await ended.refresh(api.state["db"])
    (session_id,) = ended._ended

    now[0] += 900
    await backdate(api, "sessions", "ended_at", "900 seconds")
    await ended.refresh(api.state["db"])
    assert ended.has(UUID(str(session_id)))

    now[0] += 16
    await backdate(api, "sessions", "ended_at", "16 seconds")
    await ended.refresh(api.state["db"])
    assert not ended.has(session_id)


@pytest.mark.usefixtures("ada")
async def test_a_session_that_is_over_is_thrown_away_when_its_last_token_has_expired(api: Api) -> None:
    ended, session, other = EndedSessions(900), await api.login(EMAIL), await api.login(EMAIL)
    before = await count(api, "sessions"), await count(api, "refresh_tokens")
    await logout_with_body(api, session)

    await backdate(api, "sessions", "ended_at", "914 seconds")
    await ended.sweep(api.state["db"])
    assert (await count(api, "sessions"), await count(api, "refresh_tokens")) == before

    await backdate(api, "sessions", "ended_at", "2 seconds")
    await ended.sweep(api.state["db"])
    assert (await count(api, "sessions"), await count(api, "refresh_tokens")) == (before[0] - 1, before[1] - 1)
    good(await refresh(api, other["refresh_token"]))


async def test_nobody_is_let_in_before_it_is_known_who_has_left(api: Api) -> None:
    tokens, ended = Tokens("x" * 32, "HS256", "https://orders.example", 900), EndedSessions(900)
    authenticate = Authenticator(tokens, ended)
    session_id = new_id()
    token, _ = tokens.issue(new_id(), session_id)

    with pytest.raises(Unavailable):
        authenticate(token)
    await ended.refresh(api.state["db"])
    assert authenticate(token).session_id == session_id
    ended.add(session_id)
    with pytest.raises(Unauthenticated):
        authenticate(token)
