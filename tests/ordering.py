"""A customer in a real browser, at the menu of a shop."""

import re
from typing import Any, Final

from playwright.async_api import Page

from tests.browsing import Visitor, expect_live
from tests.people import Shop, good

ORDERED: Final = re.compile(r"/orders/[0-9a-f-]{36}$")


async def menu(who: Visitor, shop: Shop) -> Page:
    """The live menu of a shop."""
    page = await who.open(f"/shops/{shop.shop['slug']}")
    await expect_live(page)
    return page


async def placed(shop: Shop) -> list[dict[str, Any]]:
    """The orders that the shop has, the newest first."""
    found: list[dict[str, Any]] = good(await shop.owner.get(f"{shop.path}/orders"))["data"]
    return found
