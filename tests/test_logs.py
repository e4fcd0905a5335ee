"""What the log says of who came and what was done, what it never says, and that nobody ever waits for it."""

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from orderflow import logs
from tests.connections import connected, until_closed
from tests.live import Live, visiting
from tests.people import PASSWORD, good
from tests.servers import CHECKOUT, READY, Server, environment
from tests.stored import away

PATIENCE_S = 40.0
SHOP = UUID("01930000-0000-7000-8000-000000000001")
LOGGER = logging.getLogger("orderflow.tests")

SAY = """
import logging.config
from orderflow import logs
logging.config.dictConfig(logs.configuration())
logs.say(logging.getLogger("orderflow.demo"), "request", method="GET", route="/v1/me", status=200, ms=1.5, user_id=None)
logging.getLogger("orderflow.demo").warning("Grace's shop \\x1b[2J is open")
"""

HEADERS = {
    "Cookie": "refresh_token=zanzibar",
    "Idempotency_Key": "zanzibar",
    "User_Agent": "zanzibar",
    "X_Forwarded_For": "198.51.100.77",
    "If_Match": '"zanzibar"',
}


async def test_each_request_and_each_socket_is_a_line_with_ids_and_milliseconds(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(LOG_LEVEL="debug")
    async with visiting(server.url) as live:
        cafe, ada = await live.shop("Corner Café"), await live.register()
        order = await ada.order(cafe.shop, cafe.item)
        moved = await cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": "preparing"})
        assert (await ada.get("/v1/shops/corner-cafe/orders")).status_code == 403
        good(await live.client.get("/v1/shops/corner-cafe/items"))
        board = await live.socket(f"/ws/shops/{cafe.shop['slug']}", cafe.owner)
        await board.event()
        await board.beat()
        await board.connection.close()
        assert await (await live.socket("/ws/customers/me")).close_code() == 4401
        assert _too_large(server) == 431
        lines = await _lines(server, lambda found: len(_of(found, "socket closed")) == 2 and "unreadable" in str(found))

    requests = _of(lines, "request")
    [placed] = [line for line in requests if line["route"] == "/v1/shops/{shop}/orders" and line["status"] == 201]
    assert placed["user_id"] == ada.user["id"]
    assert placed["shop_id"] == cafe.shop["id"]
    assert placed["order_id"] == order["id"]
    assert placed["status"] == 201
    assert 0 < placed["ms"] < 10_000
    [move] = [line for line in requests if line.get("method") == "PATCH"]
    assert move["request_id"] == moved.headers["x-request-id"]
    assert (move["order_id"], move["user_id"]) == (order["id"], cafe.owner.user["id"])
    # A shop that is named by its slug is named by it here, where it is known to be one.
    assert [line.get("shop") for line in requests if line["route"] == "/v1/shops/{shop}/items"][-1] == "corner-cafe"
    assert [line.get("shop") for line in requests if line["status"] == 403] == [None]
    assert [line["status"] for line in requests if line["route"] == "unreadable"] == [431]
    [opened], closed = _of(lines, "socket opened"), _of(lines, "socket closed")
    assert (opened["view"], opened["user_id"], opened["shop_id"]) == ("shop", cafe.owner.user["id"], cafe.shop["id"])
    assert {(line["connection_id"], line["code"], line["frames"]) for line in closed} == {
        (opened["connection_id"], 1000, 2),
        (closed[-1]["connection_id"], 4401, 0),
    }
    assert all(line["ms"] > 0 for line in closed)
    # Every line of the server and of its libraries has the same form.
    assert {"orderflow.http.records", "orderflow.ws.visits", "uvicorn.error"} <= {line["logger"] for line in lines}
    assert all({"at", "level", "logger", "message", "pid"} <= line.keys() for line in lines)


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_files_of_pages_and_what_machines_ask_again_and_again_are_lines_for_who_looks_closely(
    make_server: Callable[..., Server], database_url: str, level: str
) -> None:
    server = make_server(LOG_LEVEL=level)
    async with visiting(server.url) as live:
        for path in ("/static/board/style.css", "/static/board/settings.js", "/healthz", "/readyz", "/metrics"):
            (await live.client.get(path)).raise_for_status()
        async with away(database_url):
            assert (await live.client.get("/readyz")).status_code == 503
        assert (await live.client.get("/static/board/nothing.js")).status_code == 404
        (await live.client.get("/shops/corner-cafe")).raise_for_status()
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log().splitlines()]

    usual = [("/readyz", 503, "WARNING"), ("/static/board/{name}", 404, "INFO"), ("/shops/{shop}", 200, "INFO")]
    quiet = ["/static/board/{name}", "/static/board/settings.js", "/healthz", "/readyz", "/metrics"]
    wanted = usual if level == "info" else [(route, 200, "DEBUG") for route in quiet] + usual
    assert sorted((line["route"], line["status"], line["level"]) for line in _of(lines, "request")) == sorted(wanted)


async def test_no_line_at_any_level_holds_a_secret_an_address_or_what_somebody_wrote(
    make_server: Callable[..., Server], database_url: str
) -> None:
    # Whatever somebody says here says zanzibar.
    server = make_server(LOG_LEVEL="debug", METRICS_TOKEN="zanzibar", FORWARDED_ALLOW_IPS="*")
    async with visiting(server.url) as live:
        email = "zanzibar@example.com"
        cafe = await live.shop("Zanzibar", slug="corner-cafe", email=email, phone="zanzibar", address="zanzibar")
        ada = await live.register("Zanzibar", email=email)
        right = {"email": email, "password": PASSWORD}
        sessions = [good(await _post(live, "login", **right, cookie=cookie)) for cookie in (False, True)]
        line = {"item_id": cafe.item["id"], "quantity": 1, "note": "zanzibar"}
        wanted = {"lines": [line], "note": "zanzibar", "pickup_name": "zanzibar"}
        order = good(await ada.post(f"{cafe.path}/orders?zanzibar=1", wanted, **HEADERS), 201)
        await cafe.owner.move(order, "cancelled", reason="zanzibar")
        for method, path, body in (
            ("POST", "/v1/auth/register", {"email": email, "password": "zanzibar pass", "name": "zanzibar"}),
            ("POST", "/v1/auth/login", {"email": email, "password": "zanzibar pass"}),
            ("POST", "/v1/auth/login", {"email": "zanzibar", "zanzibar": "zanzibar"}),
            ("POST", "/v1/auth/refresh", {"refresh_token": "zanzibar"}),
            ("POST", f"{cafe.path}/orders?zanzibar", wanted),
            ("GET", "/v1/shops?q=zanzibar&cursor=zanzibar", None),
            ("GET", "/v1/shops/zanzibar?zanzibar", None),
            ("GET", f"/{email}?zanzibar", None),
            ("GET", f"/shops/{email}/board", None),
            ("GET", "/shops/zanzibar/poster?zanzibar", None),
            ("GET", "/v1/orders/zanzibar", None),
            ("GET", "/metrics", None),
        ):
            for given in ({}, HEADERS):
                answer = await live.client.request(method, path, json=body, headers=given)
                assert answer.status_code in (200, 401, 404, 409, 422), (path, answer.text)
        async with away(database_url):
            assert (await _post(live, "login", **right)).status_code == 503
        mine = "/ws/customers/me"
        for path, token in ((f"{mine}?zanzibar", ada.token), (mine, "zanzibar"), ("/zanzibar", "zanzibar")):
            offered = ["orderflow.v1", f"bearer.{token}"]
            heard = await live.socket(path, subprotocols=offered, headers={"Cookie": "zanzibar=zanzibar"})
            with contextlib.suppress(ConnectionClosed):
                await heard.say('{"type": "auth", "token": "zanzibar"}')
            assert await heard.close_code() in (4401, 4404)
        assert _too_large(server, b"GET /zanzibar HTTP/1.1\r\nX-Zanzibar: ") == 431
        good(await _post(live, "refresh", refresh_token=sessions[0]["refresh_token"]))
    assert server.stop() == 0

    log = server.log()
    lines = [json.loads(line) for line in log.splitlines()]
    assert len(_of(lines, "socket closed")) == 3
    assert {"WARNING", "INFO"} <= {line["level"] for line in lines}
    tokens = [each[name] for each in sessions for name in ("access_token", "refresh_token") if each[name]]
    for secret in (*tokens, ada.token, PASSWORD, "zanzibar", "@", "198.51.100"):
        assert secret.lower() not in log.lower()


async def test_a_log_that_nobody_reads_holds_up_neither_requests_nor_the_end(database_url: str, tmp_path: Path) -> None:
    with _started_with_a_full_log(
        environment(tmp_path, DATABASE_URL=database_url, LOG_LEVEL="debug"), tmp_path
    ) as process:
        assert process.stdout is not None
        url = (await asyncio.to_thread(process.stdout.readline)).removeprefix(READY).strip()
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
            for _ in range(100):
                good(await client.get("/healthz"))
        process.terminate()

        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0


def test_lines_that_find_no_room_are_counted_and_the_reader_is_told_how_many() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with _handler(writer) as handler:
        for number in range(logs.MAX_WAITING + 1_000):
            logs.say(LOGGER, "request", number=number)
        dropped = handler.dropped
        assert 500 < dropped <= 1_000

        read = b""
        while b"log lines dropped" not in read:
            assert select.select([reader], [], [], PATIENCE_S)[0], "it says nothing"
            read += os.read(reader, 65_536)
    os.close(writer)
    os.close(reader)

    lines = [json.loads(line) for line in read.splitlines()]
    assert lines[-1]["count"] == dropped
    numbers = [line["number"] for line in lines[:-1]]
    assert numbers[: logs.MAX_WAITING] == list(range(logs.MAX_WAITING))
    # Which of the others found room depends on when the thread that writes had its first turn.
    assert len(numbers) == logs.MAX_WAITING + 1_000 - dropped
    assert numbers == sorted(set(numbers))


def test_a_failure_is_told_with_its_trace_and_without_anybodys_data() -> None:
    told = (
        'duplicate key value violates "uq_users_email"\nDETAIL:  Key (email)=(ada@example.com) already exists.',
        "1 validation error for Login\npassword\n  Not text [type=string, input_value='hunter2', input_type=str]",
        "could not reach redis://orderflow:hunter2@cache.example:6379/0",
        "GET /v1/shops?q=hunter2 with Bearer hunter2 and eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
        "refresh token hunter2-" + "x" * 40,
    )
    for text in told:
        [line] = _said(partial(_fail, text))

        assert "Traceback" in line["trace"]
        assert "RuntimeError" in line["trace"]
        assert text.split()[0] in line["trace"]
        assert not [secret for secret in ("hunter2", "ada", "eyJ") if secret in json.dumps(line)]


def test_what_is_said_comes_as_json_whatever_it_is() -> None:
    def say() -> None:
        logs.say(LOGGER, "a step")
        logs.say(LOGGER, "a step", logging.WARNING, order_id=SHOP, ms=0.25, failed=True, why='"quoted"\n', missing=None)

    bare, full = _said(say)

    assert bare.keys() == {"at", "level", "logger", "message", "pid"}
    assert full.keys() - bare.keys() == {"order_id", "ms", "failed", "why"}
    assert (full["order_id"], full["why"], full["level"]) == (str(SHOP), '"quoted"\n', "WARNING")


def test_a_path_of_odd_bytes_is_a_line_as_well() -> None:
    reader, writer = os.pipe()
    handler = logs.Handler(writer)
    handler.setFormatter(logs.Json())
    # Not by a logger: what else listens to that may not be able to write it.
    handler.handle(logging.LogRecord("orderflow", logging.ERROR, "", 1, "a path: %s", ("caf\udce9",), None))
    handler.close()
    handler._thread.join()
    os.close(writer)

    with os.fdopen(reader) as lines:
        assert json.loads(lines.read())["message"].startswith("a path: caf")


def test_a_line_is_never_longer_than_what_a_pipe_takes_at_once() -> None:
    def nest(depth: int) -> None:
        if depth:
            nest(depth - 1)
        raise RuntimeError("at the bottom of it")

    def fail() -> None:
        try:
            nest(200)
        except RuntimeError:
            LOGGER.exception("a long sentence " * 1_000)

    [line] = _said(fail)

    assert len(json.dumps(line, separators=(",", ":"))) < select.PIPE_BUF
    assert line["trace"].endswith("RuntimeError: at the bottom of it")


def test_there_is_colour_on_a_terminal_and_json_anywhere_else() -> None:
    def run(descriptor: int) -> None:
        subprocess.run([sys.executable, "-c", SAY], stderr=descriptor, cwd=CHECKOUT, check=True)

    reader, writer = os.pipe()
    ours, theirs = pty.openpty()
    run(writer)
    run(theirs)
    piped, shown = os.read(reader, 4096).decode(), os.read(ours, 4096).decode()
    for descriptor in (reader, writer, ours, theirs):
        os.close(descriptor)

    assert "\x1b" not in piped
    first, second = (json.loads(line) for line in piped.splitlines())
    assert (first["route"], first["status"], first["ms"], "user_id" in first) == ("/v1/me", 200, 1.5, False)
    assert second["message"] == "Grace's shop \x1b[2J is open"
    first_shown, second_shown = shown.splitlines()
    assert first_shown.endswith("request GET /v1/me 200 1.5 ms")
    assert "\x1b[33mWARNING" in second_shown
    # What somebody has written moves no cursor.
    assert second_shown.endswith("Grace's shop  [2J is open")


async def _post(live: Live, what: str, **body: Any) -> httpx2.Response:
    return await live.client.post(f"/v1/auth/{what}", json=body)


def _too_large(server: Server, head: bytes = b"GET / HTTP/1.1\r\nX: ") -> int:
    """The status of the answer to a request whose headers have no end."""
    with connected(int(server.url.rpartition(":")[2]), head + b"x" * 30_000) as connection:
        return int(until_closed(connection).split()[1])


@contextlib.contextmanager
def _started_with_a_full_log(given: dict[str, str], directory: Path) -> Iterator["subprocess.Popen[str]"]:
    """A server whose standard error nobody reads: a pipe as small as can be, full after a dozen lines."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    command = [sys.executable, "-m", "orderflow", "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=directory, env=given, stdout=subprocess.PIPE, stderr=writer, text=True)
    os.close(writer)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        os.close(reader)


async def _lines(server: Server, fact: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """All lines of the log, once it is so; the log is written a moment later than things happen."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            whole = server.log().rpartition("\n")[0]
            if fact(found := [json.loads(line) for line in whole.splitlines()]):
                return found
            await asyncio.sleep(0.01)


def _of(lines: list[dict[str, Any]], message: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["message"] == message]


def _fail(text: str) -> None:
    try:
        raise RuntimeError(text)
    except RuntimeError:
        LOGGER.exception("it failed")


@contextlib.contextmanager
def _handler(descriptor: int) -> Iterator[logs.Handler]:
    """Our handler, for our tests' logger alone, writing to a descriptor."""
    handler = logs.Handler(descriptor)
    handler.setFormatter(logs.Json())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield handler
    finally:
        LOGGER.removeHandler(handler)
        handler.close()
        # On a busy machine it takes longer than a process that ends would wait; the descriptor is closed next.
        handler._thread.join()


def _said(do: Callable[[], None]) -> list[dict[str, Any]]:
    """The lines that something logs."""
    reader, writer = os.pipe()
    with _handler(writer):
        do()
    os.close(writer)
    with os.fdopen(reader) as lines:
        return [json.loads(line) for line in lines]
