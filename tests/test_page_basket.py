"""The menu and an open basket in a real browser, while the shop sells out, pauses and changes its prices."""

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import Deafness, expect_live, visitor
from tests.ordering import ORDERED, menu, placed
from tests.people import People, good
from tests.servers import Server

pytestmark = pytest.mark.server("standing")


async def test_what_is_sold_out_or_paused_shows_on_an_open_menu_and_in_its_basket(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    page = await menu(await visitor(browser, server.url), shop)
    await page.get_by_label("Add Flat white").click()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"available": False}))
    await expect(page.locator("#menu").get_by_text("sold out")).to_be_visible()
    await expect(page.locator("#basket-lines").get_by_text("sold out")).to_be_visible()
    await expect(page.locator("#order")).to_be_disabled()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"available": True}))
    await expect(page.locator("#order")).to_be_enabled()

    good(await shop.owner.patch(shop.path, {"ordering": "paused"}))
    await expect(page.locator("#paused")).to_contain_text("takes no orders at the moment")
    await expect(page.locator("#basket-paused")).to_contain_text("as soon as it opens again")
    await expect(page.locator("#order")).to_be_disabled()


async def test_what_sells_out_in_an_open_basket_is_named_and_the_rest_ordered_in_one_tap(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    cake = await shop.add("Carrot cake", price_minor=420)
    bun = await shop.add("Bun", price_minor=180)
    page = await menu(await visitor(browser, server.url, await people.register()), shop)
    for name in ("Flat white", "Carrot cake", "Bun"):
        await page.get_by_label(f"Add {name}").click()

    good(await shop.owner.patch(f"{shop.path}/items/{cake['id']}", {"available": False}))
    await shop.owner.delete(f"{shop.path}/items/{bun['id']}")

    await expect(page.locator("#basket-wants > p")).to_have_text(["Carrot cake is sold out.", "Bun is no longer sold."])
    await expect(page.locator("#menu").get_by_text("Bun")).to_have_count(0)
    await page.get_by_role("button", name="Order the rest for €3.50").click()
    await page.wait_for_url(ORDERED)
    [order] = await placed(shop)
    assert [line["name"] for line in order["lines"]] == ["Flat white"]


async def test_what_is_taken_out_by_mistake_is_put_back_and_what_cannot_be_had_is_taken_out(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    cake = await shop.add("Carrot cake", price_minor=420)
    page = await menu(await visitor(browser, server.url), shop)
    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("Note for Flat white").fill("oat milk")
    await page.get_by_label("Add Carrot cake").click()

    await page.get_by_label("Take out: Flat white").click()
    await expect(page.locator("#basket-lines > li")).to_have_count(1)
    await page.get_by_role("button", name="Put it back").click()
    await expect(page.get_by_label("Note for Flat white")).to_have_value("oat milk")

    good(await shop.owner.patch(f"{shop.path}/items/{cake['id']}", {"available": False}))
    await page.get_by_role("button", name="Keep what can be had").click()
    await expect(page.locator("#basket-fix")).to_be_hidden()
    await expect(page.get_by_role("button", name="Order for €3.50")).to_be_enabled()
    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"available": False}))
    await page.get_by_role("button", name="Take it out").click()
    await expect(page.get_by_text("Nothing in it yet.")).to_be_visible()


async def test_a_price_that_changes_in_an_open_basket_is_told_and_a_tap_at_that_moment_orders_nothing(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await buyer.page()
    await page.clock.install()
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}")
    await expect_live(page)
    await page.get_by_label("Add Flat white").click()
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"price_minor": 390}))
    await page.wait_for_function("() => document.querySelector('#total').textContent === '€3.50'")
    while await page.locator("#total").text_content() == "€3.50":
        await page.clock.run_for(16)
    await page.locator("#order").click(force=True)

    await expect(page.get_by_role("alert").filter(has_text="The total has just changed")).to_be_visible()
    await expect(page.locator("#basket-prices")).to_have_text("Flat white now costs €3.90. It was €3.50.")
    await page.clock.run_for(1000)
    assert await placed(shop) == []
    await page.clock.resume()
    await page.get_by_role("button", name="Order for €3.90").click()
    await page.wait_for_url(ORDERED)


async def test_a_kiosk_that_nobody_reloads_sells_what_there_is(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    kiosk = await visitor(browser, server.url, await people.register())
    page = await kiosk.page()
    deafness = Deafness()
    await page.route_web_socket("**/ws/**", deafness.listen)
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}")
    await expect_live(page)

    soup = await shop.add("Soup", price_minor=500)
    await page.get_by_label("Add Soup").click()
    await shop.owner.delete(f"{shop.path}/items/{soup['id']}")
    await expect(page.locator("#menu").get_by_text("Soup")).to_have_count(0)
    await page.get_by_role("button", name="Take it out").click()

    # Even where no news come through, what is gone is not sold, and is off the menu once that is noticed.
    pie = await shop.add("Pie", price_minor=450)
    await page.get_by_label("Add Pie").click()
    await page.get_by_label("Add Flat white").click()
    deafness.has_begun = True
    await shop.owner.delete(f"{shop.path}/items/{pie['id']}")
    await page.get_by_role("button", name="Order for €8.00").click()
    await expect(page.locator("#basket-wants")).to_have_text("Pie is no longer sold.")
    await expect(page.locator("#menu").get_by_text("Pie")).to_have_count(0)
    await page.get_by_role("button", name="Order the rest for €3.50").click()
    await page.wait_for_url(ORDERED)


async def test_what_has_no_category_is_called_more_only_below_something_else(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.add("Carrot cake", category="Cake")
    page = await menu(await visitor(browser, server.url), shop)
    await expect(page.locator("#menu h2:visible")).to_have_text(["Cake"])

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"position": 9}))

    await expect(page.locator("#menu h2:visible")).to_have_text(["Cake", "More"])


async def test_a_refused_order_says_why_and_keeps_the_basket(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop(stock=1)
    buyer = await visitor(browser, server.url, await people.register())
    page = await menu(buyer, shop)

    await page.get_by_label("Add Flat white").click()
    await page.get_by_label("One more Flat white").click()
    await page.locator("#order").click()

    await expect(page.get_by_role("alert").filter(has_text="Nothing was ordered")).to_be_visible()
    await expect(page.locator("#basket-wants")).to_have_text("Only 1 left of Flat white.")
    await page.get_by_role("button", name="Order the rest for €3.50").click()
    await page.wait_for_url(ORDERED)
    [order] = await placed(shop)
    assert order["lines"][0]["quantity"] == 1


async def test_a_price_that_changed_unseen_is_never_paid(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    buyer = await visitor(browser, server.url, await people.register())
    page = await buyer.page()
    # A page whose live connection cannot be had shows what it loaded.
    await page.route_web_socket("**/ws/**", lambda _: None)
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}")
    await page.get_by_label("Add Flat white").click()

    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"price_minor": 390}))
    await page.get_by_role("button", name="Order for €3.50").click()

    await expect(page.get_by_role("alert").filter(has_text="A price has changed")).to_be_visible()
    assert await placed(shop) == []
    await page.get_by_role("button", name="Order for €3.90").click()
    await page.wait_for_url(ORDERED)


@pytest.mark.parametrize(
    ("locale", "currency", "price"),
    [("de-DE", "EUR", "3,50\u00a0€"), ("en-US", "JPY", "¥350"), ("de-AT", "KWD", "KWD\u00a00,350")],
)
async def test_prices_are_in_the_shops_currency_and_the_readers_way_of_writing(
    server: Server, browser: Browser, people: People, locale: str, currency: str, price: str
) -> None:
    shop = await people.shop(currency=currency)
    context = await browser.new_context(locale=locale)
    page = await context.new_page()

    await page.goto(f"{server.url}/shops/{shop.shop['slug']}")

    await expect(page.locator(".item .amount")).to_have_text(price)
