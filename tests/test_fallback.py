"""Under a server without our WebSocket protocol everything works as well, through ASGI alone."""

from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import InvalidStatus

from orderflow.settings import Settings
from orderflow.ws import connection, outlet
from tests.live import Live, Socket, running
from tests.peers import peer, small_buffers
from tests.people import Person, good

PLAIN = "websockets-sansio"


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, protocol=PLAIN, beat_seconds=0.3) as server:
        yield server


async def test_events_are_told_live_and_again_to_who_comes_back(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    query = board.resume()

    order = await ada.order(cafe.shop, cafe.item)
    ready = await cafe.owner.move(order, "ready")

    told = [await board.event() for _ in range(2)]
    assert [event["order"] for event in told] == [order, ready]
    back = await live.socket(f"/ws/shops/{cafe.shop['id']}{query}", cafe.owner)
    assert (await back.frame())["type"] == "resumed"
    assert [await back.event() for _ in range(2)] == told
    assert (await back.beat())["seq"] == told[-1]["seq"]


async def test_refusals_have_the_same_codes(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()

    with pytest.raises(InvalidStatus) as refusal:
        await live.socket("/ws/elsewhere", headers={"Origin": "https://evil.example"})

    assert refusal.value.response.status_code == 403
    assert await (await live.socket("/ws/elsewhere")).close_code() == 4404
    assert await (await live.socket("/ws/customers/me")).close_code() == 4401
    assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", ada)).close_code() == 4403


async def test_a_client_is_answered_and_ended_in_the_same_way(live: Live) -> None:
    ada = await live.register()
    first, second = [await _caught_up(live, "/ws/customers/me", ada) for _ in range(2)]

    await first.say({"type": "auth", "token": ada.token})
    assert (await first.event())["type"] == "auth"
    await first.say("anything else")
    assert await first.close_code() == 4400
    good(await ada.post("/v1/auth/logout"), 204)
    assert await second.close_code() == 4401


async def test_who_does_not_read_is_let_go(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_S", 0.5)
    monkeypatch.setattr(outlet, "LINGER_S", 0.5)
    cafe = await live.shop()
    item = f"{cafe.path}/items/{cafe.item['id']}"
    good(await cafe.owner.patch(item, {"description": "☕" * 1000}))
    small_buffers(live)

    async with peer(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner) as deaf:
        board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        for price in range(60):
            good(await cafe.owner.patch(item, {"price_minor": price}))
            assert (await board.event())["item"]["price_minor"] == price

        await live.has_sockets(1)
        # What it had been sent it may still read; then it is over.
        assert await deaf.close_code() == 1006


async def _caught_up(live: Live, path: str, who: Person) -> Socket:
    opened = await live.socket(path, who)
    assert (await opened.frame())["type"] == "snapshot"
    await opened.beat()
    return opened
