"""Accounts: registering, signing in, and what somebody may know and change of themselves."""

import asyncio
import threading
from typing import Any

import pytest

from orderflow import accounts, credentials
from orderflow.accounts import Hasher
from orderflow.errors import Invalid, Unavailable, UserNotFound
from tests.people import PASSWORD, Api, good, refused

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}


async def test_what_does_not_fit_is_told_by_a_code_and_the_number_that_it_means(api: Api) -> None:
    body = {"email": "ada@example", "password": "short", "name": "x" * 81, "role": "king", "shoe": 42}

    errors = refused(await api.post("/v1/auth/register", json=body), 422, "invalid")["errors"]

    assert [(each["pointer"], each["code"], each.get("limit")) for each in errors] == [
        ("/email", "not_an_email", None),
        ("/password", "too_short", 8),
        ("/name", "too_long", 80),
        ("/role", "not_a_choice", None),
        ("/shoe", "unknown_field", None),
    ]


async def test_who_registers_is_a_customer_unless_they_say_otherwise(api: Api) -> None:
    ada = good(await api.post("/v1/auth/register", json=ADA), 201)
    grace = good(
        await api.post("/v1/auth/register", json={**ADA, "email": "grace@example.com", "role": "shop_owner"}), 201
    )

    assert set(ada) == {"id", "email", "name", "role", "created_at"}
    assert (ada["email"], ada["name"], ada["role"]) == ("ada@example.com", "Ada", "customer")
    assert grace["role"] == "shop_owner"


async def test_an_address_is_kept_in_lower_case_and_taken_in_any(api: Api) -> None:
    ada = good(await api.post("/v1/auth/register", json={**ADA, "email": " Ada@Example.COM "}), 201)

    again = await api.post("/v1/auth/register", json={**ADA, "email": "aDA@example.com"})

    assert ada["email"] == "ada@example.com"
    refused(again, 409, "email_taken")
    good(await api.post("/v1/auth/login", json={"email": "ADA@EXAMPLE.com", "password": PASSWORD}))


async def test_a_name_is_trimmed_and_normalised(api: Api) -> None:
    ada = good(await api.post("/v1/auth/register", json={**ADA, "name": "  Zoe\u0308 名前 👩‍🍳 "}), 201)

    assert ada["name"] == "Zoë 名前 👩‍🍳"


async def test_of_fifty_who_register_one_address_at_once_one_gets_it(api: Api) -> None:
    answers = await asyncio.gather(*(api.post("/v1/auth/register", json=ADA) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49


WRONG_REGISTRATIONS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"email": "ada"}, "/email"),
    ({"email": "Ada <ada@example.com>"}, "/email"),
    ({"email": "ada@localhost"}, "/email"),
    ({"email": "ada@exa\u0000mple.com"}, "/email"),
    ({"email": "a" * 250 + "@example.com"}, "/email"),
    ({"email": None}, "/email"),
    ({"password": "seven77"}, "/password"),
    ({"password": "x" * 129}, "/password"),
    ({"password": 12345678}, "/password"),
    ({"name": " "}, "/name"),
    ({"name": "x" * 81}, "/name"),
    ({"name": "a\u0000b"}, "/name"),
    ({"name": "a\u202eb"}, "/name"),
    ({"role": "admin"}, "/role"),
    ({"is_admin": True}, "/is_admin"),
)


async def test_what_nobody_can_register_with_is_pointed_at(api: Api) -> None:
    for wrong, pointer in WRONG_REGISTRATIONS:
        problem = refused(await api.post("/v1/auth/register", json={**ADA, **wrong}), 422, "invalid")

        assert [error["pointer"] for error in problem["errors"]] == [pointer], wrong
    good(await api.post("/v1/auth/register", json=ADA), 201)


async def test_a_password_may_be_anything_of_eight_to_128_characters(api: Api) -> None:
    for number, password in enumerate(["x" * 8, "x" * 128, "pass\u0000word\n", "  spaces  ", "пароль 密码 🔑"]):
        email = f"ada{number}@example.com"
        good(await api.post("/v1/auth/register", json={**ADA, "email": email, "password": password}), 201)

        await api.login(email, password)
        for wrong in (password + " ", password[:-1]):
            answer = await api.post("/v1/auth/login", json={"email": email, "password": wrong})
            refused(answer, 401, "bad_credentials")


async def test_a_password_counts_the_same_however_its_accents_are_typed(api: Api) -> None:
    good(await api.post("/v1/auth/register", json={**ADA, "password": "cafe\u0301 cre\u0300me"}), 201)

    good(await api.post("/v1/auth/login", json={"email": ADA["email"], "password": "caf\u00e9 cr\u00e8me"}))


async def test_a_login_answers_with_tokens_and_with_who_signed_in(api: Api) -> None:
    user = good(await api.post("/v1/auth/register", json=ADA), 201)

    answer = await api.post("/v1/auth/login", json={"email": ADA["email"], "password": PASSWORD})

    session = good(answer)
    assert set(session) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert (session["token_type"], session["expires_in"], session["user"]) == ("Bearer", 900, user)
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    me = await api.get("/v1/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert good(me) == user


async def test_a_wrong_address_and_a_wrong_password_say_the_same(api: Api) -> None:
    good(await api.post("/v1/auth/register", json=ADA), 201)
    said = set()

    for email, password in (
        ("ada@example.com", "wrong password"),
        ("ada@example.com", ""),
        ("ada@example.com", "x" * 60_000),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("ada@example.com\u0000", PASSWORD),
        ("a" * 60_000, PASSWORD),
    ):
        answer = await api.post("/v1/auth/login", json={"email": email, "password": password})
        said.add(refused(answer, 401, "bad_credentials")["detail"])
        assert answer.headers["www-authenticate"] == "Bearer"

    assert len(said) == 1


async def test_a_wrong_address_costs_one_verification_as_a_wrong_password_does(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(await api.post("/v1/auth/register", json=ADA), 201)
    verified: list[str] = []
    verify = credentials.is_password

    def counted(password: str, hashed: str) -> bool:
        verified.append(hashed[:30])
        return verify(password, hashed)

    monkeypatch.setattr(credentials, "is_password", counted)
    await api.post("/v1/auth/login", json={"email": "nobody@example.com", "password": "wrong password"})
    await api.post("/v1/auth/login", json={"email": "ada@example.com", "password": "wrong password"})

    assert len(verified) == 2
    assert verified[0] == verified[1]


async def test_a_bad_token_is_refused_even_where_none_is_needed(api: Api) -> None:
    for method, path in (("POST", "/v1/auth/register"), ("POST", "/v1/auth/login"), ("GET", "/v1/shops")):
        answer = await api.request(method, path, headers={"Authorization": "Bearer x.y.z"})

        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_who_is_not_signed_in_is_nobody(api: Api) -> None:
    refused(await api.get("/v1/me"), 401, "unauthenticated")
    refused(await api.patch("/v1/me", json={"name": "Eve"}), 401, "unauthenticated")


async def test_an_expired_token_says_so(make_api: Any) -> None:
    api: Api = await make_api(access_token_expire_minutes=-1)
    ada = await api.register()

    refused(await ada.get("/v1/me"), 401, "token_expired")
    refused(await ada.get("/v1/shops"), 401, "token_expired")


async def test_the_token_of_an_account_that_is_gone_is_refused(api: Api) -> None:
    ada = await api.register()
    for table, column in (("sessions", "user_id"), ("users", "id")):
        await api.state["db"].fetch(f"DELETE FROM {table} WHERE {column} = $1", ada.user["id"])  # noqa: S608

    refused(await ada.get("/v1/me"), 401, "unauthenticated")
    refused(await ada.patch("/v1/me", {"name": "Eve"}), 401, "unauthenticated")


async def test_somebody_may_change_their_name_and_nothing_else(api: Api) -> None:
    ada = await api.register("Ada")

    changed = good(await ada.patch("/v1/me", {"name": " Ada Lovelace "}))

    assert changed == {**ada.user, "name": "Ada Lovelace"}
    assert good(await ada.get("/v1/me")) == changed
    for wrong in ({"email": "eve@example.com"}, {"role": "shop_owner"}, {"name": None}, {"name": ""}):
        refused(await ada.patch("/v1/me", wrong), 422, "invalid")
    assert good(await ada.get("/v1/me")) == changed


async def test_a_change_of_nothing_changes_nothing(api: Api) -> None:
    ada = await api.register("Ada")

    assert good(await ada.patch("/v1/me", {})) == ada.user


async def test_a_new_password_replaces_the_old_one_and_ends_all_sessions(api: Api) -> None:
    ada = await api.register(email="ada@example.com")
    session = await api.login("ada@example.com")

    await accounts.set_password(api.state["db"], "Ada@Example.com", "another password", Hasher())

    refresh = await api.post("/v1/auth/refresh", json={"refresh_token": session["refresh_token"]})
    refused(refresh, 401, "bad_refresh_token")
    login = await api.post("/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
    refused(login, 401, "bad_credentials")
    await api.state["ended"].refresh(api.state["db"])
    refused(await ada.get("/v1/me"), 401, "unauthenticated")
    good(await api.post("/v1/auth/login", json={"email": "ada@example.com", "password": "another password"}))


async def test_a_password_that_is_replaced_while_somebody_signs_in_leaves_no_session_behind(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.register(email="ada@example.com")
    hasher = api.state["hasher"]
    verify = hasher.verify

    async def verify_slowly(password: str, hashed: str) -> bool:
        found: bool = await verify(password, hashed)
        await accounts.set_password(api.state["db"], "ada@example.com", "another password", Hasher())
        return found

    monkeypatch.setattr(hasher, "verify", verify_slowly)
    answer = await api.post("/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD})

    refused(answer, 401, "bad_credentials")


async def test_a_new_password_needs_somebody_and_eight_characters(api: Api) -> None:
    await api.register(email="ada@example.com")

    for email in ("nobody@example.com", "nonsense"):
        with pytest.raises(UserNotFound):
            await accounts.set_password(api.state["db"], email, "another password", Hasher())
    for password in ("short", "x" * 129, "\ud800 lone surrogate"):
        with pytest.raises(Invalid):
            await accounts.set_password(api.state["db"], "ada@example.com", password, Hasher())
    await api.login("ada@example.com")


async def test_passwords_are_hashed_by_two_threads_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Hasher()
    monkeypatch.setattr(credentials, "hash_password", lambda _: threading.current_thread().name)

    names = await asyncio.gather(*(hasher.hash("password") for _ in range(20)))

    assert set(names) <= {"passwords_0", "passwords_1"}


async def test_when_more_than_64_passwords_wait_the_next_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher, may_go_on, running = Hasher(), threading.Event(), threading.Semaphore(0)

    def hash_slowly(password: str) -> str:
        running.release()
        may_go_on.wait(10)
        return password

    monkeypatch.setattr(credentials, "hash_password", hash_slowly)
    waiting = [asyncio.create_task(hasher.hash(f"password {number}")) for number in range(2 + 64)]
    try:
        await asyncio.to_thread(lambda: [running.acquire(timeout=10) for _ in range(2)])

        with pytest.raises(Unavailable) as refusal:
            await hasher.hash("one too many")

        assert refusal.value.retry_after_s >= 1
        assert not running.acquire(blocking=False)
    finally:
        may_go_on.set()
    assert await asyncio.gather(*waiting) == [f"password {number}" for number in range(2 + 64)]
    assert await hasher.hash("the next") == "the next"
