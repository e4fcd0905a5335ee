"""What the edge refuses, in which order and in which words; nothing that comes in is a 500."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from orderflow import errors
from orderflow.http import problems
from tests.edge import application, problem, talking

THING = "/v1/things/01930000-0000-7000-8000-00000000000a"
SIGNED_IN = {"Authorization": "Bearer good"}
JSON = {**SIGNED_IN, "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder: Path = tmp_path_factory.mktemp("static")
    (folder / "page.css").write_text("body {}")
    static = Route("/static/{path:path}", _static(folder))
    with talking(application(static)) as found:
        yield found


def _static(folder: Path) -> ASGIApp:
    files = StaticFiles(directory=folder)

    class Files:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await files({**scope, "path": "/" + scope["path_params"]["path"]}, receive, send)

    return Files()


def _post(client: httpx2.Client, content: bytes, **headers: str) -> httpx2.Response:
    return client.post("/v1/things", content=content, headers={**JSON, **headers})


def test_every_refusal_of_the_domain_has_a_status_and_no_other_code_has_one() -> None:
    def leaves(refusal: type[errors.Refusal]) -> Iterator[type[errors.Refusal]]:
        if "code" in vars(refusal):
            yield refusal
        for each in refusal.__subclasses__():
            yield from leaves(each)

    codes = {refusal.code for refusal in leaves(errors.Refusal)}

    assert codes == set(problems.STATUSES) - {"internal", "request_timeout", "upgrade_required"}


@pytest.mark.parametrize("path", ["/nowhere", "/v1/things/", "/v1/", "//", "/v1/things/%00", "/v1/things/%ff"])
def test_an_unknown_path_is_not_found_and_never_redirected(client: httpx2.Client, path: str) -> None:
    problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/things/7",
        "/v1/things/" + "9" * 5000,
        "/v1/things/a%2fb",
        "/v1%2Fthings",
        "/v1/things/%zz",
        "/static/%00",
        "/static/" + "a" * 5000,
        "/static/../../etc/passwd",
        "/static/..%2f..%2fetc/passwd",
        "/static/%c3",
        THING.replace("-", ""),
        THING + "%20",
        "/v1/things/{" + THING[-36:] + "}",
    ],
)
def test_an_id_of_another_shape_is_not_found(client: httpx2.Client, path: str) -> None:
    problem(client.get(path), 404, "not_found")


def test_a_method_that_a_path_does_not_have_names_all_that_it_has(client: httpx2.Client) -> None:
    answer = client.delete("/v1/things", headers={"Authorization": "Bearer nonsense"})

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_needs_no_token(client: httpx2.Client) -> None:
    for path, allow in [("/v1/things", "GET, HEAD, OPTIONS, POST"), ("/static/page.css", "GET, HEAD, OPTIONS")]:
        answer = client.options(path)

        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allow)


@pytest.mark.parametrize("path", [THING, "/v1/me", "/nowhere", "/v1/things?limit=0", "/busy", "/static/page.css"])
def test_head_answers_as_get_would_without_the_body(client: httpx2.Client, path: str) -> None:
    get, head = client.get(path), client.head(path)

    assert head.status_code == get.status_code
    assert head.content == b""
    changing = {"x-request-id", "date"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in get.headers.items() if k not in changing
    }


@pytest.mark.parametrize(
    ("given", "code", "challenge"),
    [
        (None, "unauthenticated", "Bearer"),
        ("Bearer bad", "unauthenticated", 'Bearer error="invalid_token"'),
        ("Bearer old", "token_expired", 'Bearer error="invalid_token"'),
        ("Basic Z29vZA==", "unauthenticated", 'Bearer error="invalid_token"'),
        ("Bearer", "unauthenticated", 'Bearer error="invalid_token"'),
        ("Bearer good good", "unauthenticated", 'Bearer error="invalid_token"'),
        ("good", "unauthenticated", 'Bearer error="invalid_token"'),
        ("Bearer gööd", "unauthenticated", 'Bearer error="invalid_token"'),
        ("", "unauthenticated", 'Bearer error="invalid_token"'),
    ],
)
def test_who_is_not_signed_in_is_told_how_to(
    client: httpx2.Client, given: str | None, code: str, challenge: str
) -> None:
    headers = {} if given is None else {b"Authorization": given.encode()}

    answer = client.get("/v1/me", headers=headers)

    problem(answer, 401, code)
    assert answer.headers["www-authenticate"] == challenge


def test_a_bad_token_is_refused_where_none_is_needed(client: httpx2.Client) -> None:
    problem(client.get("/v1/things", headers={"Authorization": "Bearer bad"}), 401, "unauthenticated")
    assert client.get("/v1/things").json()["who"] == "None"
    assert client.get("/v1/things", headers={"Authorization": "bEARER  good"}).json()["who"] != "None"
    assert client.post("/v1/auth/logout", headers={"Authorization": "Bearer bad"}).status_code == 204
    problem(client.get("/v1/me", headers=[("Authorization", "Bearer good")] * 2), 401, "unauthenticated")


def test_the_token_is_checked_before_the_body(client: httpx2.Client) -> None:
    problem(client.post("/v1/things", content=b"x" * 100_000), 401, "unauthenticated")


def test_64_kib_are_a_body_and_one_byte_more_is_not(client: httpx2.Client) -> None:
    full = b'{"name":"' + b"a" * (65_536 - 11) + b'"}'

    def in_parts(content: bytes) -> Iterator[bytes]:
        yield from (content[start : start + 1000] for start in range(0, len(content), 1000))

    assert _post(client, full).status_code == 201
    assert client.post("/v1/things", content=in_parts(full), headers=JSON).status_code == 201
    problem(_post(client, full + b" "), 413, "body_too_large")
    problem(client.post("/v1/things", content=in_parts(full + b" "), headers=JSON), 413, "body_too_large")
    problem(_post(client, b"x" * 3_000_000), 413, "body_too_large")


def test_the_size_is_checked_before_the_media_type_and_that_before_the_json(client: httpx2.Client) -> None:
    problem(_post(client, b"x" * 65_537, **{"Content-Type": "text/plain"}), 413, "body_too_large")
    problem(_post(client, b"{", **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"', "application/json ;"],
)
def test_json_in_utf_8_is_taken(client: httpx2.Client, media_type: str) -> None:
    assert _post(client, b'{"name":"a"}', **{"Content-Type": media_type}).status_code == 201


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/merge-patch+json",
        "application/json; charset=latin-1",
        "application/json; v=1",
        "",
        "a",
        "application/json" + "; " * 4000 + "x",
        "application/json, application/json",
    ],
)
def test_another_media_type_is_refused(client: httpx2.Client, media_type: str) -> None:
    problem(_post(client, b'{"name":"a"}', **{"Content-Type": media_type}), 415, "unsupported_media_type")


def test_a_body_without_media_type_or_compressed_is_refused(client: httpx2.Client) -> None:
    absent = client.post("/v1/things", headers=SIGNED_IN)
    packed = _post(client, gzip.compress(b'{"name":"a"}'), **{"Content-Encoding": "gzip"})

    problem(absent, 415, "unsupported_media_type")
    problem(packed, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'name': 'a'}",
        b'{"name":"\xff"}',
        b'{"other":"\xff"}',
        b'{"name":"\xed\xa0\x80"}',
        b'{"name":"a\x00"}',
        b'{"name":"a","weight":NaN}',
        b'{"name":"a","other":-Infinity}',
        b'{"name":"\\ud800","weight":NaN}',
        b'{"name":"\\ud800"',
        b"\xef\xbb\xbf{}",
        '{"name":"a"}'.encode("utf-16"),
        b"[" * 50_000,
        b'{"other":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"name":"\\ud800","other":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"weight":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_refused(client: httpx2.Client, content: bytes) -> None:
    problem(_post(client, content), 400, "not_json")


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        (b"{}", ["/name"]),
        (b"[]", [""]),
        (b"null", [""]),
        (b'{"name":1}', ["/name"]),
        (b'{"name":"a","a/b~c":1}', ["/a~1b~0c"]),
        (b'{"name":"\\ud800","pieces":[{"\\udc00":1}]}', ["/name", "/pieces/0"]),
        (b'{"name":"a","pieces":[{"count":1},{"count":' + b"9" * 4000 + b"}]}", ["/pieces/1/count"]),
        (b'{"name":"a","pieces":[{"count":1.5}]}', ["/pieces/0/count"]),
        (b'{"name":"a","pieces":[{"count":true}]}', ["/pieces/0/count"]),
        (b'{"name":"a","pieces":[{}]}', ["/pieces/0/count"]),
        (b'{"name":1,"name":"a","name":2}', ["/name"]),
    ],
)
def test_what_breaks_the_schema_is_pointed_at(client: httpx2.Client, content: bytes, pointers: list[str]) -> None:
    refused = problem(_post(client, content), 422, "invalid")

    assert [error["pointer"] for error in refused["errors"]] == pointers
    assert all(error["detail"] for error in refused["errors"])
    codes = {"required", "wrong_type", "unknown_field", "characters", "too_large"}
    assert {error["code"] for error in refused["errors"]} <= codes


def test_of_a_key_given_twice_the_last_counts(client: httpx2.Client) -> None:
    assert _post(client, b'{"name":1,"name":"b"}').json()["name"] == "b"


def test_a_thousand_mistakes_make_a_short_answer(client: httpx2.Client) -> None:
    refused = problem(_post(client, json.dumps({f"key{n}": n for n in range(1000)}).encode()), 422, "invalid")

    assert len(refused["errors"]) == 20


def test_a_body_that_may_be_absent_is_checked_when_it_is_there(client: httpx2.Client) -> None:
    def leave(content: bytes = b"", media_type: str | None = None) -> httpx2.Response:
        headers = {} if media_type is None else {"Content-Type": media_type}
        return client.post("/v1/auth/logout", content=content, headers=headers)

    assert leave().status_code == 204
    assert leave(media_type="text/plain").status_code == 204
    assert leave(b'{"count":1}', "application/json").status_code == 204
    problem(leave(b'{"count":1}'), 415, "unsupported_media_type")
    problem(leave(b"{", "application/json"), 400, "not_json")


def test_where_no_body_is_expected_any_is_ignored(client: httpx2.Client) -> None:
    assert client.request("GET", THING, content=b"x" * 100_000).status_code == 200
