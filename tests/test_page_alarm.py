"""A counter board that is heard: new orders, cancelled ones, a lost connection; and a screen that stays on."""

import os
import signal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsing import card, expect_live, visitor
from tests.listening import hear, is_quiet, listen
from tests.people import People, Shop
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

# All locks on the screen that the page has asked for.
_LOCKS = """
    window.locks = [];
    const request = WakeLock.prototype.request;
    WakeLock.prototype.request = async function (kind) {
        const lock = await request.call(this, kind);
        window.locks.push(lock);
        return lock;
    };
"""
# What a browser does when its page is no longer looked at, and when it is again.
_LOOK_AWAY = """async () => {
    await window.locks.at(-1).release();
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
_LOOK_AGAIN = """() => {
    delete document.visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
}"""


async def open_board(server: Server, browser: Browser, shop: Shop) -> Page:
    """The board of a shop, whose sound can be heard."""
    board = await (await visitor(browser, server.url, shop.owner)).page()
    await listen(board)
    await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    return board


async def touch(board: Page) -> None:
    """Touch the board where there is nothing to press."""
    await board.locator("#title").click()


async def test_a_new_order_sounds_until_somebody_touches_the_board_and_a_cancelled_one_is_heard_and_read(
    server: Server, browser: Browser, people: People
) -> None:
    shop, customer = await people.shop(), await people.register("Ada")
    board = await open_board(server, browser, shop)

    await board.get_by_role("button", name="Tap to enable sound").click()
    await hear(board)
    await expect(board.get_by_role("button", name="Sound is on")).to_be_visible()

    order = await customer.order(shop.shop, shop.item)
    await expect(board.get_by_text("Touch anywhere to stop the sound")).to_be_visible()
    await hear(board)
    assert not await is_quiet(board), "it comes again"
    await touch(board)
    await expect(board.get_by_text("Touch anywhere to stop the sound")).not_to_be_visible()
    assert await is_quiet(board)

    await customer.move(order, "cancelled", reason="No time")
    await hear(board)
    await expect(board.get_by_text("Order 1 was cancelled by the customer: No time")).to_be_visible()
    assert await is_quiet(board), "it comes once"


async def test_a_new_order_that_another_board_has_begun_sounds_no_longer(
    server: Server, browser: Browser, people: People
) -> None:
    shop, customer = await people.shop(), await people.register()
    board = await open_board(server, browser, shop)
    await touch(board)
    order = await customer.order(shop.shop, shop.item)
    await expect(board.locator("body")).to_have_attribute("data-ringing", "placed")

    await shop.owner.move(order, "preparing")

    await expect(board.locator("body")).to_have_attribute("data-ringing", "")


async def test_who_cancels_an_order_at_this_board_is_not_told_of_it(
    server: Server, browser: Browser, people: People
) -> None:
    shop, customer = await people.shop(), await people.register()
    other = await customer.order(shop.shop, shop.item)
    await customer.order(shop.shop, shop.item)
    board = await open_board(server, browser, shop)

    await card(board, "pending", 2).get_by_role("button", name="More for order 2").click()
    await board.get_by_label("Something else").fill("The oven is broken")
    await board.get_by_role("button", name="Cancel the order").click()
    await expect(card(board, "pending", 2)).to_have_count(0)
    await shop.owner.move(other, "cancelled", reason="closing")

    await expect(board.get_by_text("Order 1 was cancelled by someone else here: closing")).to_be_visible()
    await expect(board.get_by_text("Order 2 was cancelled")).to_have_count(0)


async def test_a_board_that_was_muted_stays_silent_on_this_device_until_its_sound_is_turned_on(
    server: Server, browser: Browser, people: People
) -> None:
    shop, customer = await people.shop(), await people.register()
    board = await open_board(server, browser, shop)
    await touch(board)
    await board.get_by_role("button", name="Sound is on").click()

    await board.reload()
    await expect_live(board)
    await touch(board)
    await customer.order(shop.shop, shop.item)
    await expect(card(board, "pending", 1)).to_be_visible()
    await expect(board.get_by_text("Touch anywhere to stop the sound")).not_to_be_visible()
    await expect(board.get_by_role("button", name="Tap to enable sound")).to_have_count(0)

    await board.get_by_role("button", name="Sound is off").click()
    await hear(board)
    await customer.order(shop.shop, shop.item)
    await expect(board.get_by_text("Touch anywhere to stop the sound")).to_be_visible()


@pytest.mark.server("own")
async def test_a_board_that_is_no_longer_live_is_red_and_sounds_until_it_is_touched(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    board = await (await visitor(browser, server.url, shop.owner)).page()
    await listen(board)
    await board.clock.install()
    await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    await expect(board.locator(".light")).to_contain_text("checked")
    await touch(board)

    os.killpg(server.pid, signal.SIGSTOP)
    try:
        await board.clock.fast_forward(13_000)
        await expect(board.locator(".light")).to_have_attribute("data-level", "late")
        await expect(board.locator("body")).not_to_have_attribute("data-ringing", "lost")
        await board.clock.fast_forward(10_000)
        await expect(board.locator(".light")).to_have_attribute("data-level", "stale")
        await expect(board.get_by_text("Check the network of this device")).to_be_visible()
        await hear(board)
        await touch(board)
        await expect(board.locator("body")).to_have_attribute("data-ringing", "")
    finally:
        os.killpg(server.pid, signal.SIGCONT)
    await expect_live(board)


async def test_the_screen_stays_on_while_the_board_is_looked_at_and_fills_the_whole_of_it(
    server: Server, whole_browser: Browser, people: People
) -> None:
    shop = await people.shop()
    board = await (await visitor(whole_browser, server.url, shop.owner)).page()
    await board.add_init_script(_LOCKS)
    await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    await board.wait_for_function("() => window.locks.length === 1 && !window.locks[0].released")

    await board.evaluate(_LOOK_AWAY)
    assert await board.evaluate("() => window.locks.length") == 1
    await board.evaluate(_LOOK_AGAIN)
    await board.wait_for_function("() => window.locks.length === 2 && !window.locks[1].released")

    await board.get_by_role("button", name="Full screen").click()
    await board.wait_for_function("() => document.fullscreenElement !== null")
    await board.get_by_role("button", name="Full screen", pressed=True).click()
    await board.wait_for_function("() => document.fullscreenElement === null")
