"""A feed in memory, whatever order its events come in; and readings that many share."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.frames import Event, Position
from orderflow.ws.shared import Shared
from orderflow.ws.stream import Stream

SHOP = UUID(int=1)
ADA = UUID(int=2)
LAST = 12

seqs = st.integers(1, LAST)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), seqs),
        st.tuples(st.just("want"), st.integers(1, LAST + 5)),
        st.tuples(st.just("gap"), seqs),
        st.tuples(st.just("remember"), seqs),
        st.tuples(st.just("settle"), seqs),
        st.tuples(st.just("forget"), seqs),
    ),
    max_size=60,
)


@given(steps=steps, capacity=st.integers(1, 5))
def test_each_event_comes_once_and_in_order_whatever_happens(steps: list[tuple[str, int]], capacity: int) -> None:
    async def follow() -> None:
        stream = Stream(Position(SHOP, "e", 0), of_customer=False, capacity=capacity)
        told: list[int] = []

        for step, seq in steps:
            _take(stream, step, seq)
            assert stream.reaches(stream.head)
            if stream.reaches(len(told)):
                told += [entry.seq for entry in stream.entries_after(len(told))]

            assert told == list(range(1, len(told) + 1))
            for place in (len(told), seq):
                behind = sum(len(entry.frame("shop")) for entry in stream.entries_after(place))
                assert stream.bytes_after(place, "shop") == behind
            assert len(told) <= stream.head
            assert stream.head <= stream.wanted
            assert stream.reaches(len(told)) == (len(told) == stream.head)

    asyncio.run(follow())


@given(steps=steps)
def test_memory_is_counted_exactly(steps: list[tuple[str, int]]) -> None:
    async def follow() -> None:
        stream = Stream(Position(SHOP, "e", 0), of_customer=False, capacity=5)

        for step, seq in steps:
            _take(stream, step, seq)

        start = next(seq for seq in range(stream.head + 1) if stream.reaches(seq))
        assert stream.bytes == sum(entry.size for entry in stream.entries_after(start))
        stream.forget()
        assert stream.bytes == 0

    asyncio.run(follow())


@given(order=st.permutations(range(1, LAST + 1)))
def test_all_are_there_once_the_last_has_come_in_whatever_order(order: list[int]) -> None:
    async def follow() -> None:
        stream = Stream(Position(SHOP, "e", 0), of_customer=False)

        complete = [stream.hear(seq, _event(seq)) for seq in order]

        assert complete[-1]
        assert [entry.seq for entry in stream.entries_after(0)] == sorted(order)
        for place, is_complete in enumerate(complete, 1):
            assert is_complete == (sorted(order[:place]) == list(range(1, max(order[:place]) + 1)))

    asyncio.run(follow())


async def test_an_event_stands_elsewhere_in_a_customers_feed() -> None:
    stream = Stream(Position(ADA, "e", 6), of_customer=True)

    assert stream.seq_of(_event(41, customer_seq=7)) == 7


async def test_what_is_remembered_has_to_touch_what_is_there() -> None:
    stream = Stream(Position(SHOP, "e", 10), of_customer=False)
    stream.hear(11, _event(11))

    stream.remember([_event(7), _event(8)])
    assert not stream.reaches(7)
    stream.remember([_event(9), _event(10), _event(11)])

    assert [entry.seq for entry in stream.entries_after(8)] == [9, 10, 11]


async def test_who_waits_is_woken_by_an_event_by_the_time_or_by_the_loss_of_the_feed() -> None:
    stream = Stream(Position(SHOP, "e", 0), of_customer=False)
    now = asyncio.get_running_loop().time()

    await stream.moved(0, now)
    first = asyncio.create_task(stream.moved(0, now + 60))
    await asyncio.sleep(0)
    stream.hear(1, _event(1))
    await first
    second = asyncio.create_task(stream.moved(1, now + 60))
    await asyncio.sleep(0)
    stream.lose()
    await second
    await stream.moved(1, now + 60)


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    stream = Stream(Position(SHOP, "e", 0), of_customer=False)
    waiting = asyncio.create_task(stream.moved(0, asyncio.get_running_loop().time() + 60))
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait([waiting])

    assert not stream._waiters


async def test_a_reading_is_never_shared_with_who_asks_after_it_began() -> None:
    clock = 0
    began: list[int] = []
    gates: list[asyncio.Event] = []

    async def read(wanted: set[str]) -> dict[str, int]:
        nonlocal clock
        clock += 1
        moment = clock
        began.append(moment)
        gates.append(gate := asyncio.Event())
        await gate.wait()
        return dict.fromkeys(wanted, moment)

    shared = Shared(read)
    first = [asyncio.create_task(shared(key)) for key in "ab"]
    await _turns()
    late = [asyncio.create_task(shared(key)) for key in "bcd"]
    await _turns()
    assert began == [1]
    gates[0].set()
    await _turns()
    gates[1].set()

    assert [await task for task in first] == [{"a": 1, "b": 1}] * 2
    assert [await task for task in late] == [{"b": 2, "c": 2, "d": 2}] * 3
    assert began == [1, 2]


@given(
    delays=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=25),
    failing=st.sets(st.integers(0, 10)),
)
def test_everybody_gets_a_reading_that_began_after_asking(delays: list[tuple[int, int]], failing: set[int]) -> None:
    async def ask_all() -> None:
        clock = running = readings = 0

        async def read(wanted: set[int]) -> dict[int, int]:
            nonlocal clock, running, readings
            clock += 1
            began, number = clock, readings
            readings += 1
            running += 1
            assert running == 1
            await _turns(2)
            running -= 1
            if number in failing:
                raise ConnectionError
            return dict.fromkeys(wanted, began)

        async def ask(delay: int, key: int) -> None:
            nonlocal clock
            await _turns(delay)
            clock += 1
            asked = clock
            try:
                assert (await shared(key))[key] > asked
            except ConnectionError:
                assert failing

        shared = Shared(read)
        await asyncio.gather(*(ask(*each) for each in delays))
        assert readings <= len(delays)

    asyncio.run(ask_all())


async def test_a_failed_reading_fails_for_all_who_asked_and_not_for_the_next() -> None:
    failures = iter([True, False])

    async def read(wanted: set[int]) -> dict[int, int]:
        await asyncio.sleep(0)
        if next(failures):
            raise ConnectionError
        return dict.fromkeys(wanted, 1)

    shared = Shared(read)
    results = await asyncio.gather(shared(1), shared(2), return_exceptions=True)

    assert [type(result) for result in results] == [ConnectionError, ConnectionError]
    assert await shared(1) == {1: 1}


async def test_a_reading_goes_on_for_the_others_when_one_gives_up() -> None:
    gate = asyncio.Event()

    async def read(wanted: set[int]) -> dict[int, int]:
        await gate.wait()
        return dict.fromkeys(wanted, 1)

    shared = Shared(read)
    impatient, patient = asyncio.create_task(shared(1)), asyncio.create_task(shared(2))
    await _turns()
    impatient.cancel()
    await _turns()
    gate.set()

    assert await patient == {1: 1, 2: 1}
    with pytest.raises(asyncio.CancelledError):
        await impatient


def _take(stream: Stream, step: str, seq: int) -> None:
    if step == "hear":
        stream.hear(seq, _event(seq))
    elif step == "want":
        stream.want(seq)
    elif step == "gap":
        # What a reading of the database brings: some events after the head, in order.
        for missing in range(stream.head + 1, min(stream.head + 3, LAST) + 1):
            stream.hear(missing, _event(missing))
    elif step == "remember":
        stream.remember([_event(older) for older in range(seq, LAST + 1)])
    elif step == "settle":
        stream.settle()
    else:
        stream.forget()


def _event(seq: int, customer_seq: int | None = None) -> Event:
    customer = Position(ADA, "e", customer_seq) if customer_seq else None
    return Event("item", "2026-11-22T09:00:00.000Z", Position(SHOP, "e", seq), f'{{"n":{seq}}}', customer)


async def _turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
