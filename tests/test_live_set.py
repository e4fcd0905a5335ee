"""The sockets that are at the head of a feed: whatever they and the feed do, each hears every event once, in order."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.frames import Event, Position
from orderflow.ws import live
from orderflow.ws.beats import Beats
from orderflow.ws.encoding import text_frame, texts_of
from orderflow.ws.live import NOWHERE, LiveSet
from orderflow.ws.stream import Stream

SHOP = UUID(int=1)
SOCKETS = 5

steps = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(1, 3)),
        st.tuples(st.just("join"), st.integers(0, SOCKETS - 1)),
        st.tuples(st.just("leave"), st.integers(0, SOCKETS - 1)),
        st.tuples(st.just("block"), st.integers(0, SOCKETS - 1)),
        st.tuples(st.just("turn"), st.just(0)),
        st.tuples(st.just("forget"), st.just(0)),
    ),
    max_size=80,
)


class Socket:
    """A socket that keeps what is written to it; one that `blocks` leaves in the middle of its next write."""

    def __init__(self, stream: Stream, members: LiveSet) -> None:
        self.stream = stream
        self.members = members
        self.live_cursor = NOWHERE
        self.cursor = stream.head
        self.told: list[int] = []
        self.blocks = False
        self.closed_with: int | None = None
        self.write: Callable[[bytes], None] = self._write

    def _write(self, data: bytes) -> None:
        self.told += [int(text) for text in map(_seq_in, texts_of(data))]
        if self.blocks:
            self.blocks = False
            self.fall_behind()

    def join(self) -> None:
        """Catch up from the database, as a connection does, and become live."""
        if self.live_cursor == NOWHERE:
            self.told += range(self.cursor + 1, self.stream.head + 1)
            self.members.join(self)

    def fall_behind(self) -> None:
        if self.live_cursor != NOWHERE:
            self.cursor = self.members.leave(self)

    def end(self, code: int) -> None:
        self.fall_behind()
        self.closed_with = code


@given(steps=steps, turn=st.integers(1, 3))
def test_each_socket_hears_every_event_once_and_in_order_whatever_happens(
    steps: list[tuple[str, int]], turn: int
) -> None:
    async def follow() -> None:
        stream, _, sockets = _feed(SOCKETS)
        for step, number in steps:
            if step == "event":
                for _ in range(number):
                    stream.hear(stream.head + 1, _event(stream.head + 1))
            elif step == "turn":
                await asyncio.sleep(0)
            elif step == "forget":
                stream.forget()
            else:
                _do(sockets[number], step)

        for each in sockets:
            each.join()
        async with asyncio.timeout(5):
            while any(each.live_cursor not in (NOWHERE, stream.head) for each in sockets):  # noqa: ASYNC110 - a turn
                await asyncio.sleep(0)
        for each in sockets:
            each.join()

        assert [each.told for each in sockets] == [list(range(1, stream.head + 1))] * SOCKETS

    with pytest.MonkeyPatch.context() as patch:
        # So that deliveries are cut in pieces with so few sockets, too.
        patch.setattr(live, "TURN", turn)
        asyncio.run(follow())


async def test_who_comes_back_in_the_middle_of_a_delivery_hears_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TURN", 1)
    stream, _, (first, second) = _feed(2)
    first.join()
    second.join()
    stream.hear(1, _event(1))
    await asyncio.sleep(0)
    assert (first.told, second.told) == ([1], [])

    # All leave, so that the set is empty with a delivery under way; one of them is back at once.
    first.fall_behind()
    second.fall_behind()
    second.join()
    await _turns()

    assert second.told == [1]


async def test_who_joins_while_the_last_member_leaves_hears_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TURN", 1)
    stream, _, (first, second, newcomer) = _feed(3)
    first.join()
    second.join()
    stream.hear(1, _event(1))
    await asyncio.sleep(0)
    first.fall_behind()

    # The newcomer was told both; what is under way to the second is finished first, and makes it leave.
    stream.hear(2, _event(2))
    second.blocks = True
    newcomer.join()
    stream.hear(3, _event(3))
    await _turns()

    assert newcomer.told == [1, 2, 3]


async def test_events_that_wait_when_the_loop_turns_are_one_write() -> None:
    stream, _, (socket,) = _feed(1)
    socket.join()
    writes: list[bytes] = []
    socket.write = writes.append

    for seq in (1, 2, 3):
        stream.hear(seq, _event(seq))
    assert writes == []
    await asyncio.sleep(0)

    assert [list(map(_seq_in, texts_of(data))) for data in writes] == [[1, 2, 3]]


async def test_what_a_view_does_not_show_is_not_written_and_still_counts() -> None:
    stream = Stream(Position(SHOP, "e", 0), of_customer=False)
    members = stream.followers["pickup"] = LiveSet(stream, "pickup")
    socket = Socket(stream, members)
    socket.join()
    stream.hear(1, Event("placed", "", Position(SHOP, "e", 1), "{}", to_status="pending", by="customer"))
    await asyncio.sleep(0)

    assert (socket.live_cursor, socket.told) == (1, [])


async def test_the_end_of_a_feed_sends_its_sockets_back_to_begin_anew() -> None:
    stream, members, sockets = _feed(2)
    for each in sockets:
        each.join()

    stream.lose()

    assert [each.closed_with for each in sockets] == [1012, 1012]
    assert len(members) == 0


async def test_a_beat_that_is_late_already_is_sent_at_the_next_tick_and_then_again() -> None:
    beats, sent = Beats(), asyncio.Event()

    class Heart:
        count = 0

        def beat_now(self, at: str) -> float | None:
            assert at.endswith("Z")
            self.count += 1
            if self.count == 3:
                sent.set()
                return None
            return 0.01

    beats.add(Heart(), 0.0)
    running = asyncio.create_task(beats.run())
    async with asyncio.timeout(5):
        await sent.wait()
    running.cancel()


@given(st.lists(st.text(), max_size=4))
def test_frames_hold_the_texts_that_they_were_made_of(texts: list[str]) -> None:
    assert list(texts_of(b"".join(map(text_frame, texts)))) == texts


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_size_have_the_shortest_length_that_holds_it(size: int) -> None:
    frame = text_frame("x" * size)

    assert len(frame) - size == (2 if size < 126 else 4 if size < 65_536 else 10)
    assert list(texts_of(frame)) == ["x" * size]


def _feed(count: int) -> tuple[Stream, LiveSet, list[Socket]]:
    stream = Stream(Position(SHOP, "e", 0), of_customer=False)
    members = stream.followers["menu"] = LiveSet(stream, "menu")
    return stream, members, [Socket(stream, members) for _ in range(count)]


def _do(socket: Socket, step: str) -> None:
    if step == "join":
        socket.join()
    elif step == "leave":
        socket.fall_behind()
    else:
        socket.blocks = socket.live_cursor != NOWHERE


def _event(seq: int) -> Event:
    return Event("item", "", Position(SHOP, "e", seq), f'{{"seq":{seq}}}')


async def _turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def _seq_in(text: str) -> int:
    return int(text.partition('"seq":')[2].partition(",")[0])
