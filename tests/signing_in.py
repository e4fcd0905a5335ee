"""Signing in, staying so and what the database keeps of it, for tests of sessions."""

from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx2

from tests.people import PASSWORD, Api

EMAIL = "ada@example.com"
COOKIE = "orderflow_refresh"


async def refresh(api: Api, token: str) -> httpx2.Response:
    """Refresh with a token in the body."""
    answer: httpx2.Response = await api.post("/v1/auth/refresh", json={"refresh_token": token})
    return answer


async def refresh_by_cookie(api: Api, token: str, **headers: str) -> httpx2.Response:
    """Refresh as a browser does that has this cookie."""
    api.client.cookies.clear()
    answer: httpx2.Response = await api.post("/v1/auth/refresh", headers={"Cookie": f"{COOKIE}={token}", **headers})
    return answer


async def cookie_login(api: Api) -> httpx2.Response:
    answer: httpx2.Response = await api.post(
        "/v1/auth/login", json={"email": EMAIL, "password": PASSWORD, "cookie": True}
    )
    return answer


def cookie(answer: httpx2.Response) -> "Morsel[str]":
    """The refresh cookie that an answer sets."""
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


async def is_let_in(api: Api, session: dict[str, Any]) -> bool:
    """Whether the access token of a session is still good."""
    answer = await api.get("/v1/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    return bool(answer.status_code == 200)


async def backdate(api: Api, table: str, column: str, interval: str) -> None:
    """Let time go by for all rows of a table."""
    await api.state["db"].fetch(f"UPDATE {table} SET {column} = {column} - interval '{interval}'")  # noqa: S608


async def count(api: Api, table: str) -> int:
    rows = await api.state["db"].fetch(f"SELECT count(*) FROM {table}")  # noqa: S608
    found: int = rows[0][0]
    return found
