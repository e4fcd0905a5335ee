"""Pages on a device that has kept nothing and is four times slower: what comes, what moves, when they are live."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Page

from tests.browsing import Visitor
from tests.people import People, Shop

SLOWER: Final = 4
_PATIENCE_S: Final = 30

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
  const lights = new MutationObserver(() => {
    if (document.querySelector(".light[data-level=live]") === null) return;
    lights.disconnect();
    window.turnedLive(String(performance.now()));
  });
  lights.observe(document, { subtree: true, childList: true, attributeFilter: ["data-level"] });
"""


@dataclass(frozen=True)
class View:
    """A page that was opened: the bytes that came before it was live, and ms until then (0 without a light)."""

    page: Page
    size: int
    live_ms: float


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


async def load(who: Visitor, path: str) -> View:
    """Open a page with nothing kept, on a device that is four times slower."""
    page = await who.context.new_page()
    network = await who.context.new_cdp_session(page)
    asked: set[str] = set()
    came: dict[str, int] = {}
    live: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def ask(event: dict[str, Any]) -> None:
        if not live.done():
            asked.add(event["requestId"])

    def turn(event: dict[str, Any]) -> None:
        if not live.done():
            live.set_result(float(event["payload"]))

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
    await page.goto(who.url + path, wait_until="domcontentloaded")
    # Nothing is asked of the page meanwhile: it has the time that it takes to answer.
    has_light = await page.locator(".light-place").count() > 0
    live_ms = await asyncio.wait_for(live, _PATIENCE_S) if has_light else 0
    await page.wait_for_load_state("networkidle")
    return View(page, int(sum(size for request, size in came.items() if request in asked)), live_ms)
