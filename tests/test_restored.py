"""After a restore nobody is told half of two stories: every page gets a snapshot, numbers and logouts hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from playwright.async_api import Browser, expect
from websockets.exceptions import ConnectionClosed

from orderflow import embedded, migrations
from orderflow.settings import Settings
from tests import backups, places
from tests.browsing import card, expect_live, visitor
from tests.live import Live, Socket, running
from tests.people import People, Person, Shop, good, refused
from tests.servers import Server
from tests.stored import stored

NOTICED = "not the database as it was noted"


class Screen:
    """What somebody sees who applies the frames of a channel in the order in which they come, over all reconnects."""

    def __init__(self, path: str, who: Person | None = None) -> None:
        self.path = path
        self.who = who
        self.orders: dict[Any, Any] = {}
        # The first frames of all connections.
        self.began: list[str] = []
        self.socket: Socket | None = None

    async def show(self, live: Live, seq: int = 0) -> None:
        """Show what there is, up to a beat that is at least there; as often as it is sent away, it comes back."""
        while True:
            try:
                if self.socket is None or self.socket.connection.close_code is not None:
                    await self._open(live)
                await self._follow(seq)
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code not in (1012, 1013):
                    raise
            else:
                return

    async def is_sent_away(self) -> int:
        """Wait for the close; return its code."""
        assert self.socket is not None
        return await self.socket.close_code()

    async def _open(self, live: Live) -> None:
        before = self.socket
        self.socket = await live.socket(self.path + (before.resume() if before else ""), self.who)
        if before:
            self.socket.position, self.socket.epoch = before.position, before.epoch
        first = await self.socket.frame()
        self.began.append(first["type"])
        if first["type"] == "snapshot":
            self.socket.position = first["seq"]
            self.orders = {self._key(order): order for order in first.get("orders", [])}

    async def _follow(self, seq: int) -> None:
        assert self.socket is not None
        while (frame := await self.socket.frame())["type"] != "beat" or frame["seq"] < seq:
            if frame["type"] == "order":
                self.orders[self._key(frame["order"])] = frame["order"]

    def _key(self, order: dict[str, Any]) -> Any:
        return order.get("id") or (order["day"], order["number"])


async def screens_of(live: Live, cafe: Shop, ada: Person) -> list[Screen]:
    """All four channels, open and shown."""
    path = f"/ws/shops/{cafe.shop['id']}"
    made = [Screen(path, cafe.owner), Screen(f"{path}/pickup"), Screen(f"{path}/menu"), Screen("/ws/customers/me", ada)]
    for screen in made:
        await screen.show(live)
    return made


async def assert_they_show_what_is_there(live: Live, screens: list[Screen]) -> None:
    for screen in screens:
        fresh = Screen(screen.path, screen.who)
        await fresh.show(live)
        assert fresh.socket is not None
        await screen.show(live, fresh.socket.position)
        assert screen.orders == fresh.orders, screen.path


async def test_after_a_dump_is_restored_every_page_gets_a_snapshot_and_keeps_no_wrong_order(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.database_url is not None
    async with running(settings, beat_seconds=0.2) as live:
        cafe, ada = await live.shop(), await live.register()
        kept = await ada.order(cafe.shop, cafe.item)
        backups.dump(settings.database_url, tmp_path / "backup")
        await cafe.owner.move(kept, "preparing")
        lost = await ada.order(cafe.shop, cafe.item)
        await cafe.owner.move(lost, "ready")
        screens = await screens_of(live, cafe, ada)

    backups.restore(settings.database_url, tmp_path / "backup")
    async with running(settings, beat_seconds=0.2, public_url=live.url) as live:
        for person in (cafe.owner, ada):
            person.client = live.client
        # As many changes again: by their numbers alone, the old positions would be good.
        for status in ("preparing", "ready"):
            await cafe.owner.move(await ada.order(cafe.shop, cafe.item), status)
        for screen in screens:
            await screen.show(live)

        assert [screen.began for screen in screens] == [["snapshot", "snapshot"]] * 4
        assert lost["id"] not in screens[0].orders
        assert screens[0].orders[kept["id"]]["status"] == "pending"
        await assert_they_show_what_is_there(live, screens)
    assert caplog.text.count(f"{NOTICED} (another database_oid and feeds_oid)") == 1


async def test_a_copy_that_takes_over_while_pages_are_open_sends_each_a_snapshot(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings.database_url is not None
    async with running(settings, beat_seconds=0.2) as live:
        cafe, ada = await live.shop(), await live.register()
        kept = await ada.order(cafe.shop, cafe.item)
        before = await epochs(settings)
        standby = await backups.copy(settings.database_url)
        lost = await placed(ada, cafe)
        screens = await screens_of(live, cafe, ada)

        await backups.take_over(settings.database_url, standby)
        sent_away = [await screen.is_sent_away() for screen in screens]
        # Past the old positions, perhaps before anybody has noticed.
        for _ in range(2):
            await placed(ada, cafe)
        for screen in screens:
            await screen.show(live)
        async with asyncio.timeout(5):
            while await epochs(settings) & before:
                pass

        assert sent_away == [1012] * 4
        await assert_they_show_what_is_there(live, screens)
        assert kept["id"] in screens[0].orders
        assert lost["id"] not in screens[0].orders
        assert [screen.began[-1] for screen in screens] == ["snapshot"] * 4
        # Nobody had to sign in again, and from here on the number of the lost order is not called twice.
        assert (await placed(ada, cafe))["number"] > 100
    assert caplog.text.count(NOTICED) == 1


async def epochs(settings: Settings) -> set[str]:
    assert settings.database_url is not None
    return {row["epoch"] for row in await stored(settings.database_url, "SELECT epoch FROM feeds")}


async def placed(ada: Person, cafe: Shop) -> dict[str, Any]:
    """Place an order, as soon as the server has its database back."""
    body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}
    async with asyncio.timeout(10):
        while (answer := await ada.post(f"{cafe.path}/orders", body)).status_code == 503:
            pass
    order: dict[str, Any] = good(answer, 201)
    return order


async def test_the_command_ends_all_sessions_and_positions_of_a_server_that_runs(
    settings: Settings, tmp_path: Path
) -> None:
    assert settings.database_url is not None
    async with running(settings, beat_seconds=0.2) as live:
        cafe, ada = await live.shop(), await live.register()
        lost = await live.login(ada.user["email"])
        await ada.order(cafe.shop, cafe.item)
        # As of somebody who signed in after the backup: the database does not know the session.
        await forget_session(settings, lost["access_token"])
        menu, own = Screen(f"/ws/shops/{cafe.shop['id']}/menu"), Screen("/ws/customers/me", ada)
        for screen in (menu, own):
            await screen.show(live)

        said = await asyncio.to_thread(backups.command, tmp_path, DATABASE_URL=settings.database_url)

        assert said.startswith("3 feeds have a new epoch")
        assert await menu.is_sent_away() == 1012
        assert await own.is_sent_away() in (1012, 4401)
        await menu.show(live)
        for token in (ada.token, lost["access_token"]):
            await is_refused(Person(live.client, ada.user, token))
        refused(
            await live.client.post("/v1/auth/refresh", json={"refresh_token": lost["refresh_token"]}),
            401,
            "bad_refresh_token",
        )
        ada.token = (await live.login(ada.user["email"]))["access_token"]
        await own.show(live)
        assert menu.began == own.began == ["snapshot", "snapshot"]
        assert (await ada.order(cafe.shop, cafe.item))["number"] == 101


async def forget_session(settings: Settings, token: str) -> None:
    assert settings.database_url is not None
    session = jwt.decode(token, options={"verify_signature": False})["sid"]
    await stored(settings.database_url, "DELETE FROM sessions WHERE id = $1", UUID(session))


async def is_refused(person: Person) -> None:
    """Wait until their token is no longer taken, for 5 s at most."""
    async with asyncio.timeout(5):
        while (answer := await person.get("/v1/me")).status_code == 200:
            pass
    refused(answer, 401, "unauthenticated")


async def test_a_data_directory_that_is_copied_back_is_made_right_by_the_command(settings: Settings) -> None:
    with places.reachable() as place, ExitStack() as stack:
        async with kept_in(place / "data", settings) as live:
            cafe, ada = await live.shop(), await live.register()
            await ada.order(cafe.shop, cafe.item)
        backup = stack.enter_context(places.copy(place / "data"))
        async with kept_in(place / "data", settings, live.url) as live:
            cafe.owner.client = ada.client = live.client
            lost = await ada.order(cafe.shop, cafe.item)
            screens = await screens_of(live, cafe, ada)

        backups.command(backup.parent, ORDERFLOW_DATA=str(backup))
        async with kept_in(backup, settings, live.url) as live:
            for person in (cafe.owner, ada):
                person.client = live.client
                person.token = (await live.login(person.user["email"]))["access_token"]
            number = (await ada.order(cafe.shop, cafe.item))["number"]
            for screen in screens:
                await screen.show(live)

            assert [screen.began for screen in screens] == [["snapshot", "snapshot"]] * 4
            assert lost["id"] not in screens[0].orders
            await assert_they_show_what_is_there(live, screens)
        assert (lost["number"], number) == (2, 101)


@asynccontextmanager
async def kept_in(data: Path, settings: Settings, public_url: str | None = None) -> AsyncIterator[Live]:
    """A server on the embedded database of a data directory."""
    changed = {"public_url": public_url} if public_url else {}
    with embedded.running(data) as database:
        await migrations.upgrade(database.url)
        async with running(settings, database_url=database.url, beat_seconds=0.2, **changed) as live:
            yield live


async def test_open_pages_show_what_is_there_after_a_copy_has_taken_over(
    server: Server, browser: Browser, people: People, database_url: str
) -> None:
    cafe, ada = await people.shop(), await people.register()
    kept = await ada.order(cafe.shop, cafe.item)
    customer, owner = await visitor(browser, server.url, ada), await visitor(browser, server.url, cafe.owner)
    mine, board = await customer.open(f"/orders/{kept['id']}"), await owner.open(f"/shops/{cafe.shop['slug']}/board")
    for page in (mine, board):
        await expect_live(page)
    standby = await backups.copy(database_url)
    await placed(ada, cafe)
    await cafe.owner.move(kept, "ready")
    await expect(mine.locator("#standing")).to_have_attribute("data-status", "ready", timeout=20_000)
    await expect(board.locator(".card")).to_have_count(2, timeout=20_000)

    await backups.take_over(database_url, standby)

    await expect(mine.locator("#standing")).to_have_attribute("data-status", "pending", timeout=20_000)
    await expect(board.locator(".card .number")).to_have_text(["1"], timeout=20_000)
    await expect(card(board, "pending", 1)).to_be_visible()
