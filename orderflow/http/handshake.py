"""What a WebSocket handshake has to bring (RFC 6455, 4.2.1), so that a broken one is answered as all else is."""

import base64
import binascii
from typing import Final

from orderflow.errors import BadRequest, MethodNotAllowed, Refusal

VERSION: Final = b"13"
KEY_BYTES: Final = 16


def refusal(method: str, headers: list[tuple[bytes, bytes]]) -> Refusal | None:
    """Why this is no handshake, None for one that is; names of headers in lower case."""
    if method != "GET":
        return MethodNotAllowed("A WebSocket begins with a GET.")
    if _values(headers, b"sec-websocket-version") != [VERSION]:
        return BadRequest("A WebSocket handshake has one Sec-WebSocket-Version, 13.")
    keys = _values(headers, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        return BadRequest("A WebSocket handshake has one Sec-WebSocket-Key, of 16 bytes in base64.")
    return None


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value.strip() for key, value in headers if key == name]


def _is_key(value: bytes) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False
