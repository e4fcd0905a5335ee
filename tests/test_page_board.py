"""Running a shop in a real browser: the counter board, and the screen that everyone sees."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import Deafness, card, expect_live, fill, visitor
from tests.live import visiting
from tests.people import PASSWORD, People, good
from tests.servers import Server
from tests.stored import stored

pytestmark = pytest.mark.server("standing")


async def test_an_order_moves_over_the_board_with_one_tap_each_and_the_pickup_screen_follows(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register("Ada")
    owner = await visitor(browser, server.url, shop.owner)
    board = await owner.open(f"/shops/{shop.shop['slug']}/board")
    screen = await (await visitor(browser, server.url)).open(f"/shops/{shop.shop['slug']}/pickup")
    await expect_live(board)
    await expect_live(screen)

    await customer.order(shop.shop, shop.item, 2)
    await expect(card(board, "pending", 1)).to_contain_text("2\N{MULTIPLICATION SIGN}")
    await expect(card(board, "pending", 1)).to_contain_text("Ada")
    await expect(screen.locator(".numbers > li")).to_have_count(0)

    await card(board, "pending", 1).get_by_role("button", name="Start").click()
    await expect(screen.locator("#numbers-preparing > li")).to_have_text(["1"])
    await card(board, "preparing", 1).get_by_role("button", name="Ready").click()
    await expect(screen.locator("#numbers-ready > li")).to_have_text(["1"])
    await card(board, "ready", 1).get_by_role("button", name="Picked up").click()

    await expect(screen.locator(".numbers > li")).to_have_count(0)
    await expect(board.locator(".card")).to_have_count(0)
    assert "Ada" not in await screen.content()


async def test_the_oldest_order_stands_first(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    customer = await people.register()
    for _ in range(3):
        await customer.order(shop.shop, shop.item)

    board = await (await visitor(browser, server.url, shop.owner)).open(f"/shops/{shop.shop['slug']}/board")

    await expect(board.locator("#column-pending .number")).to_have_text(["1", "2", "3"])


async def test_a_board_without_orders_says_that_ordering_is_paused(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    board = await (await visitor(browser, server.url, shop.owner)).open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    await expect(board.locator("#paused")).to_be_hidden()

    good(await shop.owner.patch(shop.path, {"ordering": "paused"}))
    await expect(board.locator("#paused")).to_contain_text("Ordering is paused")

    good(await shop.owner.patch(shop.path, {"ordering": "open"}))
    await expect(board.locator("#paused")).to_be_hidden()


async def test_each_page_of_a_shop_says_which_it_is_and_the_board_and_managing_lead_to_each_other(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop("Corner Café")
    owner = await visitor(browser, server.url, shop.owner)
    at = f"/shops/{shop.shop['slug']}"

    for path, name in (("", "Menu"), ("/board", "Counter board"), ("/manage", "Manage")):
        page = await owner.open(at + path)
        await expect(page.get_by_role("heading", level=1, name="Corner Café")).to_be_visible()
        await expect(page.locator("#page-name")).to_have_text(name)
        await expect(page.locator("#page-name")).to_be_visible()

    await page.get_by_label("Account").get_by_role("link", name="Counter board").click()
    await page.wait_for_url(f"**{at}/board")
    await page.get_by_label("Account").get_by_role("link", name="Manage").click()
    await page.wait_for_url(f"**{at}/manage")


async def test_a_mis_tap_is_taken_back_even_after_pick_up(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    order = await (await people.register()).order(shop.shop, shop.item)
    await shop.owner.move(order, "ready")
    await shop.owner.move(order, "picked_up")
    board = await (await visitor(browser, server.url, shop.owner)).open(f"/shops/{shop.shop['slug']}/board")

    await board.get_by_role("button", name="Done lately").click()
    await board.locator("#done").get_by_role("button", name="Back to Ready").click()
    await card(board, "ready", 1).get_by_role("button", name="More for order 1").click()
    await board.get_by_role("dialog").get_by_role("button", name="Back to New").click()

    await expect(card(board, "pending", 1)).to_be_visible()


async def test_a_shop_says_why_it_cancels_and_the_customer_reads_it(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    board = await (await visitor(browser, server.url, shop.owner)).open(f"/shops/{shop.shop['slug']}/board")
    mine = await (await visitor(browser, server.url, customer)).open(f"/orders/{order['id']}")
    await expect_live(mine)

    await card(board, "pending", 1).get_by_role("button", name="More for order 1").click()
    await board.get_by_label("Something else").fill("The oven is broken")
    await board.get_by_role("button", name="Cancel the order").click()

    await expect(card(board, "pending", 1)).to_have_count(0)
    await expect(mine.get_by_text("The shop cancelled this order: The oven is broken")).to_be_visible()


async def test_a_move_that_someone_else_was_faster_with_is_not_made_and_says_so(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    order = await (await people.register()).order(shop.shop, shop.item)
    owner = await visitor(browser, server.url, shop.owner)
    board = await owner.page()
    deafness = Deafness()
    await board.route_web_socket("**/ws/**", deafness.listen)
    # What is done lately is read once, by HTTP: it must not be how the board hears of the other move.
    async with board.expect_response(lambda answer: "status=cancelled" in answer.url):
        await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect(card(board, "pending", 1)).to_be_visible()
    deafness.has_begun = True

    await shop.owner.move(order, "cancelled", reason="closing")
    await card(board, "pending", 1).get_by_role("button", name="Start").click()

    # One sentence is enough: that it was cancelled, and why, says also what became of the move.
    await expect(board.locator(".notice > span")).to_have_text(["Order 1 was cancelled by someone else here: closing"])
    await expect(card(board, "pending", 1)).to_have_count(0)


async def test_who_does_not_work_here_is_told_so_and_can_sign_in_as_someone_who_does(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    page = await (await visitor(browser, server.url, await people.register("Eve"))).open(
        f"/shops/{shop.shop['slug']}/board"
    )

    await expect(page.get_by_role("heading", name=re.compile("Eve, you don.t work at Corner Café"))).to_be_visible()
    await page.get_by_role("button", name="Sign in as someone else").click()
    form = page.locator("main [data-form=sign_in]")
    await fill(form, email=shop.owner.user["email"], password="wrong password")
    await form.get_by_role("button", name="Sign in").click()
    await expect(form.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    await fill(form, password=PASSWORD)
    await form.get_by_role("button", name="Sign in").click()

    await expect_live(page)


@pytest.mark.server("own")
async def test_the_light_turns_amber_then_red_when_the_server_falls_silent_and_green_when_it_is_back(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    owner = await visitor(browser, server.url, shop.owner)
    board = await owner.page()
    await board.clock.install()
    await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    light = board.locator(".light")

    os.killpg(server.pid, signal.SIGSTOP)
    try:
        await board.clock.fast_forward(13_000)
        await expect(light).to_have_attribute("data-level", "late")
        await board.clock.fast_forward(10_000)
        await expect(light).to_have_attribute("data-level", "stale")
        await expect(board.get_by_text("This page is out of date:")).to_be_visible()
    finally:
        os.killpg(server.pid, signal.SIGCONT)

    await expect_live(board)
    await expect(board.get_by_text("This page is out of date:")).not_to_be_visible()
    await customer.order(shop.shop, shop.item)
    await expect(card(board, "pending", 1)).to_be_visible()


async def test_a_board_whose_beats_are_a_minute_apart_is_live_for_a_minute(
    make_server: Callable[..., Server], browser: Browser
) -> None:
    server = make_server(BEAT_SECONDS="60")
    async with visiting(server.url) as people:
        shop = await people.shop()
    owner = await visitor(browser, server.url, shop.owner)
    board = await owner.page()
    await board.clock.install()
    await board.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(board)
    light = board.locator(".light")

    await board.clock.fast_forward(50_000)
    await expect(light).to_contain_text("5")
    await expect(light).to_have_attribute("data-level", "live")
    await board.clock.fast_forward(20_000)

    await expect(light).to_have_attribute("data-level", "late")


async def test_a_move_can_be_taken_back_for_as_long_as_the_settings_say(
    make_server: Callable[..., Server], database_url: str, browser: Browser
) -> None:
    patient, hasty = make_server(RECALL_MINUTES="600"), make_server(RECALL_MINUTES="0.001")
    async with visiting(patient.url) as people:
        shop, customer = await people.shop(), await people.register()
        order, ready = [await customer.order(shop.shop, shop.item) for _ in range(2)]
        for status in ("ready", "picked_up"):
            await shop.owner.move(order, status)
        await shop.owner.move(ready, "ready")
    await stored(database_url, "UPDATE orders SET updated_at = updated_at - interval '2 hours'")
    at = f"/shops/{shop.shop['slug']}/board"

    board = await (await visitor(browser, hasty.url, shop.owner)).open(f"{at}?side=done")
    await card(board, "ready", 2).get_by_role("button", name="More for order 2").click()
    await expect(board.get_by_role("button", name="The customer asked for it")).to_be_visible()
    await expect(board.get_by_role("button", name="Back to New")).to_have_count(0)
    await expect(board.locator("#none-done")).to_have_text("Nothing in the last 0 s.")
    board = await (await visitor(browser, patient.url, shop.owner)).open(at)
    await board.get_by_role("button", name="Done lately").click()
    await board.locator("#done").get_by_role("button", name="Back to Ready").click()

    await expect(card(board, "ready", 1)).to_be_visible()
    await expect(board.locator("#none-done")).to_have_text("Nothing in the last 10 h 0 min.")


@pytest.mark.server("own")
async def test_a_board_misses_nothing_when_the_server_dies_and_comes_back(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    board = await (await visitor(browser, server.url, shop.owner)).open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(board)

    server.kill()
    await expect(board.locator(".light")).to_have_attribute("data-level", "late")
    server.start()
    await customer.order(shop.shop, shop.item)

    await expect(card(board, "pending", 1)).to_be_visible(timeout=25_000)
    await expect_live(board)
