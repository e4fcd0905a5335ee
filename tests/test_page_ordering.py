"""Ordering in a real browser: from the menu to one order, whatever the network and the fingers do."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browsing import fill, lose_answers, visitor
from tests.ordering import ORDERED, menu, placed
from tests.people import PASSWORD, People, new_email
from tests.servers import Server

pytestmark = pytest.mark.server("standing")


async def test_a_basket_outlives_a_reload_and_signing_up_and_becomes_one_order(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    guest = await visitor(browser, server.url)
    page = await menu(guest, shop)

    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("One more Flat white").click()
    await page.get_by_label("Note for Flat white").fill("oat milk")
    await page.reload()
    await page.get_by_role("button", name="Order for €7.00").click()
    await page.get_by_role("button", name="New here").click()
    form = page.locator("[data-form=register]")
    await fill(form, name="Ada", email=new_email(), password=PASSWORD)
    await form.get_by_role("button", name="Make an account").click()

    await page.wait_for_url(ORDERED)
    await expect(page.locator("#number")).to_have_text("1")
    await expect(page.get_by_text("oat milk")).to_be_visible()
    [order] = await placed(shop)
    assert (order["total_minor"], order["status"]) == (700, "pending")


async def test_a_note_for_one_of_two_makes_two_lines(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    page = await menu(await visitor(browser, server.url, await people.register()), shop)
    lines, only_one = page.locator("#basket-lines > li"), page.get_by_role("button", name="Only for one of them")
    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("One more Flat white").click()
    await expect(only_one).to_be_hidden()

    await page.get_by_label("Note for Flat white").fill("oat milk")
    await only_one.click()
    await expect(lines.locator(".pieces")).to_have_text(["1", "1"])
    await page.locator("#menu").get_by_label("One more Flat white").click()
    await expect(lines.locator(".pieces")).to_have_text(["1", "2"])
    await page.reload()
    await expect(lines.first.get_by_label("Note for Flat white")).to_have_value("oat milk")
    await page.get_by_role("button", name="Order for €10.50").click()

    await page.wait_for_url(ORDERED)
    [order] = await placed(shop)
    assert [(line["quantity"], line["note"]) for line in order["lines"]] == [(1, "oat milk"), (2, None)]


async def test_who_orders_is_told_to_pay_at_the_counter_while_there_is_something_to_pay(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    water = await shop.add("Tap water", price_minor=0)
    customer = await people.register()
    free = await customer.order(shop.shop, water)
    buyer = await visitor(browser, server.url, customer)
    page = await menu(buyer, shop)

    await page.get_by_label("Add Tap water").click()
    await expect(page.locator("#pay")).to_be_hidden()
    await page.get_by_label("Add Flat white").click()
    await expect(page.locator("#pay")).to_have_text("You pay at the counter.")
    await page.locator("#order").click()
    await page.wait_for_url(ORDERED)

    await expect(page.locator("#pay")).to_have_text("You pay at the counter.")
    [order, _] = await placed(shop)
    for status in ("ready", "picked_up"):
        await shop.owner.move(order, status)
    await expect(page.get_by_text("Picked up. Enjoy!")).to_be_visible()
    await expect(page.locator("#pay")).to_be_hidden()
    page = await buyer.open(f"/orders/{free['id']}")
    await expect(page.get_by_text("The shop has your order.")).to_be_visible()
    await expect(page.locator("#pay")).to_be_hidden()


async def test_a_double_tap_and_a_lost_answer_make_one_order(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await menu(buyer, shop)
    lost = await lose_answers(page, re.compile(r"/v1/shops/[^/]+/orders$"))
    await page.get_by_label("Add Flat white").click()
    await page.locator("#order").dblclick()

    await page.wait_for_url(ORDERED)
    assert len(lost) == 1
    assert len(await placed(shop)) == 1


async def test_an_order_without_an_answer_is_asked_for_again_after_a_reload_and_is_still_one(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await menu(buyer, shop)

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/v1/shops/*/orders", lose)
    await page.get_by_label("Add Flat white").click()
    await page.locator("#order").click()
    await expect(page.get_by_text("It may have been placed")).to_be_visible()
    await expect(page.get_by_label("One more Flat white")).to_be_disabled()
    await page.unroute("**/v1/shops/*/orders")
    await page.reload()
    await page.get_by_role("button", name="Ask again").click()

    await page.wait_for_url(ORDERED)
    assert len(await placed(shop)) == 1


async def test_an_order_sent_into_a_dead_network_is_asked_for_again_by_itself_and_is_one(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await menu(buyer, shop)
    await page.get_by_label("Add Flat white").click()

    await buyer.context.set_offline(True)
    await page.locator("#order").click()
    await expect(page.get_by_text("it asks again by itself")).to_be_visible()
    await expect(page.get_by_label("One more Flat white")).to_be_disabled()
    await buyer.context.set_offline(False)

    await page.wait_for_url(ORDERED)
    assert len(await placed(shop)) == 1


async def test_a_basket_sent_from_two_tabs_is_one_order_and_both_are_empty_afterwards(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    first, second = await menu(buyer, shop), await menu(buyer, shop)
    await first.get_by_label("Add Flat white").click()
    await expect(second.get_by_role("button", name="Order for €3.50")).to_be_enabled()

    submit = "document.querySelector('#order-form').requestSubmit()"
    await asyncio.gather(*(page.evaluate(submit) for page in (first, second)))

    for page in (first, second):
        await expect(page.locator("#number").or_(page.locator("#basket-empty")).first).to_be_visible()
    assert len(await placed(shop)) == 1


async def test_who_goes_back_after_ordering_finds_a_live_menu_and_an_empty_basket(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await menu(buyer, shop)
    await page.get_by_label("Add Flat white").click()
    await page.locator("#order").click()
    await page.wait_for_url(ORDERED)

    await page.go_back()
    await expect(page.get_by_text("Nothing in it yet.")).to_be_visible()
    await shop.add("Soup", price_minor=500)
    await page.get_by_label("Add Soup").click()
    await page.get_by_role("button", name="Order for €5.00").click()

    await page.wait_for_url(ORDERED)
    await expect(page.locator("#number")).to_have_text("2")


async def test_who_was_signed_out_elsewhere_signs_in_again_and_the_order_goes_on(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    buyer = await visitor(browser, server.url, customer)
    page = await menu(buyer, shop)
    await page.get_by_label("Add Flat white").click()
    await buyer.context.clear_cookies()
    refused: list[str] = []

    async def refuse_once(route: Route) -> None:
        if refused:
            await route.continue_()
            return
        refused.append(route.request.url)
        problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "token_expired"}
        await route.fulfill(status=401, content_type="application/problem+json", json=problem)

    await page.route("**/v1/shops/*/orders", refuse_once)

    await page.locator("#order").click()
    await page.locator("dialog [data-tab=sign_in]").click()
    form = page.locator("[data-form=sign_in]")
    await fill(form, email=customer.user["email"], password=PASSWORD)
    await form.get_by_role("button", name="Sign in").click()

    await page.wait_for_url(ORDERED)
    assert len(await placed(shop)) == 1


async def test_who_has_only_a_keyboard_orders_watches_and_cancels(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    page = await menu(await visitor(browser, server.url), shop)

    await _press_at(page, "Add Flat white", "Enter")
    await _press_at(page, "One more Flat white", "Enter")
    await _press_at(page, "Note for Flat white", "o", "k")
    await _press_at(page, "Order for €7.00", "Enter")
    await expect(page.get_by_label("Your name")).to_be_focused()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Tab")
    await page.keyboard.type(new_email())
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")

    await page.wait_for_url(ORDERED)
    await expect(page.get_by_text("ok", exact=True)).to_be_visible()
    await _press_at(page, "Cancel this order", "Enter")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You cancelled this order.")).to_be_visible()
    await _press_at(page, "Order again", "Enter")
    await expect(page.get_by_role("button", name="Order for €7.00")).to_be_visible()


async def _press_at(page: Page, name: str, *keys: str) -> None:
    """Go on with Tab until the focus is at something of that name, and press the keys there."""
    wanted = page.get_by_role("button", name=name).or_(page.get_by_role("textbox", name=name)).first
    await expect(wanted).to_be_visible()
    for _ in range(40):
        if await wanted.evaluate("(element) => element === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await expect(wanted).to_be_focused()
    for key in keys:
        await page.keyboard.press(key)
