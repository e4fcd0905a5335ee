"""Ordering in a real browser: the menu, the basket, signing in, and the customer's own orders."""

import re
from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from tests.browsing import Visitor, expect_live, fill, lose_answers, visitor
from tests.people import PASSWORD, People, Person, Shop, good
from tests.servers import Server

ORDERED = re.compile(r"/orders/[0-9a-f-]{36}$")


async def _menu(who: Visitor, shop: Shop) -> Page:
    page = await who.open(f"/shops/{shop.shop['slug']}")
    await expect_live(page)
    return page


async def _placed(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(await shop.owner.get(f"{shop.path}/orders"))["data"]
    return found


async def test_a_basket_outlives_a_reload_and_signing_up_and_becomes_one_order(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    guest = await visitor(browser, server.url)
    page = await _menu(guest, shop)

    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("One more Flat white").click()
    await page.get_by_label("Note for Flat white").fill("oat milk")
    await page.reload()
    await page.get_by_role("button", name="Order for €7.00").click()
    await page.get_by_role("button", name="New here").click()
    form = page.locator("[data-form=register]")
    await fill(form, name="Ada", email="ada@example.com", password=PASSWORD)
    await form.get_by_role("button", name="Make an account").click()

    await page.wait_for_url(ORDERED)
    await expect(page.locator("#number")).to_have_text("1")
    await expect(page.get_by_text("oat milk")).to_be_visible()
    [order] = await _placed(shop)
    assert (order["total_minor"], order["status"]) == (700, "pending")


async def test_who_orders_is_told_to_pay_at_the_counter_while_there_is_something_to_pay(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    water = await shop.add("Tap water", price_minor=0)
    customer = await people.register()
    free = await customer.order(shop.shop, water)
    buyer = await visitor(browser, server.url, customer)
    page = await _menu(buyer, shop)

    await page.get_by_label("Add Tap water").click()
    await expect(page.locator("#pay")).to_be_hidden()
    await page.get_by_label("Add Flat white").click()
    await expect(page.locator("#pay")).to_have_text("You pay at the counter.")
    await page.locator("#order").click()
    await page.wait_for_url(ORDERED)

    await expect(page.locator("#pay")).to_have_text("You pay at the counter.")
    [order, _] = await _placed(shop)
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
    page = await _menu(buyer, shop)
    lost = await lose_answers(page, re.compile(r"/v1/shops/[^/]+/orders$"))
    await page.get_by_label("Add Flat white").click()
    await page.locator("#order").dblclick()

    await page.wait_for_url(ORDERED)
    assert len(lost) == 1
    assert len(await _placed(shop)) == 1


async def test_an_order_without_an_answer_is_asked_for_again_after_a_reload_and_is_still_one(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await _menu(buyer, shop)

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
    assert len(await _placed(shop)) == 1


async def test_what_is_sold_out_or_paused_shows_on_an_open_menu_and_in_its_basket(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    page = await _menu(await visitor(browser, server.url), shop)
    await page.get_by_label("Add Flat white").click()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"available": False}))
    await expect(page.locator("#menu").get_by_text("sold out")).to_be_visible()
    await expect(page.locator("#basket-lines").get_by_text("sold out")).to_be_visible()
    await expect(page.locator("#order")).to_be_disabled()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"available": True}))
    await expect(page.locator("#order")).to_be_enabled()

    good(await shop.owner.patch(shop.path, {"ordering": "paused"}))
    await expect(page.get_by_text("takes no orders at the moment")).to_be_visible()
    await expect(page.locator("#order")).to_be_disabled()


async def test_what_has_no_category_is_called_more_only_below_something_else(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.add("Carrot cake", category="Cake")
    page = await _menu(await visitor(browser, server.url), shop)
    await expect(page.locator("#menu h2:visible")).to_have_text(["Cake"])

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"position": 9}))

    await expect(page.locator("#menu h2:visible")).to_have_text(["Cake", "More"])


async def test_a_refused_order_says_why_and_keeps_the_basket(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop(stock=1)
    buyer = await visitor(browser, server.url, await people.register())
    page = await _menu(buyer, shop)

    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("One more Flat white").click()
    await page.locator("#order").click()

    await expect(page.get_by_role("alert").filter(has_text="Flat white (only 1 left)")).to_be_visible()
    await page.get_by_label("One less Flat white").click()
    await page.locator("#order").click()
    await page.wait_for_url(ORDERED)


async def test_a_price_that_changed_unseen_is_never_paid(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await buyer.context.new_page()
    # A page whose live connection cannot be had shows what it loaded.
    await page.route_web_socket("**/ws/**", lambda _: None)
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}")
    await page.get_by_label("Add Flat white").click()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"price_minor": 390}))
    await page.get_by_role("button", name="Order for €3.50").click()

    await expect(page.get_by_role("alert").filter(has_text="A price has changed")).to_be_visible()
    assert await _placed(shop) == []
    await page.get_by_role("button", name="Order for €3.90").click()
    await page.wait_for_url(ORDERED)


async def test_my_orders_and_the_order_itself_follow_what_the_shop_does(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    buyer = await visitor(browser, server.url, customer)
    orders, one = await buyer.open("/orders"), await buyer.open(f"/orders/{order['id']}")
    await expect_live(orders)
    await expect_live(one)

    await shop.owner.move(order, "ready")

    await expect(orders.get_by_text("Come and get it!")).to_be_visible()
    await expect(one.get_by_text("Come and get it!")).to_be_visible()
    await expect(one.locator("#history > li")).to_have_count(2)
    await expect(one.locator(".track [aria-current=step]")).to_contain_text("Ready")
    await expect(one).to_have_title(re.compile("Order 1: Ready"))

    await shop.owner.move(order, "picked_up")
    await expect(orders.locator("#finished").get_by_text("Picked up")).to_be_visible()


async def test_a_customer_cancels_while_the_order_is_new_and_not_later(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    first, second = await customer.order(shop.shop, shop.item), await customer.order(shop.shop, shop.item)
    buyer = await visitor(browser, server.url, customer)

    page = await buyer.open(f"/orders/{first['id']}")
    await page.get_by_role("button", name="Cancel this order").click()
    await page.get_by_role("button", name="Cancel the order").click()
    await expect(page.get_by_text("You cancelled this order.")).to_be_visible()

    page = await buyer.open(f"/orders/{second['id']}")
    await expect_live(page)
    await expect(page.get_by_role("button", name="Cancel this order")).to_be_visible()
    await shop.owner.move(second, "preparing")
    await expect(page.get_by_role("button", name="Cancel this order")).not_to_be_visible()


async def test_nobody_sees_the_order_of_somebody_else(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    order = await (await people.register()).order(shop.shop, shop.item)
    other: Person = await people.register("Eve")

    page = await (await visitor(browser, server.url, other)).open(f"/orders/{order['id']}")

    await expect(page.get_by_text("There is no order here that you can see")).to_be_visible()
