"""What a page costs a phone: how much comes over the air, how soon it is live; and that nothing jumps meanwhile."""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsing import Visitor, expect_live, visitor
from tests.people import People, Shop
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

# With their headers, until the page is live; what it fetches from then on keeps nobody waiting (docs/speed.md).
MOST_BYTES: Final = 60 * 1024
# On a quiet machine they take 1.3 to 1.8 s (docs/speed.md); one that runs tests does other things as well.
LIVE_WITHIN_MS: Final = 2500
SLOWER: Final = 4
TRIES: Final = 5
# Beyond this, people see it (web.dev/cls calls 0.1 good).
MOST_SHIFT: Final = 0.02

_WATCH: Final = """
  window.shift = 0;
  window.shifts = [];
  const note = (entries) => entries.forEach(({ value, sources }) => {
    window.shift += value;
    window.shifts.push(sources.map(({ node }) => node?.outerHTML?.slice(0, 80)));
  });
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  window.shiftedSoFar = async () => {
    await frame().then(frame);
    note(observer.takeRecords());
    return window.shift;
  };
  const isLive = () => document.querySelector(".light[data-level=live]") !== null;
  const lights = new MutationObserver(() => isLive() && window.turnedLive(""));
  lights.observe(document, { subtree: true, attributeFilter: ["data-level"] });
  const look = () => {
    if (isLive()) window.liveMs = performance.now();
    else requestAnimationFrame(look);
  };
  look();
"""
PHONE: Final = {"width": 360, "height": 740}


@dataclass(frozen=True)
class View:
    """A page that was opened, and the bytes that came before it was live."""

    page: Page
    size: int


async def load(who: Visitor, path: str) -> View:
    """Open a page with nothing kept, on a device that is four times slower."""
    page = await who.context.new_page()
    network = await who.context.new_cdp_session(page)
    asked: set[str] = set()
    came: dict[str, int] = {}
    is_live = False

    def ask(event: dict[str, Any]) -> None:
        if not is_live:
            asked.add(event["requestId"])

    def turn(_event: object) -> None:
        nonlocal is_live
        is_live = True

    # The page tells all three from one thread, so that they come in their order.
    network.on("Network.requestWillBeSent", ask)
    network.on("Network.loadingFinished", lambda event: came.update({event["requestId"]: event["encodedDataLength"]}))
    network.on("Runtime.bindingCalled", turn)
    await network.send("Network.enable")
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await network.send("Runtime.enable")
    await network.send("Runtime.addBinding", {"name": "turnedLive"})
    await network.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.add_init_script(_WATCH)
    await page.goto(who.url + path)
    if await page.locator(".light-place").count() > 0:
        await expect_live(page)
    await page.wait_for_load_state("networkidle")
    return View(page, int(sum(size for request, size in came.items() if request in asked)))


async def cafe(people: People) -> Shop:
    """A shop as they are: a dozen items, some orders."""
    shop = await people.shop()
    for number in range(12):
        await shop.add(f"Coffee {number}", description="Two shots under silky milk.", category=f"Part {number // 4}")
    customer = await people.register()
    for status in ("", "preparing", "ready"):
        order = await customer.order(shop.shop, shop.item)
        if status:
            await shop.owner.move(order, status)
    return shop


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


@pytest.mark.parametrize("screen", ["", "/board", "/pickup"])
async def test_a_screen_is_live_soon_on_a_slow_device(
    server: Server, browser: Browser, people: People, screen: str
) -> None:
    shop = await cafe(people)
    owner = await visitor(browser, server.url, shop.owner)
    took = []

    # The best of some: what else the machine does can only make it slower.
    for _ in range(TRIES):
        page = (await load(owner, f"/shops/{shop.shop['slug']}{screen}")).page
        took.append(await page.evaluate("window.liveMs"))
        await page.close()
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
