"""What people do with the managing page of a shop, in a real browser."""

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Locator, Page

from tests.browsing import Deafness, Visitor, expect_live, visitor
from tests.people import People, Person, Shop, good


@dataclass
class Managed:
    """A shop, and its managing page as somebody has it open."""

    shop: Shop
    who: Visitor
    page: Page

    def row(self, name: str = "Flat white") -> Locator:
        """The row of an item."""
        return self.page.locator("#items > li", has=self.page.get_by_role("heading", name=name, exact=True))

    @property
    def editor(self) -> Locator:
        """The item that is being edited."""
        return self.page.locator("#items form")

    async def part(self, name: str) -> None:
        """Turn to another part of the page."""
        await self.page.locator("#parts").get_by_role("link", name=name).click()

    async def grow_deaf(self) -> Deafness:
        """Load the page anew, with something between it and its socket."""
        deafness = Deafness()
        await self.page.route_web_socket("**/ws/**", deafness.listen)
        await self.page.reload()
        return deafness

    async def item(self) -> dict[str, Any]:
        """The first item as the server has it."""
        found: dict[str, Any] = good(await self.shop.owner.get(f"{self.shop.path}/items"))["data"][0]
        return found


@dataclass
class Managing:
    """Opens managing pages."""

    browser: Browser
    url: str
    people: People

    async def __call__(self, shop: Shop | None = None, person: Person | None = None, **device: Any) -> Managed:
        shop = shop or await self.people.shop()
        who = await visitor(self.browser, self.url, person or shop.owner, **device)
        page = await who.open(f"/shops/{shop.shop['slug']}/manage")
        await expect_live(page)
        return Managed(shop, who, page)

    async def menu(self, shop: Shop) -> Page:
        """The menu as a customer has it open."""
        page = await (await visitor(self.browser, self.url)).open(f"/shops/{shop.shop['slug']}")
        await expect_live(page)
        return page
