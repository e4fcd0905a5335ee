"""Coming back: after a cut at any byte of what one was being told, and after hours."""

import asyncio
import random
from datetime import timedelta
from typing import Any

from orderflow.settings import Settings
from tests.faults import verdict
from tests.faults.fold import Frame, Picture
from tests.faults.load import Desk
from tests.faults.proxy import before
from tests.faults.subscribers import Subscriber
from tests.live import Live, Socket, running
from tests.people import Person, Shop, good
from tests.stored import stored

# A prime, so that cuts fall on all parts of frames.
STEP = 31
# More than the handshake, `resumed`, two events and a beat have.
LAST = 3000
BEAT_S = 10.0
ORIGIN = "http://orderflow.example"
MINE = "/ws/customers/me"


async def test_a_replay_that_is_cut_after_any_byte_goes_on_where_it_was(settings: Settings) -> None:
    async with running(settings, open_orders_per_customer=0) as live, before(_port(live)) as gate:
        cafe, ada = await live.shop(), await live.register()
        desk = Desk([live.client], random.Random(1))  # noqa: S311 - has no choice here
        desk.done("item", cafe.item)
        path = f"/ws/shops/{cafe.shop['id']}"
        board = Subscriber("board", "shop", cafe.shop["id"], path, cafe.owner.token, [gate], BEAT_S)
        mine = Subscriber("mine", "customer", ada.user["id"], "/ws/customers/me", ada.token, [gate], BEAT_S)
        for size in range(1, LAST, STEP):
            order = await ada.order(cafe.shop, cafe.item)
            desk.done("order", order)
            desk.done("order", await cafe.owner.move(order, "ready"))
            for each in (board, mine):
                each.cuts.append(size)
                await _visit(each)
                await _visit(each)

        for each in (board, mine):
            each.finish()
        assert settings.database_url is not None
        found = await verdict.judge(settings.database_url, desk, [cafe], [ada], [board, mine])
        assert (found.counts.six, found.counts.notes) == ((0,) * 6, [])
        assert found.events == 1 + 2 * len(range(1, LAST, STEP))
        cut = [each.ends["1006"] + each.ends["EOFError"] + each.ends["InvalidMessage"] for each in (board, mine)]
        assert min(cut) > 60, (board.ends, mine.ends)


async def test_who_was_away_for_days_is_told_all_that_happened(settings: Settings) -> None:
    async with running(settings, public_url=ORIGIN) as live:
        cafe, ada = await live.shop(stock=50), await live.register()
        orders = [await ada.order(cafe.shop, cafe.item) for _ in range(4)]
        pages = [await _page(live, f"/ws/shops/{cafe.shop['id']}", cafe.owner), await _page(live, MINE, ada)]
        for socket, _ in pages:
            await socket.connection.close()
        # Of four orders one is finished, one waits to be picked up, and two were never begun.
        good(await cafe.owner.patch(f"/v1/orders/{orders[0]['id']}", {"status": "ready"}))
        good(await cafe.owner.patch(f"/v1/orders/{orders[0]['id']}", {"status": "picked_up"}))
        good(await cafe.owner.patch(f"/v1/orders/{orders[1]['id']}", {"status": "ready"}))
        orders.append(await ada.order(cafe.shop, cafe.item))

    await _let_days_pass(settings)

    # Another process, that remembers nothing, and closes what nobody has touched for 48 h.
    async with running(settings, public_url=ORIGIN) as live:
        await _closed(live, cafe)
        for (old, picture), (path, who) in zip(pages, _channels(cafe, ada), strict=True):
            back = await live.socket(path + old.resume(), Person(live.client, who.user, who.token))
            assert await back.frame() == {"type": "resumed", "epoch": old.epoch, "seq": old.position}
            told = [await back.frame() for _ in range(4 + 4)]
            assert [frame["seq"] for frame in told] == list(range(old.position + 1, old.position + 9))
            assert [frame["by"] for frame in told] == ["shop"] * 3 + ["customer"] + ["system"] * 4
            for frame in told:
                picture.take(frame)
            _, fresh = await _page(live, path, who)
            # What was finished more than a day ago is in no snapshot.
            shown = [order for order in picture.state()["orders"] if order["id"] != orders[0]["id"]]
            assert _timeless(shown) == _timeless(fresh.state()["orders"])


def _channels(cafe: Shop, ada: Person) -> list[tuple[str, Person]]:
    return [(f"/ws/shops/{cafe.shop['id']}", cafe.owner), (MINE, ada)]


async def _visit(subscriber: Subscriber) -> None:
    """One connection, until it is cut or has caught up."""
    visit = asyncio.create_task(subscriber.visit())
    async with asyncio.timeout(10):
        while not visit.done() and not subscriber.is_live:
            await asyncio.sleep(0.001)
    visit.cancel()
    await asyncio.wait([visit])


async def _page(live: Live, path: str, who: Person) -> tuple[Socket, Picture]:
    """A socket that has just begun, and what its page shows."""
    socket = await live.socket(path, who)
    picture = Picture("customer" if path == MINE else "shop")
    picture.begin(await socket.frame())
    await socket.beat()
    return socket, picture


async def _let_days_pass(settings: Settings) -> None:
    assert settings.database_url is not None
    orders = """UPDATE orders SET placed_at = placed_at - $1::interval, updated_at = updated_at - $1::interval,
        ready_at = ready_at - $1::interval, picked_up_at = picked_up_at - $1::interval"""
    for statement in (orders, "UPDATE events SET at = at - $1::interval"):
        await stored(settings.database_url, statement, timedelta(hours=50))


async def _closed(live: Live, cafe: Shop) -> None:
    """Wait until the system has closed all orders."""
    staff = Person(live.client, cafe.owner.user, cafe.owner.token)
    async with asyncio.timeout(10):
        while good(await staff.get(f"{cafe.path}/orders?status=active"))["data"]:
            await asyncio.sleep(0.02)


def _timeless(orders: list[Frame]) -> list[dict[str, Any]]:
    """What does not change when stored times are moved."""
    return [{name: value for name, value in order.items() if not name.endswith("_at")} for order in orders]


def _port(live: Live) -> int:
    return int(live.url.rpartition(":")[2])
