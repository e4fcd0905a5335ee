"""A shop full of what people type, every one of its pages, and what a browser can measure of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page, expect

from tests.browsing import Visitor, visitor
from tests.people import People, Person, Shop, good
from tests.servers import Server

LONG: Final = "Donaudampfschifffahrtsgesellschaftskapitän"
RIGHT_TO_LEFT: Final = "مقهى الميناء القديم للقهوة والكعك الطازج"
EMOJI: Final = "👩‍👩‍👧‍👦🧑🏽‍🍳🏴󠁧󠁢󠁷󠁬󠁳󠁿"
COMBINING: Final = (
    "Z\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308a\u0323\u0324\u0325\u0326\u0327lgo\u0330\u0331\u0332"
)
JAPANESE: Final = "抹茶ラテと桜もちのセット"
UNBROKEN: Final = "W" * 80

# What stands where it is cut off or hangs out of its box or the page; an ellipsis is shown on purpose.
SPILLS: Final = """() => {
  const spills = [];
  const width = document.documentElement.clientWidth;
  const say = (what, { tagName, className, textContent }) =>
    spills.push(`${what}: ${tagName}.${className} ${textContent.slice(0, 30)}`);
  const page = document.documentElement.scrollWidth;
  if (page > width) spills.push(`the page is ${page} wide`);
  const place = (element, text) => {
    for (let around = element; around !== document.body; around = around.parentElement) {
      const { overflowX, overflowY, textOverflow, webkitLineClamp, display } = getComputedStyle(around);
      if (textOverflow === "ellipsis" || webkitLineClamp !== "none" || [overflowX, overflowY].includes("auto")) return;
      if (display === "inline" || display === "contents") continue;
      const box = around.getBoundingClientRect();
      if (text.left < box.left - 1 || text.right > box.right + 1) return "beside its box";
      if (overflowY !== "visible" && text.bottom > box.bottom + 1) return "below its box";
    }
    if (text.left < -1 || text.right > width + 1) return "beside the page";
  };
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || element.closest(".visually-hidden, select, datalist")) continue;
    if (![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
    const range = document.createRange();
    range.selectNodeContents(element);
    const where = place(element, range.getBoundingClientRect());
    if (where) say(where, element);
  }
  return spills;
}"""
# Whatever can be met by a finger and is smaller than that; links within a sentence are as high as its line.
SMALL: Final = """([all, least]) => [...document.querySelectorAll(all)]
  .filter((element) => element.checkVisibility() && getComputedStyle(element).display !== "inline")
  .filter((element) => !element.closest(".visually-hidden"))
  .filter((element) => Math.min(element.offsetWidth, element.offsetHeight) < least)
  .map((element) => `${element.offsetWidth} × ${element.offsetHeight}: ${element.outerHTML.slice(0, 100)}`)"""
FINGER_PX: Final = 44
THUMB_PX: Final = 64
TARGETS: Final = "a[href], button, summary, select, textarea, input:not([type=radio], [type=checkbox]), .option"

_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_FINDINGS: Final = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`))"""


@dataclass
class Scene:
    """A shop with a menu and orders of all kinds, and those who look at it."""

    shop: Shop
    customer: Person
    orders: list[dict[str, Any]]
    owner: Visitor
    buyer: Visitor
    nobody: Visitor

    @property
    def at(self) -> str:
        """The address of the shop."""
        return f"/shops/{self.shop.shop['slug']}"

    async def rounds(self) -> AsyncIterator[tuple[str, Page]]:
        """Each page in each state that people find it in, live, one after the other."""
        for who, path in [
            (self.nobody, "/"), (self.nobody, self.at), (self.nobody, f"{self.at}/board"),
            (self.nobody, "/shops/nothing-here"), (self.buyer, f"{self.at}/board"), (self.buyer, "/orders"),
            (self.buyer, f"/orders/{self.orders[1]['id']}"), (self.buyer, "/account"), (self.owner, "/"),
            (self.owner, f"{self.at}/board"), (self.owner, f"{self.at}/pickup"), (self.owner, f"{self.at}/manage"),
            (self.owner, f"{self.at}/manage#screens"), (self.owner, f"{self.at}/manage#shop"),
            (self.owner, f"{self.at}/manage#staff"), (self.owner, f"{self.at}/poster"),
        ]:  # fmt: skip
            page = await who.open(path)
            await settled(page)
            yield path, page
            await page.close()


async def scene(server: Server, browser: Browser, people: People) -> Scene:
    """Make it."""
    shop = await people.shop(f"{LONG} {RIGHT_TO_LEFT}"[:80], description="W" * 1000, address=f"{LONG}straße {EMOJI}")
    for name in (LONG, RIGHT_TO_LEFT, EMOJI, COMBINING, JAPANESE, UNBROKEN):
        await shop.add(name, description=(name * 30)[:1000], category=(name * 3)[:60], price_minor=100_000_000)
    await shop.add(RIGHT_TO_LEFT, available=False, stock=1_000_000)
    customer = await people.register(UNBROKEN)
    orders = []
    for status in ("pending", "preparing", "ready", "picked_up", "cancelled"):
        lines = [{"item_id": item["id"], "quantity": 1, "note": (item["name"] * 9)[:200]} for item in shop.items[:7]]
        body = {"lines": lines, "note": "W" * 200, "pickup_name": (RIGHT_TO_LEFT * 2)[:40]}
        order = good(await customer.post(f"{shop.path}/orders", body), 201)
        steps = {"picked_up": ("ready", "picked_up"), "pending": ()}.get(status, (status,))
        for step in steps:
            order = await shop.owner.move(order, step, **({"reason": LONG * 4} if step == "cancelled" else {}))
        orders.append(order)
    # What is measured must not be on its way to somewhere else.
    people_there = (shop.owner, customer, None)
    owner, buyer, nobody = [await visitor(browser, server.url, each, reduced_motion="reduce") for each in people_there]
    return Scene(shop, customer, orders, owner, buyer, nobody)


async def settled(page: Page) -> None:
    """Wait until a page shows what it has to show."""
    if await page.locator(".light-place").count() > 0:
        await expect(page.locator(".light[data-level=live]:visible, [data-gate]").first).to_be_visible()
    else:
        await page.wait_for_load_state("networkidle")


async def serious(page: Page) -> list[str]:
    """What axe finds that keeps people out of the page."""
    await page.evaluate(_AXE)
    found: list[str] = await page.evaluate(_FINDINGS)
    return found


async def press(page: Page, *selectors: str) -> Locator:
    """Press the first of each, one after the other, and return the dialog that opens."""
    for selector in selectors:
        await page.locator(f"{selector}:visible").first.click()
    dialog = page.locator("dialog[open]")
    await expect(dialog).to_be_visible()
    return dialog
