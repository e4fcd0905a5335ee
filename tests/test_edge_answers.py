"""What every answer carries, and what a request says beside its body."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.edge import ORIGIN, application, problem, talking

THING = "/v1/things/01930000-0000-7000-8000-00000000000a"
SIGNED_IN = {"Authorization": "Bearer good"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with talking(application()) as found:
        yield found


@pytest.mark.parametrize(
    "query",
    [
        "limit=",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1.5",
        "limit=%D9%A3",
        "limit=" + "9" * 5000,
        "limit=1&limit=2",
        "after=-1",
        "after=9223372036854775808",
        "after=1e3",
        "after=%2B1",
        "status=gone",
        "status=",
        "cursor=",
        "cursor=x",
        "cursor=AZMAAAAAcACAAAAAAAAACg%3D%3D",
        "cursor=%C3%BC",
        "cursor=AZMAAAAAcACAAAAAAAAACmE",
        "text&cursor=AAAA",
        "text&cursor=AZMAAAAAcACAAAAAAAAACgA",
        "text&cursor=AZMAAAAAcACAAAAAAAAACv8",
        "q=%00",
        "q=" + "a" * 81,
    ],
)
def test_a_bad_query_parameter_is_named(client: httpx2.Client, query: str) -> None:
    refused = problem(client.get(f"/v1/things?{query}"), 422, "invalid")

    assert refused["errors"][0]["pointer"] == "?" + query.removeprefix("text&").split("=")[0]


def test_query_parameters_are_read_and_unknown_ones_ignored(client: httpx2.Client) -> None:
    read = client.get(
        "/v1/things?limit=100&after=9223372036854775807&status=ready&q=%20Caf%C3%A9%20&other=%ff%00"
    ).json()
    unsaid = client.get("/v1/things").json()
    last = client.get("/v1/things?cursor=AZMAAAAAcACAAAAAAAAACg").json()
    named = client.get("/v1/things?text").json()

    assert (read["limit"], read["after"], read["status"], read["q"]) == (100, 9223372036854775807, "ready", "Café")
    assert (unsaid["limit"], unsaid["after"], unsaid["status"], unsaid["q"]) == (50, 0, None, None)
    assert last["cursor"] == THING[-36:]
    assert named["text_cursor"] is None


@pytest.mark.parametrize(("key", "status"), [("a b~", 200), ("x" * 255, 200), ("", 422), ("x" * 256, 422), ("ü", 422)])
def test_an_idempotency_key_is_printable_ascii(client: httpx2.Client, key: str, status: int) -> None:
    assert client.get("/v1/things", headers={b"Idempotency-Key": key.encode()}).status_code == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (None, 200),
        ("*", 200),
        ('"3"', 200),
        ('"2", "3"', 200),
        (', "3" ,', 200),
        ('W/"2", "3"', 200),
        ('"4"', 412),
        ('W/"3"', 412),
        ("3", 412),
        ("", 412),
        ('"3', 412),
        ('*, "3"', 412),
        ('"3", x', 412),
        ('"03"', 412),
    ],
)
def test_a_change_happens_only_to_the_version_that_was_meant(
    client: httpx2.Client, condition: str | None, status: int
) -> None:
    headers = SIGNED_IN if condition is None else {**SIGNED_IN, "If-Match": condition}

    answer = client.patch(THING, headers=headers)

    assert answer.status_code == status
    assert answer.headers.get("etag") == ('"4"' if status == 200 else None)


def test_a_shop_is_named_by_id_or_slug(client: httpx2.Client) -> None:
    for named in ("corner-cafe-2", "01930000-0000-7000-8000-00000000000a"):
        answer = client.get(f"/v1/shops/{named}")

        assert (answer.json(), answer.headers["etag"]) == ({"named": named}, '"2"')
    for other in ("Corner", "a--b", "-a", "a" * 41, "caf%C3%A9", "%00", "a%20b", "9" * 5000):
        problem(client.get(f"/v1/shops/{other}"), 404, "not_found")


def test_who_is_too_fast_is_told_when_to_come_back(client: httpx2.Client) -> None:
    answer = client.get("/busy")

    problem(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "7"


def test_a_failure_is_written_down_and_not_told(client: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/crash")

    refused = problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert str(refused["request_id"]) in caplog.text


def test_a_socket_address_asks_for_an_upgrade(client: httpx2.Client) -> None:
    answer = client.get("/ws/things")

    problem(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


@pytest.mark.parametrize("path", [THING, "/nowhere", "/busy", "/crash"])
def test_every_answer_carries_the_security_headers(client: httpx2.Client, path: str) -> None:
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    for directive in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy


def test_private_answers_are_not_kept(client: httpx2.Client) -> None:
    assert client.get("/v1/me", headers=SIGNED_IN).headers["cache-control"] == "no-store"
    assert client.post("/v1/auth/logout").headers["cache-control"] == "no-store"
    assert "cache-control" not in client.get("/v1/things").headers


def test_only_pages_of_allowed_origins_may_read_answers(client: httpx2.Client) -> None:
    allowed = client.get(THING, headers={"Origin": ORIGIN})
    other = client.get(THING, headers={"Origin": "https://evil.example"})
    failed = client.get("/crash", headers={"Origin": ORIGIN})

    for answer in (allowed, failed):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in other.headers
    assert allowed.headers["vary"] == other.headers["vary"] == "Origin"


def test_a_preflight_tells_what_pages_may_send(client: httpx2.Client) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}

    answer = client.options(THING, headers={"Origin": ORIGIN, **asked})
    other = client.options(THING, headers={"Origin": "null", **asked})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "If-Match" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in other.headers
