"""What a page costs a phone: how much comes over the air, how soon it is live; and that nothing jumps meanwhile."""

from typing import Final

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import Visitor, visitor
from tests.loading import cafe, load
from tests.people import People
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

# With their headers, until the page is live; what it fetches from then on keeps nobody waiting (docs/speed.md).
MOST_BYTES: Final = 60 * 1024
# On a quiet machine they take 0.5 to 0.9 s (docs/speed.md); one that runs tests does other things as well.
LIVE_WITHIN_MS: Final = 2000
TRIES: Final = 5
# Beyond this, people see it (web.dev/cls calls 0.1 good).
MOST_SHIFT: Final = 0.02

PHONE: Final = {"width": 360, "height": 740}


async def test_a_first_view_comes_in_60_kib_and_does_not_jump(server: Server, browser: Browser, people: People) -> None:
    shop = await cafe(people)
    at = f"/shops/{shop.shop['slug']}"
    order = await shop.owner.order(shop.shop, shop.item)
    nobody = await visitor(browser, server.url, viewport=PHONE)
    customer = await visitor(browser, server.url, shop.owner, viewport=PHONE)
    owner = await visitor(browser, server.url, shop.owner)
    too_large, jumping = [], []

    async def look(who: Visitor, *paths: str) -> None:
        for path in paths:
            view = await load(who, path)
            if view.size > MOST_BYTES:
                too_large.append((path, view.size))
            if await view.page.evaluate("window.shiftedSoFar()") > MOST_SHIFT:
                jumping.append((path, await view.page.evaluate("window.shifts")))
            await view.page.close()

    await look(nobody, "/", at, f"{at}/pickup")
    await look(customer, "/", "/account", "/orders", f"/orders/{order['id']}")
    await look(owner, f"{at}/board", f"{at}/manage", f"{at}/poster")

    assert (too_large, jumping) == ([], [])


@pytest.mark.parametrize("screen", ["", "/board", "/pickup", "/manage"])
async def test_a_screen_is_live_soon_on_a_slow_device(
    server: Server, browser: Browser, people: People, screen: str
) -> None:
    shop = await cafe(people)
    owner = await visitor(browser, server.url, shop.owner)
    took = []

    # The best of some: what else the machine does can only make it slower.
    for _ in range(TRIES):
        view = await load(owner, f"/shops/{shop.shop['slug']}{screen}")
        took.append(view.live_ms)
        await view.page.close()
        if took[-1] < LIVE_WITHIN_MS:
            break

    assert min(took) < LIVE_WITHIN_MS, took


async def test_nothing_jumps_while_orders_come_and_go(server: Server, browser: Browser, people: People) -> None:
    shop = await cafe(people)
    owner = await visitor(browser, server.url, shop.owner)
    at = f"/shops/{shop.shop['slug']}"
    # A pickup screen's numbers are as large as there is room for, so each that comes moves the others.
    screens = [(await load(owner, f"{at}/board")).page]
    before = [await screen.evaluate("window.shiftedSoFar()") for screen in screens]

    customer = await people.register()
    placed = [await customer.order(shop.shop, shop.item) for _ in range(3)]
    for status in ("preparing", "ready", "picked_up"):
        await shop.owner.move(placed[-1], status)
    await shop.owner.move(placed[0], "ready")
    for screen in screens:
        await expect(screen.locator("#column-ready").get_by_text("4", exact=True)).to_be_visible()

    moved = [await screen.evaluate("window.shiftedSoFar()") - was for screen, was in zip(screens, before, strict=True)]
    assert max(moved) <= MOST_SHIFT, [await screen.evaluate("window.shifts") for screen in screens]
