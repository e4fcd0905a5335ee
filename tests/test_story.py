"""The story of the whole: somebody orders, the shop makes it ready, and all who wait for it see it happen."""

import asyncio
from collections.abc import Callable

from playwright.async_api import Browser, expect

from tests.browsing import card, expect_live, visitor
from tests.live import visiting
from tests.people import good
from tests.resend_server import ResendServer
from tests.servers import Server


async def test_a_customer_orders_the_shop_makes_it_ready_and_everybody_sees_it(
    make_server: Callable[..., Server], resend: ResendServer, browser: Browser
) -> None:
    server = make_server(READY_EMAIL_HOLD_SECONDS="0", **resend.settings)
    async with visiting(server.url) as live:
        cafe = await live.shop("Corner Café")
        ada = await live.register("Ada")
        shops_browser = await visitor(browser, server.url, cafe.owner)
        adas_browser = await visitor(browser, server.url, ada)
        board = await shops_browser.open("/shops/corner-cafe/board")
        pickup_screen = await shops_browser.open("/shops/corner-cafe/pickup")
        program = await live.socket("/ws/shops/corner-cafe", cafe.owner)
        assert (await program.frame())["orders"] == []
        await expect_live(board)
        await expect_live(pickup_screen)

        order = await ada.order(cafe.shop, cafe.item, quantity=2, note="oat milk, please")
        adas_page = await adas_browser.open(f"/orders/{order['id']}")

        assert (order["number"], order["status"], order["total_minor"]) == (1, "pending", 700)
        await expect(card(board, "pending", 1)).to_contain_text("Flat white")
        await expect(card(board, "pending", 1)).to_contain_text("oat milk, please")
        await expect(adas_page.locator("#number")).to_have_text("1")
        await expect_live(adas_page)

        await card(board, "pending", 1).get_by_role("button", name="Start").click()
        await expect(pickup_screen.locator("#numbers-preparing > li")).to_have_text(["1"])
        await card(board, "preparing", 1).get_by_role("button", name="Ready").click()

        await expect(card(board, "ready", 1)).to_be_visible()
        await expect(pickup_screen.locator("#numbers-ready > li")).to_have_text(["1"])
        await expect(adas_page.locator("#word")).to_have_text("Come and get it!")
        await asyncio.to_thread(resend.until, lambda: len(resend.accepted) == 1)
        (letter,) = resend.letters
        assert letter["to"] == [ada.user["email"]]
        assert f"/orders/{order['id']}" in letter["text"]
        told = [await program.event() for _ in range(3)]
        assert [event["order"]["status"] for event in told] == ["pending", "preparing", "ready"]
        assert told[-1]["order"] == good(await ada.get(f"/v1/orders/{order['id']}"))
        history = good(await ada.get(f"/v1/orders/{order['id']}/events"))["data"]
        assert [(event["to"], event["by"]) for event in history] == [
            ("pending", "customer"),
            ("preparing", "shop"),
            ("ready", "shop"),
        ]
        assert shops_browser.complaints == adas_browser.complaints == []
