"""What a connection may send, byte by byte over real sockets."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.connections import GET, POST, answers, connected, last_words, read_answers, until_closed
from tests.edge import application, serving


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(application()) as found:
        yield found


def test_16_kib_of_headers_are_taken_and_one_byte_more_is_not(port: int) -> None:
    counted = sum(len(line) + 2 for line in [b"Host: a", b"X: ", b"Connection: close"])
    fits = b"x" * (16_384 - counted)

    with connected(port, GET + b"Connection: close\r\nX: " + fits + b"\r\n\r\n") as connection:
        assert answers(until_closed(connection))[0][0] == 200
    with connected(port, GET + b"Connection: close\r\nX: " + fits + b"x\r\n\r\n") as connection:
        assert last_words(connection) == (431, "headers_too_large")


def test_8_kib_of_url_are_taken_and_one_byte_more_is_not(port: int) -> None:
    fits = b"/v1/things?" + b"x" * (8192 - 11)

    with connected(port, b"GET " + fits + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as connection:
        assert answers(until_closed(connection))[0][0] == 200
    with connected(port, b"GET " + fits + b"x HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        assert last_words(connection) == (414, "uri_too_long")


@pytest.mark.parametrize(
    ("endless", "refusal"),
    [
        (b"GET /" + b"a" * 9000, (414, "uri_too_long")),
        (GET + b"X: " + b"x" * 30_000, (431, "headers_too_large")),
        (GET + b"x" * 30_000, (431, "headers_too_large")),
        (GET + b"X: y\r\n" * 5000, (431, "headers_too_large")),
    ],
)
def test_a_head_that_never_ends_is_bounded(port: int, endless: bytes, refusal: tuple[int, str]) -> None:
    with connected(port, endless) as connection:
        assert last_words(connection) == refusal
    with connected(port) as connection:
        for start in range(0, len(endless), 999):
            with contextlib.suppress(OSError):
                connection.sendall(endless[start : start + 999])
        assert last_words(connection) == refusal


def test_the_bounds_hold_for_sockets_too(port: int) -> None:
    upgrade = b" HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"

    with connected(port, b"GET /ws/" + b"a" * 8192 + upgrade + b"\r\n") as connection:
        assert last_words(connection) == (414, "uri_too_long")
    with connected(port, b"GET /ws/a" + upgrade + b"X: " + b"x" * 16_384 + b"\r\n\r\n") as connection:
        assert last_words(connection) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"NONSENSE\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\n\r\n",
        b"GET http://a HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        GET + b"no colon\r\n\r\n",
        GET + b"X: a\x00b\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_answered_and_ended(port: int, request_bytes: bytes) -> None:
    with connected(port, request_bytes) as connection:
        assert last_words(connection) == (400, "bad_request")


def test_limits_count_each_request_of_a_connection_for_itself(port: int) -> None:
    head = GET + b"X: " + b"x" * 12_000 + b"\r\n\r\n"

    with connected(port) as connection:
        for _ in range(4):
            connection.sendall(head)
            assert read_answers(connection, 1) == [200]


def test_pipelined_requests_are_answered_in_turn_whatever_their_pieces(port: int) -> None:
    content = b'{"name":"' + b"a" * 40_000 + b'"}'
    post = POST + b"Content-Length: %d\r\n\r\n" % len(content) + content
    sent = (post + GET + b"X: " + b"x" * 10_000 + b"\r\n\r\n") * 3

    for size in (len(sent), 50_000, 8191):
        with connected(port) as connection:
            for start in range(0, len(sent), size):
                connection.sendall(sent[start : start + size])
            assert read_answers(connection, 6) == [201, 200] * 3


def test_a_broken_request_behind_good_ones_is_refused_after_them(port: int) -> None:
    with connected(port, (GET + b"\r\n") * 3 + b"NONSENSE\r\n\r\n") as connection:
        assert [status for status, _ in answers(until_closed(connection))] == [200, 200, 200, 400]

    broken = POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    with connected(port, (GET + b"\r\n") * 3 + broken) as connection:
        assert [status for status, _ in answers(until_closed(connection))] == [200, 200, 200, 400]


def test_a_socket_that_is_asked_for_before_an_earlier_answer_is_refused_after_it(port: int) -> None:
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    upgrade = b"GET /ws/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key

    with connected(port, GET + b"\r\n" + upgrade + b"\r\n") as connection:
        assert [status for status, _ in answers(until_closed(connection))] == [200, 400]


def test_a_trailer_is_not_a_header(port: int) -> None:
    chunked = b"POST /v1/things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    with connected(port, chunked + b"0\r\nAuthorization: Bearer good\r\n\r\n") as connection:
        assert read_answers(connection, 1) == [401]
    with connected(port, chunked + b"0\r\n" + b"X: y\r\n" * 5000) as connection:
        assert answers(until_closed(connection))[0][0] in {401, 431}


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(port: int) -> None:
    with connected(port, POST + b"Content-Length: 9999999\r\n\r\n") as connection:
        assert read_answers(connection, 1) == [413]
    with connected(port, POST + b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n") as connection:
        assert last_words(connection) == (413, "body_too_large")
    with connected(port, POST + b"Content-Length: 12\r\nExpect: 100-continue\r\n\r\n") as connection:
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"name":"a"}')
        assert answers(until_closed(connection))[0][0] == 201


@pytest.mark.parametrize("kept", [b"", b"Connection: close\r\n"])
def test_who_sends_too_much_still_hears_why(port: int, kept: bytes) -> None:
    content = b"x" * 2_000_000

    with connected(port, POST + kept + b"Content-Length: %d\r\n\r\n" % len(content)) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(content)
        assert read_answers(connection, 1) == [413]


def test_a_connection_goes_on_after_a_body_was_refused(port: int) -> None:
    content = b"x" * 300_000

    with connected(port, POST + b"Content-Length: %d\r\n\r\n" % len(content) + content) as connection:
        assert read_answers(connection, 1) == [413]
        connection.sendall(GET + b"\r\n")
        assert read_answers(connection, 1) == [200]


def test_an_upgrade_to_something_else_is_an_ordinary_request(port: int) -> None:
    with connected(port, GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n") as connection:
        assert read_answers(connection, 1) == [200]
