"""Who may open which WebSocket. Refusals are accepted sockets closed with a code, but for a foreign page's."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orderflow.credentials import Tokens
from orderflow.settings import Settings
from tests.live import Live, running
from tests.people import Person, good
from tests.servers import SECRET

FRIEND = "https://friend.example"
NOBODY = "0193aaaa-0000-7000-8000-000000000000"


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, allowed_origins=(FRIEND,)) as server:
        yield server


async def test_the_own_page_an_allowed_page_and_no_page_at_all_may_connect(live: Live) -> None:
    cafe = await live.shop()
    menu = f"/ws/shops/{cafe.shop['slug']}/menu"

    sockets = [
        await live.socket(menu),
        await live.socket(menu, headers={"Origin": live.url}),
        await live.socket(menu, headers={"Origin": FRIEND}),
    ]
    by_another_name = await _upgrade(live, menu, Host="shop.example", Origin="https://shop.example")

    assert [(await socket.frame())["type"] for socket in sockets] == ["snapshot"] * 3
    assert b" 101 " in by_another_name.splitlines()[0]


@pytest.mark.parametrize("path", ["/ws/shops/{shop}/menu", "/ws/shops/{shop}", "/ws/elsewhere"])
async def test_a_foreign_page_is_refused_before_the_handshake_whatever_it_asks_for(live: Live, path: str) -> None:
    cafe = await live.shop()

    for origin in ("https://evil.example", "null", "", "HTTPS://FRIEND.EXAMPLE", f"{FRIEND}:443"):
        with pytest.raises(InvalidStatus) as refusal:
            await live.socket(path.format(shop=cafe.shop["slug"]), cafe.owner, headers={"Origin": origin})
        assert refusal.value.response.status_code == 403


async def test_a_handshake_with_two_origins_is_refused(live: Live) -> None:
    url = live.url.replace("http", "ws") + "/ws/elsewhere"

    with pytest.raises(InvalidStatus) as refusal:
        await connect(url, proxy=None, additional_headers=[("Origin", live.url), ("Origin", FRIEND)])

    assert refusal.value.response.status_code in {400, 403}


async def test_an_unknown_path_closes_with_4404_even_without_a_token(live: Live) -> None:
    beside = ("/ws", "/ws/", "/ws/shops", "/ws/shops/", "/ws/customers/you", "/ws/customers/me/", "/ws/shops/a/kitchen")

    for path in (*beside, "/", "/v1/shops", "/ws/shops/a/menu/", "/ws/shops/a%2Fmenu/menu", "/%00"):
        assert await (await live.socket(path)).close_code() == 4404, path


async def test_an_unknown_shop_closes_with_4404(live: Live) -> None:
    ada = await live.register()

    for shop in (NOBODY, "no-such-shop", "NO-SUCH-SHOP", "%00", "%ED%A0%80", "%F0%9F%8D%95", "a" * 3000):
        for channel in ("", "/menu", "/pickup"):
            assert await (await live.socket(f"/ws/shops/{shop}{channel}", ada)).close_code() == 4404, shop


async def test_a_token_comes_in_the_header_or_from_a_page_as_a_second_subprotocol(live: Live) -> None:
    cafe = await live.shop()
    path = f"/ws/shops/{cafe.shop['id']}"

    by_header = await live.socket(path, cafe.owner, subprotocols=None)
    by_page = await live.socket(path, subprotocols=["orderflow.v1", f"bearer.{cafe.owner.token}"])
    other_way_round = await live.socket(path, subprotocols=[f"bearer.{cafe.owner.token}", "orderflow.v1"])

    assert {(await each.frame())["type"] for each in (by_header, by_page, other_way_round)} == {"snapshot"}
    assert by_header.connection.subprotocol is None
    assert by_page.connection.subprotocol == other_way_round.connection.subprotocol == "orderflow.v1"


async def test_the_header_wins_over_the_subprotocol(live: Live) -> None:
    cafe = await live.shop()
    path = f"/ws/shops/{cafe.shop['id']}"
    good_page, bad_page = (["orderflow.v1", f"bearer.{token}"] for token in (cafe.owner.token, "rubbish"))

    right = await live.socket(path, cafe.owner, subprotocols=bad_page)
    wrong = await live.socket(path, headers={"Authorization": "Bearer rubbish"}, subprotocols=good_page)

    assert (await right.frame())["type"] == "snapshot"
    assert await wrong.close_code() == 4401


async def test_no_token_or_a_bad_one_closes_with_4401(live: Live) -> None:
    cafe = await live.shop()
    token = cafe.owner.token
    bad = (
        "Bearer",
        "Basic QTpC",
        "Bearer a.b.c",
        "Bearer \u00e9",
        token,
        f"Bearer {token} {token}",
        f"Bearer {token}x",
    )

    for path in (f"/ws/shops/{cafe.shop['id']}", "/ws/customers/me"):
        assert await (await live.socket(path)).close_code() == 4401
        assert await (await live.socket(path, subprotocols=["orderflow.v1", "bearer."])).close_code() == 4401
        for header in bad:
            assert await (await live.socket(path, headers={"Authorization": header})).close_code() == 4401, header


async def test_an_expired_token_closes_with_4401(live: Live, settings: Settings) -> None:
    ada = await live.register()
    actor = Tokens(SECRET, "HS256", live.url, 60).verify(ada.token)
    old = Tokens(SECRET, settings.algorithm, live.url, -1).issue(actor.user_id, actor.session_id)[0]

    late = await live.socket("/ws/customers/me", replace(ada, token=old))

    assert await late.close_code() == 4401


async def test_a_token_in_the_url_is_no_token(live: Live) -> None:
    ada = await live.register()

    for name in ("token", "access_token", "authorization", "bearer"):
        assert await (await live.socket(f"/ws/customers/me?{name}={ada.token}")).close_code() == 4401


async def test_strangers_do_not_see_a_shops_own_channel(live: Live) -> None:
    cafe, other = await live.shop(), await live.shop("Other")
    ada = await live.register()

    for stranger in (ada, other.owner):
        assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", stranger)).close_code() == 4403


async def test_staff_see_the_shops_own_channel_as_its_owner_does(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": ada.user["email"]}), 201)

    board = await live.socket(f"/ws/shops/{cafe.shop['slug']}", ada)

    assert (await board.frame())["shop"]["id"] == cafe.shop["id"]


async def test_a_shop_is_found_by_its_old_slugs_too(live: Live) -> None:
    cafe = await live.shop("Old Name")
    good(await cafe.owner.patch(cafe.path, {"slug": "new-name"}))

    for path in ("/ws/shops/old-name", "/ws/shops/new-name/menu", "/ws/shops/old-name/pickup"):
        snapshot = await (await live.socket(path, cafe.owner)).frame()
        assert snapshot["shop"]["slug"] == "new-name"


@pytest.mark.parametrize("channel", ["menu", "pickup"])
async def test_public_channels_do_not_look_at_tokens(live: Live, channel: str) -> None:
    cafe = await live.shop()
    ada = await live.register()
    path = f"/ws/shops/{cafe.shop['slug']}/{channel}"
    bad: dict[str, Any] = {"headers": {"Authorization": "Bearer rubbish"}}

    for options in ({}, {"who": ada}, bad, {"subprotocols": ["orderflow.v1", "bearer.rubbish"]}):
        assert (await (await live.socket(path, **options)).frame())["type"] == "snapshot"


async def test_the_checks_come_in_their_order(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()
    bad: dict[str, Any] = {"headers": {"Authorization": "Bearer rubbish"}}

    assert await (await live.socket("/ws/elsewhere", **bad)).close_code() == 4404
    assert await (await live.socket("/ws/shops/no-such-shop", **bad)).close_code() == 4401
    assert await (await live.socket("/ws/shops/no-such-shop", ada)).close_code() == 4404
    assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", **bad)).close_code() == 4401
    assert await (await live.socket(f"/ws/shops/{cafe.shop['id']}", ada)).close_code() == 4403


async def test_unknown_subprotocols_are_not_chosen(live: Live) -> None:
    cafe = await live.shop()
    url = f"{live.url.replace('http', 'ws')}/ws/shops/{cafe.shop['slug']}/menu"

    async with connect(url, proxy=None, subprotocols=None) as plain:
        assert json.loads(await plain.recv())["type"] == "snapshot"
    others = {"Sec-WebSocket-Protocol": "chat, superchat"}
    answer = await _upgrade(live, f"/ws/shops/{cafe.shop['slug']}/menu", **others)
    assert b" 101 " in answer.splitlines()[0]
    assert b"sec-websocket-protocol" not in answer.lower()


async def test_nothing_is_compressed(live: Live) -> None:
    extensions = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}

    answer = await _upgrade(live, "/ws/elsewhere", **extensions)

    assert b"sec-websocket-extensions" not in answer.lower()


async def test_a_plain_get_is_told_to_upgrade(live: Live) -> None:
    cafe = await live.shop()
    ada = await live.register()

    for path in ("/ws/customers/me", *(f"/ws/shops/{cafe.shop['id']}{end}" for end in ("", "/menu", "/pickup"))):
        for answer in (await live.client.get(path), await _get(ada, path)):
            assert answer.status_code == 426
            assert answer.headers["upgrade"] == "websocket"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_handshake_is_logged_without_its_query_and_token(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    ada = await live.register()
    caplog.set_level("DEBUG")

    assert (await (await live.socket("/ws/customers/me?after=secret", ada)).frame())["type"] == "snapshot"
    assert await (await live.socket("/ws/customers/me?after=secret")).close_code() == 4401

    said = [record.getMessage() for record in caplog.records if record.name.startswith("orderflow.ws")]
    assert [line.split()[1] for line in said] == ["opened", "closed"]
    assert not [line for line in said if "secret" in line or ada.token in line]


async def _get(who: Person, path: str) -> httpx2.Response:
    return await who.get(path)


async def _upgrade(live: Live, path: str, **headers: str) -> bytes:
    """The head of the answer to a handshake with these headers."""
    port = int(live.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    fields = {
        "Host": f"127.0.0.1:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }
    writer.write(f"GET {path} HTTP/1.1\r\n".encode())
    writer.write("".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("latin-1") + b"\r\n")
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return answer
