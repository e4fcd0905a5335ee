"""The doorbell on a real redis-server, which is killed, frozen and started again."""

import asyncio
import logging
import time
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from orderflow import wire
from orderflow.bus import Bus, LocalBus, RedisBus
from tests.bus_stations import Station, relay, station, until, until_subscribers
from tests.redis_server import RedisServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as made:
        yield made


async def test_two_processes_hear_each_other_and_themselves(server: RedisServer) -> None:
    async with station(server.url) as here, station(server.url) as there:
        await here.bus.listen("shop")
        await there.bus.listen("shop")

        here.bus.publish(("shop",), b"from here")
        there.bus.publish(("shop",), b"from there")

        for one in (here, there):
            await one.hears("shop", b"from here")
            await one.hears("shop", b"from there")


async def test_one_message_rings_on_all_of_its_channels_and_on_no_other(server: RedisServer) -> None:
    async with station(server.url) as here:
        await here.bus.listen("shop")
        await here.bus.listen("customer")

        here.bus.publish(("shop", "customer", "nobody"), b"\x00\xff")
        here.bus.publish(("shop",), b"last")

        await here.hears("shop", b"last")
        assert here.heard == [("shop", b"\x00\xff"), ("customer", b"\x00\xff"), ("shop", b"last")]


async def test_messages_of_one_publisher_keep_their_order(server: RedisServer) -> None:
    async with station(server.url) as here, station(server.url) as there:
        await there.bus.listen("shop")
        sent = [str(number).encode() for number in range(5_000)]

        for message in sent:
            here.bus.publish(("shop",), message)

        await until(lambda: len(there.heard) == len(sent))
        assert [message for _, message in there.heard] == sent


async def test_a_channel_is_heard_until_its_last_listener_has_gone(server: RedisServer) -> None:
    async with station(server.url) as here:
        await here.bus.listen("shop")
        await here.bus.listen("shop")
        await here.bus.listen("other")

        here.bus.unlisten("shop")
        here.bus.publish(("shop",), b"one listener")
        await here.hears("shop", b"one listener")
        here.bus.unlisten("shop")
        here.bus.publish(("shop", "other"), b"none")
        await here.hears("other", b"none")

        assert ("shop", b"none") not in here.heard
        await until_subscribers(server, "shop", 0)


async def test_taking_back_what_nobody_asked_for_changes_nothing(server: RedisServer) -> None:
    async with station(server.url) as here:
        here.bus.unlisten("shop")
        await here.bus.listen("shop")

        here.bus.publish(("shop",), b"hello")

        await here.hears("shop", b"hello")


async def test_a_channel_dropped_and_wanted_again_at_once_is_heard_when_listen_returns(server: RedisServer) -> None:
    async with station(server.url) as here, station(server.url) as there:
        for turn in range(50):
            await here.bus.listen("shop")
            here.bus.unlisten("shop")
            if turn % 2:
                # Lets the bus send the one command before the next is asked for.
                await asyncio.sleep(0)
            await here.bus.listen("shop")
            there.bus.publish(("shop",), str(turn).encode())
            await here.hears("shop", str(turn).encode())
            here.bus.unlisten("shop")


async def test_a_cancelled_listen_does_not_count(server: RedisServer) -> None:
    async with station(server.url) as here:
        await here.bus.listen("other")
        task = asyncio.create_task(here.bus.listen("shop"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

        here.bus.publish(("shop", "other"), b"hello")
        await here.hears("other", b"hello")

        assert task.cancelled()
        assert ("shop", b"hello") not in here.heard
        await until_subscribers(server, "shop", 0)


async def test_a_thousand_channels(server: RedisServer) -> None:
    async with station(server.url) as here:
        names = [f"shop-{number}" for number in range(1_000)]
        async with asyncio.timeout(5):
            await asyncio.gather(*(here.bus.listen(name) for name in names))

        here.bus.publish(tuple(names), b"hello")

        await until(lambda: len(here.heard) == len(names))
        assert sorted(here.heard) == sorted((name, b"hello") for name in names)


async def test_a_listener_that_fails_does_not_silence_the_next_message(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with station(server.url) as here:
        await here.bus.listen("shop")

        here.bus.publish(("shop",), b"poison")
        here.bus.publish(("shop",), b"hello")

        await here.hears("shop", b"hello")
        assert here.bus.is_healthy
        assert "hear() failed" in caplog.text


async def test_a_killed_redis_is_noticed_and_everything_comes_back_by_itself(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with station(server.url) as here, station(server.url) as there:
        await here.bus.listen("before")

        server.kill()
        await until(lambda: not here.bus.is_healthy)
        began_at = time.monotonic()
        await here.bus.listen("during")
        there.bus.publish(("before",), b"lost")
        took_s = time.monotonic() - began_at
        await until(lambda: there.bus.dropped > 0)
        server.start()
        await until(lambda: here.bus.is_healthy and there.bus.is_healthy)

        there.bus.publish(("before", "during"), b"back")
        await here.hears("before", b"back")
        await here.hears("during", b"back")
        assert took_s < 1.5
        assert [record.message for record in caplog.records].count("Redis is heard again") == 2
        assert (here.counts.reconnects.value, here.counts.heard.value) == (1, 2)
        # It is counted once Redis has answered, which can be after it was heard.
        await until(lambda: there.counts.published.value == 1)
        assert there.counts.dropped.value == there.bus.dropped


async def test_without_redis_at_the_start_nothing_waits_and_nothing_fails(server: RedisServer) -> None:
    server.kill()
    here = Station(server.url)
    task = asyncio.create_task(here.bus.run())

    async with asyncio.timeout(1.5):
        here.bus.publish(("shop",), b"lost")
        await here.bus.listen("shop")
    assert not here.bus.is_healthy
    server.start()
    await until(lambda: here.bus.is_healthy)
    here.bus.publish(("shop",), b"hello")
    await here.hears("shop", b"hello")

    task.cancel()
    await asyncio.wait((task,), timeout=2)
    assert task.cancelled()


async def test_a_frozen_redis_is_noticed_although_it_gives_no_error(server: RedisServer) -> None:
    async with station(server.url) as here:
        await here.bus.listen("shop")

        server.freeze()
        await until(lambda: not here.bus.is_healthy)
        async with asyncio.timeout(1.5):
            await here.bus.listen("other")
            for _ in range(1_000):
                here.bus.publish(("shop",), b"lost or late")
        server.thaw()
        await until(lambda: here.bus.is_healthy)

        here.bus.publish(("shop", "other"), b"back")
        await here.hears("shop", b"back")
        await here.hears("other", b"back")


async def test_a_bus_ends_in_time_while_redis_is_frozen(server: RedisServer) -> None:
    async with station(server.url) as here:
        server.freeze()
        here.bus.publish(("shop",), b"lost")
        await until(lambda: not here.bus.is_healthy)


async def test_a_bus_ends_in_time_while_redis_cuts_it_off(server: RedisServer) -> None:
    for turns in range(30):
        async with station(server.url) as here, Redis.from_url(server.url) as client:
            here.bus.publish(("shop",), b"under way")
            await client.client_kill_filter(_type="pubsub")
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_a_subscriber_that_redis_cuts_off_comes_back(server: RedisServer) -> None:
    async with station(server.url) as here:
        await here.bus.listen("shop")

        async with Redis.from_url(server.url) as client:
            killed = await client.client_kill_filter(_type="pubsub")
        await until(lambda: not here.bus.is_healthy)
        await until(lambda: here.bus.is_healthy)

        here.bus.publish(("shop",), b"back")
        await here.hears("shop", b"back")
        assert killed == 1


async def test_connections_that_have_gone_silent_are_replaced(server: RedisServer) -> None:
    async with relay(server.port) as way, station(way.url) as here:
        await here.bus.listen("shop")

        way.swallow()
        await until(lambda: not here.bus.is_healthy)
        await until(lambda: here.bus.is_healthy)

        here.bus.publish(("shop",), b"back")
        await here.hears("shop", b"back")


async def test_a_lost_publishing_connection_costs_no_message(server: RedisServer) -> None:
    async with station(server.url) as here, Redis.from_url(server.url) as client:
        await here.bus.listen("shop")

        await client.client_kill_filter(_type="normal", skipme=True)
        here.bus.publish(("shop",), b"hello")

        await here.hears("shop", b"hello")
        assert here.bus.dropped == 0


async def test_a_full_queue_drops_the_oldest_and_says_so_once(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with station(server.url) as here:
        await here.bus.listen("shop")
        surplus = 500

        for number in range(wire.QUEUE_LENGTH + surplus):
            here.bus.publish(("shop",), str(number).encode())

        await here.hears("shop", str(wire.QUEUE_LENGTH + surplus - 1).encode())
        # What is lost while a busy machine loses the connection itself is another matter.
        numbers = [int(message) for _, message in here.heard]
        assert numbers[0] == here.bus.dropped == surplus
        assert numbers == sorted(set(numbers))
        assert caplog.text.count("the queue to Redis is full") == 1


async def test_no_task_and_no_connection_outlive_the_bus(server: RedisServer) -> None:
    before = asyncio.all_tasks()

    async with station(server.url) as here:
        await here.bus.listen("shop")

    assert asyncio.all_tasks() == before
    await until_subscribers(server, "shop", 0)
    async with Redis.from_url(server.url) as client:
        assert len(await client.client_list()) == 1


async def test_alone_in_its_process_the_bus_is_silent_and_healthy() -> None:
    bus: Bus = LocalBus()
    task = asyncio.create_task(bus.run())
    await asyncio.sleep(0)

    await bus.listen("shop")
    bus.publish(("shop",), b"hello")
    bus.unlisten("shop")

    assert bus.is_healthy
    assert not task.done()
    task.cancel()
    await asyncio.wait((task,))


def test_either_bus_can_stand_for_the_other(server: RedisServer) -> None:
    buses: list[Bus] = [LocalBus(), RedisBus(server.url, lambda _channel, _message: None)]

    assert [bus.is_healthy for bus in buses] == [True, False]
