"""My orders in a real browser: where they stand, how one hears of it, and ordering again."""

import re
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import Deafness, expect_live, visitor
from tests.ordering import ORDERED
from tests.people import People, Person, good
from tests.servers import Server
from tests.stored import stored

# What a page lets be heard and shown: headless, nobody is there to hear it, and no tab is ever behind another.
HEAR: Final = """
    globalThis.heard = { sounds: 0, notes: [], asked: 0 };
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) { heard.sounds += 1; start.apply(this, when); };
    let permission = "default";
    globalThis.Notification = class {
        static get permission() { return permission; }
        static async requestPermission() { heard.asked += 1; return (permission = "granted"); }
        constructor(title, { body }) { heard.notes.push([title, body]); }
    };
    globalThis.hide = () => Object.defineProperty(document, "hidden", { get: () => true });
"""

pytestmark = pytest.mark.server("standing")


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
    await expect(one).to_have_title(re.compile("Ready · 1 · Corner Café"))
    # Both pages are marked in what leads there.
    for page, current in ((orders, "page"), (one, "true")):
        await expect(page.get_by_role("link", name="My orders")).to_have_attribute("aria-current", current)
        await expect(page.locator(".who [aria-current]")).to_have_count(1)

    await shop.owner.move(order, "picked_up")
    await expect(orders.locator("#finished").get_by_text("Picked up")).to_be_visible()
    # What is over is not so since a time, but was at one.
    await expect(one.locator("#since")).to_have_text(re.compile(r"^\d\d:\d\d$"))

    await shop.owner.move(order, "ready")
    await expect(one.locator("#since")).to_have_text(re.compile(r"^since \d\d:\d\d$"))
    happened = [r"Placed\s*by you", r"Ready\s*by the shop", r"Picked up\s*by the shop", r"Back to Ready\s*by the shop"]
    await expect(one.locator("#history > li")).to_have_text([re.compile(words) for words in happened])
    shops = await (await visitor(browser, server.url, shop.owner)).open(f"/orders/{order['id']}")
    await expect(shops.locator("#history > li").first).to_contain_text("by the customer")


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


async def test_a_ready_order_is_heard_and_shown_by_a_tab_in_the_background(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    buyer = await visitor(browser, server.url, customer, permissions=["notifications"])
    await buyer.context.add_init_script(HEAR)
    page = await buyer.open(f"/orders/{order['id']}")
    await expect_live(page)
    await expect(page).to_have_title(re.compile("^Placed · 1 · Corner Café"))
    await expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-pending"))

    await page.get_by_role("button", name="Tell me when it is ready").click()
    await expect(page.get_by_role("button", name="No sounds, please")).to_be_visible()
    await page.evaluate("heard.sounds = 0; hide()")
    await shop.owner.move(order, "preparing")
    await expect(page).to_have_title(re.compile("^Preparing · 1 · Corner Café"))
    await shop.owner.move(order, "ready")

    await expect(page).to_have_title(re.compile("^Ready · 1 · Corner Café"))
    await expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-ready"))
    await page.wait_for_function("() => heard.sounds === 2")
    assert await page.evaluate("heard.notes") == [
        ["Preparing: your order 1", "It is being prepared."],
        ["Ready: your order 1", "Come and get it!"],
    ]
    assert buyer.complaints == []


async def test_nobody_is_asked_for_notifications_before_a_tap_and_a_muted_page_stays_muted(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    buyer = await visitor(browser, server.url, customer, permissions=["notifications"])
    await buyer.context.add_init_script(HEAR)
    page = await buyer.open(f"/orders/{order['id']}")
    await expect_live(page)
    assert await page.evaluate("heard.asked") == 0

    button = page.locator("[data-act=alerts]")
    await button.click()
    await page.wait_for_function("() => heard.asked === 1 && heard.sounds === 1")
    await button.click()
    await expect(page.get_by_text("This page makes no sound.")).to_be_visible()
    await page.reload()
    await expect_live(page)
    await page.evaluate("hide()")
    await shop.owner.move(order, "ready")

    await expect(page.get_by_text("Come and get it!")).to_be_visible()
    assert await page.evaluate("[heard.sounds, heard.notes.length, heard.asked]") == [0, 0, 0]


async def test_a_phone_that_lets_no_page_notify_does_it_by_a_worker(
    server: Server, whole_browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    agent = "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile"
    buyer = await visitor(whole_browser, server.url, customer, permissions=["notifications"], user_agent=agent)
    # Whoever asks for notifications while one is about to be shown makes Chromium forget it.
    await buyer.context.add_init_script("""
        const show = ServiceWorkerRegistration.prototype.showNotification;
        ServiceWorkerRegistration.prototype.showNotification = async function (...given) {
            await show.apply(this, given);
            window.hasShown = true;
        };
    """)
    page = await buyer.open(f"/orders/{order['id']}")
    await expect_live(page)
    assert await page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0

    await page.get_by_role("button", name="Tell me when it is ready").click()
    await expect(page.get_by_text("While you look elsewhere, you get a notification.")).to_be_visible()
    await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    await shop.owner.move(order, "ready")

    await page.wait_for_function("() => window.hasShown")
    told = await page.evaluate("""async () => {
      const [registration] = await navigator.serviceWorker.getRegistrations();
      return (await registration.getNotifications()).map(({ title, body, tag, data }) => [title, body, tag, data]);
    }""")
    assert told == [["Ready: your order 1", "Come and get it!", order["id"], f"/orders/{order['id']}"]]
    # It stands between no page and the server.
    await page.reload()
    await expect_live(page)
    assert await page.evaluate("navigator.serviceWorker.controller") is None
    assert buyer.complaints == []


async def test_of_two_open_tabs_one_tells_of_a_change_and_the_list_shows_the_most_urgent(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    first, second = [await customer.order(shop.shop, shop.item) for _ in range(2)]
    buyer = await visitor(browser, server.url, customer)
    await buyer.context.add_init_script(HEAR)
    tabs = [await buyer.open("/orders"), await buyer.open(f"/orders/{second['id']}")]
    for tab in tabs:
        await expect_live(tab)
        await tab.locator("#title").click()
        await expect(tab.get_by_text("You hear it when something changes.")).to_be_visible()

    await shop.owner.move(first, "preparing")
    await expect(tabs[0]).to_have_title(re.compile("^Preparing · 1 ·"))
    await shop.owner.move(second, "ready")

    await expect(tabs[0]).to_have_title(re.compile("^Ready · 2 ·"))
    await expect(tabs[1]).to_have_title(re.compile("^Ready · 2 ·"))
    assert sum([await tab.evaluate("heard.sounds") for tab in tabs]) == 2
    for order in (first, second):
        await shop.owner.move(order, "cancelled", reason="We are closing")
    await expect(tabs[0]).to_have_title(re.compile("^My orders"))
    await expect(tabs[1].locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-cancelled"))
    await expect(tabs[1].locator("#word")).to_have_text("The shop cancelled this order: We are closing")


async def test_an_order_page_that_was_offline_tells_what_happened_meanwhile_once_it_is_back(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    buyer = await visitor(browser, server.url, customer)
    await buyer.context.add_init_script(HEAR)
    page = await buyer.context.new_page()
    deafness = Deafness()
    await page.route_web_socket("**/ws/**", deafness.listen)
    await page.clock.install()
    await page.goto(f"{server.url}/orders/{order['id']}")
    await expect_live(page)
    await page.locator("#title").click()

    deafness.has_begun = True
    await shop.owner.move(order, "ready")
    await page.clock.fast_forward(30_000)
    await expect(page.locator(".light")).not_to_have_attribute("data-level", "live")
    await expect(page.locator("#word")).to_have_text("The shop has your order.")
    deafness.has_begun = False
    await page.clock.fast_forward(30_000)

    await expect(page.locator("#word")).to_have_text("Come and get it!")
    await expect_live(page)
    await expect(page.locator("#history > li")).to_have_count(2)
    await page.wait_for_function("() => heard.sounds === 1")


async def test_ordering_again_fills_the_basket_with_what_there_is_and_names_what_is_missing(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    cake = await shop.add("Carrot cake", price_minor=420)
    customer = await people.register()
    lines = [
        {"item_id": shop.item["id"], "quantity": 2, "note": "oat milk"},
        {"item_id": cake["id"], "quantity": 1},
    ]
    order = good(await customer.post(f"{shop.path}/orders", {"lines": lines, "pickup_name": "Countess"}), 201)
    for status in ("ready", "picked_up"):
        await shop.owner.move(order, status)
    good(await shop.owner.patch(f"{shop.path}/items/{cake['id']}", {"available": False}))
    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"price_minor": 390}))

    page = await (await visitor(browser, server.url, customer)).open("/orders")
    await page.get_by_role("button", name="Order again").click()

    await expect(page.locator("#basket-news")).to_have_text(
        "What can still be had is in your basket. Missing: Carrot cake."
    )
    await expect(page.locator("#basket-prices")).to_have_text("Flat white now costs €3.90. It was €3.50.")
    await expect(page.get_by_label("Note for Flat white")).to_have_value("oat milk")
    await page.get_by_role("button", name="Order for €7.80").click()
    await page.wait_for_url(ORDERED)
    await expect(page.get_by_text("Called as Countess")).to_be_visible()


async def test_who_cancels_too_late_is_told_to_ask_at_the_counter(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    order = await customer.order(shop.shop, shop.item)
    page = await (await visitor(browser, server.url, customer)).open(f"/orders/{order['id']}")
    await expect_live(page)
    await page.get_by_role("button", name="Cancel this order").click()

    await shop.owner.move(order, "preparing")
    await expect(page.get_by_text("It is being prepared.")).to_be_attached()
    await page.get_by_role("button", name="Cancel the order").click()

    await expect(page.get_by_role("alert").filter(has_text="Ask at the counter")).to_be_visible()


async def test_a_number_of_another_day_is_never_taken_for_one_of_today(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    customer = await people.register()
    old = await customer.order(shop.shop, shop.item)
    # As the shop's own clock would have it on the next morning.
    for statement in (
        "UPDATE orders SET business_day = business_day - 1, placed_at = placed_at - interval '24 h' WHERE shop_id = $1",
        "UPDATE feeds SET day = day - 1 WHERE id = $1",
    ):
        await stored(server.settings["DATABASE_URL"], statement, UUID(shop.shop["id"]))
    new = await customer.order(shop.shop, shop.item)
    assert (old["number"], new["number"]) == (1, 1)
    yesterday = date.fromisoformat(new["business_day"]) - timedelta(days=1)

    page = await (await visitor(browser, server.url, customer)).open("/orders")

    cards = page.locator("#active > li")
    await expect(cards).to_have_count(2)
    await expect(cards.nth(0).locator(".order-day")).to_have_text("")
    await expect(cards.nth(1).locator(".order-day")).to_have_text(re.compile(rf"\b{yesterday.day} "))
    page = await (await visitor(browser, server.url, customer)).open(f"/orders/{old['id']}")
    await expect(page.locator("#day")).to_have_text(re.compile(rf"\b{yesterday.day} "))


async def test_the_number_of_an_order_that_is_over_is_in_one_piece_on_every_device(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop("Harbour Café")
    customer = await people.register()
    for _ in range(10):
        await shop.owner.move(await customer.order(shop.shop, shop.item), "cancelled", reason="closing")
    for width, locale in ((360, "de-DE"), (700, "de-DE"), (1024, "en-GB")):
        device = {"viewport": {"width": width, "height": 740}, "locale": locale}
        page = await (await visitor(browser, server.url, customer, **device)).open("/orders")
        row = page.locator(".order-row", has=page.get_by_text("10", exact=True))

        lines = "(text) => text.getBoundingClientRect().height / parseFloat(getComputedStyle(text).fontSize)"
        assert await row.locator(".number").evaluate(lines) < 2
        assert await row.get_by_text("Harbour Café").evaluate(lines) < 2
        assert await row.locator(".mark").evaluate(lines) < 2


async def test_nobody_sees_the_order_of_somebody_else(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    order = await (await people.register()).order(shop.shop, shop.item)
    other: Person = await people.register("Eve")

    page = await (await visitor(browser, server.url, other)).open(f"/orders/{order['id']}")

    await expect(page.get_by_text("There is no order here that you can see")).to_be_visible()
