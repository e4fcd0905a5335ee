"""What a page fetches once it is live: there when the network is not, and asked for again where it was not had."""

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import card, expect_live, expect_whole, visitor
from tests.people import People
from tests.servers import Server

pytestmark = pytest.mark.server("standing")


async def test_a_board_opens_all_that_it_has_without_a_network(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await (await people.register()).order(shop.shop, shop.item)
    owner = await visitor(browser, server.url, shop.owner)
    board = await owner.open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    await expect_whole(board)

    await owner.context.set_offline(True)
    await board.keyboard.press("?")
    await expect(board.get_by_role("dialog").get_by_role("button", name="Deutsch")).to_be_visible()
    await board.keyboard.press("Escape")
    await card(board, "pending", 1).get_by_role("button", name="More for order 1").click()
    await expect(board.get_by_role("dialog").get_by_role("button", name="We are closing")).to_be_visible()
    await board.keyboard.press("Escape")
    await board.get_by_role("button", name="All day").click()
    await expect(board.locator("#all_day > li")).to_have_count(1)


async def test_what_could_not_be_fetched_is_asked_for_at_the_next_press(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await (await people.register()).order(shop.shop, shop.item)
    owner = await visitor(browser, server.url, shop.owner)
    await owner.context.route("**/board-menu.js", lambda route: route.abort())
    board = await owner.open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    more = card(board, "pending", 1).get_by_role("button", name="More for order 1")

    await more.click()
    await expect(board.locator("#notices .notice")).to_have_count(1)
    await owner.context.unroute("**/board-menu.js")
    await more.click()

    await expect(board.get_by_role("dialog").get_by_role("button", name="We are closing")).to_be_visible()
