"""What comes over the wire, byte by byte: each wrong frame gets the close that says so, and nothing else happens."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from orderflow.settings import Settings
from tests.live import Live, running
from tests.peers import BINARY, CLOSE, PING, TEXT, frame, peer
from tests.people import Person

CONTINUATION, PONG = 0, 10
OPEN = 0
"""Nothing was wrong: the socket lives until the client closes it with 1000."""


@dataclass(frozen=True)
class Case:
    """What is sent, and the code of the close that answers it; `{auth}` stands for a message with a good token."""

    name: str
    sent: bytes
    code: int
    answers: int = 0


def _cases() -> Iterator[Case]:
    yield from _reserved()
    yield from _unmasked()
    yield from _fragments()
    yield from _control()
    yield from _closes()
    yield from _text()
    yield from _sizes()


def _reserved() -> Iterator[Case]:
    for bits in (0x40, 0x20, 0x10, 0x70):
        for opcode in (TEXT, BINARY, PING, CLOSE):
            yield Case(f"reserved bits {bits:#x} with opcode {opcode}", _with(frame(opcode), bits), 1002)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield Case(f"opcode {opcode}", frame(opcode), 1002)


def _unmasked() -> Iterator[Case]:
    for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
        yield Case(f"not masked, opcode {opcode}", bytes([0x80 | opcode, 0]), 1002)


def _fragments() -> Iterator[Case]:
    begun = frame(TEXT, b'{"type":', is_last=False)
    yield Case("the rest of nothing", frame(CONTINUATION, b"x"), 1002)
    yield Case("the middle of nothing", frame(CONTINUATION, b"x", is_last=False), 1002)
    yield Case("a text inside of a text", begun + frame(TEXT, b"x"), 1002)
    yield Case("a binary inside of a text", begun + frame(BINARY, b"x"), 1002)
    for opcode in (PING, PONG, CLOSE):
        yield Case(f"half a control frame, opcode {opcode}", frame(opcode, is_last=False), 1002)
    yield Case("a message in pieces that is none of ours", begun + frame(CONTINUATION, b"1}"), 4400)
    yield Case("a ping between pieces", begun + frame(PING, b"?") + frame(CONTINUATION, b"1}"), 4400, answers=1)
    yield Case("a close that leaves a message unfinished", begun + frame(CLOSE, struct.pack("!H", 1001)), 1002)


def _control() -> Iterator[Case]:
    for opcode in (PING, PONG, CLOSE):
        yield Case(f"a control frame of 126 bytes, opcode {opcode}", frame(opcode, b"x" * 126), 1002)
        # That it is too long for anything is seen before that it is too long for its kind.
        yield Case(f"a control frame of 65,536 bytes, opcode {opcode}", _long(opcode, 65_536), 1009)
    yield Case("a ping of 125 bytes", frame(PING, b"x" * 125), OPEN, answers=1)
    yield Case("a ping of nothing", frame(PING), OPEN, answers=1)
    yield Case("a pong that nobody asked for", frame(PONG, b"here I am"), OPEN)


def _closes() -> Iterator[Case]:
    for code in (1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield Case(f"a close with {code}", frame(CLOSE, struct.pack("!H", code)), code)
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2999, 5000, 65_535):
        yield Case(f"a close with {code}, which nobody may send", frame(CLOSE, struct.pack("!H", code)), 1002)
    yield Case("a close with half a code", frame(CLOSE, b"\x03"), 1002)
    yield Case("a close with a reason", frame(CLOSE, struct.pack("!H", 1000) + "bye ☕".encode()), 1000)
    yield Case("a close whose reason is no text", frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007)


def _text() -> Iterator[Case]:
    yield Case("nothing", frame(TEXT), 4400)
    yield Case("binary", frame(BINARY, b"x"), 4400)
    yield Case("binary of nothing", frame(BINARY), 4400)
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"ok\x80"):
        yield Case(f"no UTF-8: {bad.hex()}", frame(TEXT, bad), 4400)
    halves = frame(TEXT, b"\xe2\x82", is_last=False)
    yield Case("a character that goes wrong in the next piece", halves + frame(CONTINUATION, b"x"), 4400)
    yield Case("a character that never ends", halves + frame(CONTINUATION), 4400)
    yield Case("a character in two pieces", halves + frame(CONTINUATION, b"\xac"), 4400)


def _sizes() -> Iterator[Case]:
    yield Case("4,096 bytes", frame(TEXT, b"x" * 4096), 4400)
    yield Case("4,097 bytes", frame(TEXT, b"x" * 4097), 1009)
    yield Case("4,097 bytes in two pieces", frame(TEXT, b"x" * 4000, is_last=False) + frame(0, b"x" * 97), 1009)
    yield Case("65,536 bytes", _long(TEXT, 65_536), 1009)
    yield Case("2^32 bytes that do not come", struct.pack("!BBQ", 0x81, 0xFF, 1 << 32), 1009)
    yield Case("2^63 bytes that cannot be", struct.pack("!BBQ", 0x81, 0xFF, 1 << 63), 1009)


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=60) as server:
        yield server


async def test_every_wrong_frame_gets_the_close_that_says_so(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    cases = tuple(_cases())
    ada = await live.register()

    found = await asyncio.gather(*(_answers(live, ada, case) for case in cases))

    assert dict(found) == {case.name: (case.code or 1000, case.answers) for case in cases}
    assert len(found) == len(dict(found)) >= 60
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []
    await live.has_sockets(0)


async def test_a_message_in_pieces_of_one_byte_is_answered_like_a_whole_one(live: Live) -> None:
    ada = await live.register()
    message = b'{"type":"auth","token":"%b"}' % ada.token.encode()
    pieces = [message[place : place + 1] for place in range(len(message))]
    sent = frame(TEXT, pieces[0], is_last=False)
    sent += b"".join(frame(CONTINUATION, piece, is_last=False) for piece in pieces[1:])

    async with peer(live, "/ws/customers/me", ada) as client:
        await client.send_raw(sent + frame(CONTINUATION) + frame(CLOSE, struct.pack("!H", 1000)))
        frames = await client.frames()

    assert any(opcode == TEXT and b'"type":"auth"' in payload for opcode, payload in frames)
    assert frames[-1] == (CLOSE, struct.pack("!H", 1000))


async def test_a_line_that_is_cut_within_a_frame_is_over_and_leaves_nothing(live: Live) -> None:
    ada = await live.register()
    whole = frame(TEXT, b'{"type":"auth","token":"x"}')

    for length in range(1, len(whole)):
        async with peer(live, "/ws/customers/me", ada) as client:
            await client.send_raw(whole[:length])
            client.reset()

    await live.has_sockets(0)


async def _answers(live: Live, ada: Person, case: Case) -> tuple[str, tuple[int, int]]:
    """The code that the socket was closed with, and how many pongs came before."""
    async with peer(live, "/ws/customers/me", ada) as client:
        await client.send_raw(case.sent)
        if case.code == OPEN:
            await client.send(CLOSE, struct.pack("!H", 1000))
        frames = await client.frames()
    opcode, payload = frames[-1] if frames else (0, b"")
    code = struct.unpack("!H", payload[:2])[0] if opcode == CLOSE and len(payload) >= 2 else 1006
    return case.name, (code, sum(opcode == PONG for opcode, _ in frames))


def _with(sent: bytes, bits: int) -> bytes:
    return bytes([sent[0] | bits]) + sent[1:]


def _long(opcode: int, size: int) -> bytes:
    return struct.pack("!BBQ", 0x80 | opcode, 0xFF, size) + bytes(4) + b"x" * size


async def test_a_message_of_endless_pieces_closes_with_1009(live: Live) -> None:
    ada = await live.register()

    async with peer(live, "/ws/customers/me", ada) as client:
        await client.send(TEXT, is_last=False)
        await client.send_raw(frame(0, is_last=False) * 5000)
        assert await client.close_code() == 1009
