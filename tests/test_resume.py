"""Coming back with a position: wherever, whenever, and whatever this process has heard by then."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orderflow.settings import Settings
from orderflow.ws import connection, hub
from tests.live import Live, Socket, running
from tests.peers import peer, small_buffers
from tests.people import Person, Shop, good
from tests.stored import stored

NEVER_S = 3600.0


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=0.3, open_orders_per_customer=0) as server:
        yield server


async def test_a_position_is_judged_by_the_database_and_not_by_what_this_process_has_heard(
    live: Live, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TICK_S", NEVER_S)
    # Without Redis, what happens at one of them never rings at the other.
    async with running(settings, public_url=live.url, beat_seconds=0.3) as deaf:
        cafe, ada = await live.shop(), await live.register()
        old = await _caught_up(deaf, cafe)
        query = old.resume()
        new = await _caught_up(live, cafe)
        orders = [await ada.order(cafe.shop, cafe.item) for _ in range(3)]
        told = [await new.event() for _ in orders]

        ahead = await deaf.socket(f"/ws/shops/{cafe.shop['id']}{new.resume()}", cafe.owner)
        assert await ahead.frame() == {"type": "resumed", "epoch": new.epoch, "seq": new.position}
        behind = await deaf.socket(f"/ws/shops/{cafe.shop['id']}{query}", cafe.owner)
        assert (await behind.frame())["type"] == "resumed"

        assert [await behind.frame() for _ in orders] == told
        assert (await ahead.beat())["seq"] == new.position
        assert [await old.event() for _ in orders] == told


async def test_a_snapshot_tells_a_process_what_it_has_not_heard(
    live: Live, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TICK_S", NEVER_S)
    async with running(settings, public_url=live.url, beat_seconds=0.3) as deaf:
        cafe, ada = await live.shop(), await live.register()
        old = await _caught_up(deaf, cafe)
        order = await ada.order(cafe.shop, cafe.item)

        new = await _caught_up(deaf, cafe)

        assert new.position == old.position + 1
        assert (await old.event())["order"] == order


async def test_clients_that_come_and_go_under_load_hear_everything_once(live: Live) -> None:
    cafe, ada = await live.shop(), await live.register()
    first = await _caught_up(live, cafe)
    start, count = first.position, 60
    chance = random.Random(7)  # noqa: S311 - makes the test repeatable

    async def flap() -> list[int]:
        heard: list[int] = []
        while len(heard) < count:
            query = f"?after={start + len(heard)}&epoch={first.epoch}"
            board = await live.socket(f"/ws/shops/{cafe.shop['id']}{query}", cafe.owner)
            assert (await board.frame())["type"] == "resumed"
            for _ in range(min(chance.randrange(12), count - len(heard))):
                heard.append((await board.event())["seq"])
            board.connection.transport.abort()
        return heard

    clients = [asyncio.create_task(flap()) for _ in range(6)]
    for _ in range(count):
        await ada.order(cafe.shop, cafe.item)

    wanted = list(range(start + 1, start + 1 + count))
    assert [await client for client in clients] == [wanted] * 6


async def test_what_memory_had_to_give_up_is_read_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "TICK_S", 0.02)
    monkeypatch.setattr(hub, "RING_BYTES", 0)
    cafe, ada = await live.shop(), await live.register()
    boards = [await _caught_up(live, cafe) for _ in range(2)]
    start = boards[0].resume()

    orders = [await ada.order(cafe.shop, cafe.item) for _ in range(20)]

    boards.append(await live.socket(f"/ws/shops/{cafe.shop['id']}{start}", cafe.owner))
    assert (await boards[-1].frame())["type"] == "resumed"
    for board in boards:
        assert [(await board.event())["order"] for _ in orders] == orders


@pytest.mark.parametrize("change", ["epoch = 'other'", "head = head - 1"])
async def test_a_numbering_that_broke_is_noticed_before_the_first_frame(
    live: Live, settings: Settings, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(hub, "TICK_S", NEVER_S)
    cafe = await live.shop()
    board = await _caught_up(live, cafe)
    assert settings.database_url is not None
    await stored(settings.database_url, f"UPDATE feeds SET {change} WHERE id = $1", cafe.shop["id"])  # noqa: S608

    for query in ("", board.resume()):
        late = await live.socket(f"/ws/shops/{cafe.shop['id']}{query}", cafe.owner)
        assert await late.close_code() == 1012


async def test_a_slow_board_begins_anew_when_its_numbering_breaks_while_it_catches_up(settings: Settings) -> None:
    async with running(settings, beat_seconds=60) as live:
        cafe = await live.shop()
        witness = await _caught_up(live, cafe)
        small_buffers(live)
        async with peer(live, f"/ws/shops/{cafe.shop['id']}/menu") as slow:
            await live.has_sockets(2)
            for number in range(150):
                await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"description": f"{number:☕>900}"})
            # So far it waited to become live again; from here on it waits with events in its hands.
            await slow.take(200_000)
            assert settings.database_url is not None
            await stored(settings.database_url, "UPDATE feeds SET epoch = 'other' WHERE id = $1", cafe.shop["id"])
            assert await witness.close_code() == 1012

            assert await slow.close_code() == 1012


async def test_a_snapshot_may_take_longer_than_events_but_not_for_ever(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_S", 0.1)
    monkeypatch.setattr(connection, "MAX_BEHIND_BYTES", 100)
    monkeypatch.setattr(connection, "FIRST_S", 2.0)
    cafe = await live.shop()
    for _ in range(40):
        await cafe.add(description="☕" * 1000)
    small_buffers(live)

    async with peer(live, f"/ws/shops/{cafe.shop['id']}/menu") as slow:
        began = asyncio.get_running_loop().time()
        await live.has_sockets(1)
        good(await cafe.owner.patch(cafe.path, {"name": "Bar"}))
        await live.has_sockets(0)

        assert asyncio.get_running_loop().time() - began > 1.5
        assert await slow.close_code() == 4408


async def _caught_up(live: Live, cafe: Shop, who: Person | None = None) -> Socket:
    board = await live.socket(f"/ws/shops/{cafe.shop['id']}", who or cafe.owner)
    snapshot: dict[str, Any] = await board.frame()
    assert snapshot["type"] == "snapshot"
    await board.beat()
    return board
