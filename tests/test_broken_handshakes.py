"""Handshakes that never become a WebSocket: refused over HTTP, as everything over HTTP is."""

from collections.abc import AsyncIterator

import pytest

from orderflow.settings import Settings
from tests.live import Live, running
from tests.people import good, refused

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings) as server:
        yield server


@pytest.mark.parametrize(
    ("method", "changed", "status", "code"),
    [
        ("GET", {"Origin": "https://evil.example"}, 403, "forbidden"),
        ("GET", {"Origin": "null"}, 403, "forbidden"),
        ("GET", {"Sec-WebSocket-Version": "12"}, 400, "bad_request"),
        ("GET", {"Sec-WebSocket-Key": "short"}, 400, "bad_request"),
        ("GET", {"Sec-WebSocket-Key": ""}, 400, "bad_request"),
        ("POST", {}, 405, "method_not_allowed"),
    ],
)
async def test_a_handshake_that_is_refused_is_a_problem_with_all_the_headers(
    live: Live, method: str, changed: dict[str, str], status: int, code: str
) -> None:
    cafe = await live.shop()

    answer = await live.client.request(method, f"/ws/shops/{cafe.shop['slug']}/pickup", headers={**UPGRADE, **changed})

    problem = refused(answer, status, code)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_a_foreign_page_cannot_sign_anybody_out_with_their_cookie(live: Live) -> None:
    ada = await live.register()
    body = {"email": ada.user["email"], "password": "correct horse battery", "cookie": True}
    good(await live.client.post("/v1/auth/login", json=body))

    foreign = await live.client.post("/v1/auth/logout", headers={"Origin": "https://evil.example"})

    assert foreign.status_code == 204
    good(await live.client.post("/v1/auth/refresh"))
    good(await live.client.post("/v1/auth/logout"), 204)
    refused(await live.client.post("/v1/auth/refresh"), 401, "bad_refresh_token")
