"""Connections as they are, and what came back over them."""

import contextlib
import json
import socket
from collections.abc import Iterator

GET = b"GET /v1/things HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def connected(port: int, first: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(first)
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    received = bytearray()
    while part := connection.recv(65_536):
        received += part
    return bytes(received)


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """The status and body of each answer that has come whole."""
    found = []
    while (end := received.find(b"\r\n\r\n")) >= 0:
        lines = received[:end].split(b"\r\n")
        named = dict(line.lower().split(b": ", 1) for line in lines[1:])
        length = int(named.get(b"content-length", b"0"))
        body, received = received[end + 4 : end + 4 + length], received[end + 4 + length :]
        if len(body) == length:
            found.append((int(lines[0].split()[1]), body))
    return found


def last_words(connection: socket.socket) -> tuple[int, str]:
    """Status and code of the only answer before the connection is closed."""
    received = until_closed(connection)
    assert b"\r\nconnection: close\r\n" in received
    assert b"\r\nx-content-type-options: nosniff\r\n" in received
    assert b"\r\ncontent-type: application/problem+json\r\n" in received
    [(status, body)] = answers(received)
    return status, json.loads(body)["code"]


def read_answers(connection: socket.socket, count: int) -> list[int]:
    """The statuses of the next answers, on a connection that stays open."""
    received = b""
    while len(found := answers(received)) < count:
        part = connection.recv(65_536)
        assert part, f"closed after {len(found)} answers"
        received += part
    return [status for status, _ in found]
