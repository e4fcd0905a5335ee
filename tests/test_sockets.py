"""What ends a WebSocket from the server's side, and what a client may say on one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from orderflow.settings import Settings
from orderflow.ws import connection, hub
from orderflow.ws import protocol as ws_protocol
from tests.live import Live, Socket, running, visiting
from tests.peers import BINARY, CLOSE, PING, TEXT, frame, peer, small_buffers
from tests.people import Person, Shop, good
from tests.servers import Server
from tests.stored import away, stored


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=0.3) as server:
        yield server


async def test_a_new_token_is_answered_with_when_it_expires(live: Live) -> None:
    ada = await live.register()
    mine = await _caught_up(live, "/ws/customers/me", ada)
    again = await live.login(ada.user["email"])

    await mine.say({"type": "auth", "token": again["access_token"]})
    answer = await mine.event()

    assert set(answer) == {"type", "expires_at"}
    assert answer["type"] == "auth"
    assert answer["expires_at"].endswith("Z")


async def test_a_token_that_is_bad_or_another_users_closes_with_4401(live: Live) -> None:
    ada, eve = await live.register(), await live.register("Eve")

    for token in (eve.token, "rubbish", ada.token + "x"):
        mine = await _caught_up(live, "/ws/customers/me", ada)
        await mine.say({"type": "auth", "token": token})
        assert await mine.close_code() == 4401, token


async def test_anything_but_a_token_closes_with_4400(live: Live) -> None:
    ada = await live.register()
    others: tuple[Any, ...] = (
        {"type": "subscribe"},
        {"type": "auth"},
        {"type": "auth", "token": 5},
        {"type": "auth", "token": ada.token, "more": 1},
        [],
        "",
        "nonsense",
        "[" * 2000,
        '{"type": "auth", "token": "\\ud800"}',
        b"binary",
    )

    for message in others:
        mine = await live.socket("/ws/customers/me", ada)
        await mine.say(message)
        assert await mine.close_code() == 4400, message


async def test_bytes_that_are_no_text_close_with_4400(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    ada = await live.register()

    async with peer(live, "/ws/customers/me", ada) as client:
        await client.send(TEXT, b"\xff")
        assert await client.close_code() == 4400

    assert _errors(caplog) == []


async def test_anything_at_all_on_a_public_channel_closes_with_4400(live: Live) -> None:
    cafe = await live.shop()

    for channel in ("menu", "pickup"):
        for message in ({"type": "auth", "token": cafe.owner.token}, "hello", b"hello"):
            screen = await live.socket(f"/ws/shops/{cafe.shop['slug']}/{channel}")
            await screen.say(message)
            assert await screen.close_code() == 4400, message


async def test_a_message_over_4_kib_closes_with_1009(live: Live) -> None:
    ada = await live.register()

    mine = [await live.socket("/ws/customers/me", ada) for _ in range(2)]
    await mine[0].say("x" * 4096)
    await mine[1].say("x" * 4097)

    assert [await each.close_code() for each in mine] == [4400, 1009]


async def test_more_than_20_messages_and_pings_a_second_close_with_4429(live: Live) -> None:
    ada = await live.register()
    auth = frame(TEXT, b'{"type":"auth","token":"' + ada.token.encode() + b'"}')

    for few, many in ((frame(PING) * 19, frame(PING) * 25), (auth * 19, auth * 25), (auth * 9 + frame(PING) * 10,) * 2):
        async with peer(live, "/ws/customers/me", ada) as client:
            await client.send_raw(few)
            await client.send_raw(many)
            assert await client.close_code() == 4429


async def test_a_close_among_too_many_messages_leaves_no_complaint(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await live.register()
    farewell = frame(CLOSE, b"\x03\xe8")

    for noise in (frame(PING) * 40, frame(TEXT, b"x") * 40, frame(TEXT, b"x"), frame(TEXT, b"\xff"), frame(BINARY)):
        async with peer(live, "/ws/customers/me", ada) as client:
            await client.send_raw(noise + farewell)
            await client.frames()

    assert _errors(caplog) == []


async def test_twenty_messages_at_once_are_fine(live: Live) -> None:
    ada = await live.register()
    mine = await _caught_up(live, "/ws/customers/me", ada)

    for _ in range(20):
        await mine.say({"type": "auth", "token": ada.token})

    assert {(await mine.event())["type"] for _ in range(20)} == {"auth"}


async def test_a_flood_of_pings_is_not_answered_with_a_flood_of_pongs(live: Live) -> None:
    ada = await live.register()

    async with peer(live, "/ws/customers/me", ada) as client:
        await client.send_raw(frame(PING) * 2000)
        frames = await client.frames()

    assert len([opcode for opcode, _ in frames if opcode == 10]) <= 21


async def test_logout_ends_the_sockets_of_the_session_and_no_others(live: Live) -> None:
    ada = await live.register()
    elsewhere = replace(ada, token=(await live.login(ada.user["email"]))["access_token"])
    mine = [await _caught_up(live, "/ws/customers/me", ada) for _ in range(2)]
    other = await _caught_up(live, "/ws/customers/me", elsewhere)

    good(await ada.post("/v1/auth/logout"), 204)

    async with asyncio.timeout(5):
        assert [await each.close_code() for each in mine] == [4401, 4401]
    await other.beat()


async def test_a_socket_ends_when_its_token_expires_unless_it_got_a_new_one(settings: Settings) -> None:
    async with running(settings, access_token_expire_minutes=2.5 / 60, beat_seconds=0.25) as live:
        ada = await live.register()
        mine, renewed = [await _caught_up(live, "/ws/customers/me", ada) for _ in range(2)]
        for _ in range(5):
            await renewed.beat()
        later = (await live.login(ada.user["email"]))["access_token"]
        await renewed.say({"type": "auth", "token": later})
        assert (await renewed.event())["type"] == "auth"

        async with asyncio.timeout(3):
            assert await mine.close_code() == 4401
        await renewed.beat()
        async with asyncio.timeout(4):
            assert await renewed.close_code() == 4401


async def test_who_is_no_longer_staff_is_shown_nothing_more(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": ada.user["email"]}), 201)
    hers = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", ada)
    owners = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    public = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/menu", ada)

    good(await cafe.owner.delete(f"{cafe.path}/staff/{ada.user['id']}"), 204)

    async with asyncio.timeout(5):
        assert await hers.close_code() == 4403
    await owners.beat()
    await public.beat()


async def test_a_server_that_ends_says_so(server: Server) -> None:
    async with visiting(server.url) as live:
        cafe = await live.shop()
        board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        menu = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}/menu")

        ended = asyncio.create_task(asyncio.to_thread(server.stop))

        assert [await each.close_code() for each in (board, menu)] == [1012, 1012]
        assert await ended == 0
    assert "ERROR" not in server.log()
    assert "Traceback" not in server.log()


async def test_who_does_not_read_is_closed_and_the_others_hear_everything(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_S", 1.0)
    cafe = await _long_menu(live)
    path = f"/ws/shops/{cafe.shop['id']}"
    board = await _caught_up(live, path, cafe.owner)
    small_buffers(live)

    async with peer(live, path, cafe.owner) as client:
        prices = list(range(1, 61))
        for price in prices:
            await _reprice(cafe, price)

        assert [(await board.event())["item"]["price_minor"] for _ in prices] == prices
        await live.has_sockets(1)
        assert await client.close_code() == 4408
    await board.beat()


async def test_who_is_more_than_1_mib_behind_is_closed_before_10_s_are_over(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_BYTES", 64 * 1024)
    cafe = await _long_menu(live)
    small_buffers(live)

    async with peer(live, f"/ws/shops/{cafe.shop['id']}/menu") as client:
        for price in range(1, 91):
            await _reprice(cafe, price)

        async with asyncio.timeout(6):
            await live.has_sockets(0)
        assert await client.close_code() == 4408


async def test_a_socket_that_keeps_up_stays_open_between_beats_that_are_far_apart(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_S", 0.5)
    async with running(settings, beat_seconds=60) as live:
        cafe = await live.shop()
        board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        good(await cafe.owner.patch(cafe.path, {"name": "Bar"}))
        assert (await board.event())["shop"]["name"] == "Bar"

        with pytest.raises(TimeoutError):
            await board.frame(patience_s=3)


@pytest.mark.parametrize("farewell", ["none", "close frame", "half-close"])
async def test_a_peer_that_never_reads_is_cut_off(live: Live, monkeypatch: pytest.MonkeyPatch, farewell: str) -> None:
    monkeypatch.setattr(connection, "MAX_BEHIND_S", 1.0 if farewell == "none" else 60.0)
    monkeypatch.setattr(ws_protocol, "LINGER_S", 0.2)
    cafe = await _long_menu(live)
    small_buffers(live)

    async with peer(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner) as client:
        for price in range(1, 61):
            await _reprice(cafe, price)
        if farewell == "close frame":
            await client.send(CLOSE, b"\x03\xe8")
        elif farewell == "half-close":
            client.end_sending()

        await live.has_sockets(0)
        await _until_connections(live, 1)


async def test_a_peer_that_answers_no_ping_is_let_go(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ws_protocol, "LINGER_S", 0.2)
    ada = await live.register()
    assert live.server is not None
    live.server.config.ws_ping_interval = live.server.config.ws_ping_timeout = 0.2

    async with peer(live, "/ws/customers/me", ada) as client:
        await live.has_sockets(0)
        assert await client.close_code() == 1011


async def test_who_stalls_after_asking_for_a_socket_is_found_out_soon_unless_a_long_snapshot_is_on_its_way(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws_protocol, "FIRST_PING_S", 0.2)
    monkeypatch.setattr(ws_protocol, "PROMPT_BYTES", 2000)
    cafe, ada = await _long_menu(live), await live.register()
    assert live.server is not None
    live.server.config.ws_ping_interval, live.server.config.ws_ping_timeout = 60, 0.2

    async with peer(live, f"/ws/shops/{cafe.shop['id']}/menu"), peer(live, "/ws/customers/me", ada) as client:
        assert await client.close_code() == 1011
        await live.has_sockets(1)


async def test_clients_that_come_and_go_leave_no_complaint(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    cafe = await live.shop()
    path = f"/ws/shops/{cafe.shop['id']}"

    for _ in range(5):
        await (await live.socket(path, cafe.owner)).connection.close()
        await (await _caught_up(live, path, cafe.owner)).connection.close(1001, "going")
        (await live.socket(path, cafe.owner)).connection.transport.abort()
        async with peer(live, path, cafe.owner) as client:
            client.reset()
        async with peer(live, path, cafe.owner) as client:
            client.end_sending()
        async with peer(live, path, cafe.owner) as client:
            await client.send_raw(frame(CLOSE, b"\x03\xe8") + frame(PING) + frame(BINARY, b"late"))
    await live.has_sockets(0)
    await _until_connections(live, 1)

    assert _errors(caplog) == []


async def test_ends_from_both_sides_at_once_leave_nothing_behind(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        ada = await live.register()
        mine = [await live.socket("/ws/customers/me", ada) for _ in range(12)]
        leaving = asyncio.create_task(ada.post("/v1/auth/logout"))
        for number, each in enumerate(mine):
            await (each.say("x" * 5000 * (number % 2)) if number % 3 else each.connection.close())
        good(await leaving, 204)
    await live.has_sockets(0)

    assert [task for task in asyncio.all_tasks() if task.get_name() == "listen to a client"] == []
    assert _errors(caplog) == []


async def test_without_a_database_nobody_is_let_in_and_no_beat_goes_out(
    live: Live, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TICK_S", 0.1)
    monkeypatch.setattr(connection, "CONFIRMED_S", 0.5)
    cafe = await live.shop()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    assert settings.database_url is not None

    async with away(settings.database_url):
        async with asyncio.timeout(10):
            with contextlib.suppress(TimeoutError):
                while await board.frame(patience_s=1.5):
                    pass
        late = await live.socket(f"/ws/shops/{cafe.shop['id']}", cafe.owner)
        assert await late.close_code() == 1013

    await board.beat()
    good(await cafe.owner.patch(cafe.path, {"name": "Bar"}))
    assert (await board.event())["shop"]["name"] == "Bar"


@pytest.mark.parametrize("change", ["epoch = 'another'", "head = head - 1"])
async def test_a_numbering_that_broke_ends_the_sockets_and_positions_are_worthless(
    live: Live, settings: Settings, change: str
) -> None:
    cafe = await live.shop()
    board = await _caught_up(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner)
    assert settings.database_url is not None

    await stored(settings.database_url, f"UPDATE feeds SET {change} WHERE id = $1 RETURNING 1", cafe.shop["id"])  # noqa: S608

    assert await board.close_code() == 1012
    back = await live.socket(f"/ws/shops/{cafe.shop['id']}{board.resume()}", cafe.owner)
    assert (await back.frame())["type"] == "snapshot"
    await back.beat()


async def _caught_up(live: Live, path: str, who: Person | None = None) -> Socket:
    opened = await live.socket(path, who)
    assert (await opened.frame())["type"] == "snapshot"
    await opened.beat()
    return opened


async def _long_menu(live: Live) -> Shop:
    """A shop whose item events are about 4 KB each."""
    cafe = await live.shop()
    item = f"{cafe.path}/items/{cafe.item['id']}"
    good(await cafe.owner.patch(item, {"description": "☕" * 1000}))
    return cafe


async def _reprice(cafe: Shop, price_minor: int) -> None:
    good(await cafe.owner.patch(f"{cafe.path}/items/{cafe.item['id']}", {"price_minor": price_minor}))


async def _until_connections(live: Live, count: int) -> None:
    """Wait until the server has so many connections, HTTP's included."""
    assert live.server is not None
    async with asyncio.timeout(15):
        while len(live.server.server_state.connections) != count:
            await live.client.get("/healthz")


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
