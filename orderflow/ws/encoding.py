"""Finished frames of RFC 6455 as a server writes them: whole, unmasked, text; made once for any number of sockets."""

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


def text_of(frame: bytes) -> str:
    """The text of a frame that `text_frame` made."""
    head = {_SHORT: 4, _MEDIUM: 10}.get(frame[1], 2)
    return frame[head:].decode()
