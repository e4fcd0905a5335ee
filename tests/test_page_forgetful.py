"""A browser that keeps nothing: its owner, or whoever set it up, has forbidden that. The pages work all the same."""

import re

from playwright.async_api import Browser, Route, expect

from tests.browsing import Visitor, card, expect_live, visitor
from tests.looking import settled
from tests.ordering import ORDERED, menu, placed
from tests.people import People, Person
from tests.servers import Server

FORBIDDEN = """for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("Access is denied", "SecurityError"); } });
}"""


async def forgetful(browser: Browser, server: Server, person: Person | None) -> Visitor:
    """Somebody whose browser refuses to keep anything."""
    found = await visitor(browser, server.url, person)
    await found.context.add_init_script(FORBIDDEN)
    return found


async def lose(route: Route) -> None:
    await route.abort()


async def test_every_page_starts_where_a_browser_forbids_to_keep_anything(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    order = await shop.owner.order(shop.shop, shop.item)
    owner = await forgetful(browser, server, shop.owner)

    at = f"/shops/{shop.shop['slug']}"
    paths = ["/", at, f"{at}/board", f"{at}/pickup", f"{at}/manage", f"{at}/poster", "/orders", "/account"]
    for path in [*paths, f"/orders/{order['id']}"]:
        page = await owner.open(path)
        await settled(page)
        await expect(page.locator("h1").first).not_to_be_empty()
        await page.close()

    assert owner.complaints == []


async def test_who_orders_there_is_told_that_the_basket_is_not_kept(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    buyer = await forgetful(browser, server, await people.register())
    page = await menu(buyer, shop)

    await page.get_by_label("Add Flat white").click()
    await expect(page.get_by_text("your basket is empty once you leave or reload this page")).to_be_visible()
    await page.locator("#order").click()
    await page.wait_for_url(ORDERED)
    [order] = await placed(shop)
    for status in ("ready", "picked_up"):
        await shop.owner.move(order, status)
    await page.get_by_role("button", name="Order again").click()

    await expect(page.get_by_text("This browser keeps nothing, so your basket cannot be filled")).to_be_visible()
    assert buyer.complaints == []


async def test_taps_without_a_network_wait_there_until_the_page_is_left_and_it_says_so(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.owner.order(shop.shop, shop.item)
    owner = await forgetful(browser, server, shop.owner)
    page = await owner.open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(page)
    moves = re.compile(r"/v1/orders/[^/]+$")
    await owner.context.route(moves, lose)

    await card(page, "pending", 1).get_by_role("button", name="Start").click()
    await expect(page.locator("#waiting")).to_contain_text("1 tap waits for the network. This browser keeps nothing")
    await owner.context.unroute(moves)

    await expect(page.locator("#waiting")).to_be_hidden(timeout=30_000)
    assert (await placed(shop))[0]["status"] == "preparing"


async def test_a_basket_that_is_kept_says_nothing_of_it(server: Server, browser: Browser, people: People) -> None:
    page = await menu(await visitor(browser, server.url), await people.shop())

    await page.get_by_label("Add Flat white").click()

    await expect(page.locator("#order")).to_be_enabled()
    await expect(page.locator("#not-kept")).to_be_hidden()
