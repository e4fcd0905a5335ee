"""Finished frames of RFC 6455 as a server writes them: whole, unmasked, text; made once for any number of sockets."""

from collections.abc import Iterator

_TEXT = 0x81
_SHORT, _MEDIUM = 126, 127


def text_frame(text: str) -> bytes:
    """One frame that holds this text."""
    payload = text.encode()
    size = len(payload)
    if size < _SHORT:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, _SHORT)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, _MEDIUM)) + size.to_bytes(8, "big") + payload


def texts_of(frames: bytes) -> Iterator[str]:
    """The texts of frames that `text_frame` made."""
    at = 0
    while at < len(frames):
        size, at = frames[at + 1], at + 2
        if size >= _SHORT:
            width = 2 if size == _SHORT else 8
            size, at = int.from_bytes(frames[at : at + width], "big"), at + width
        yield frames[at : at + size].decode()
        at += size
