"""Takes pictures of a running demo's pages: python docs/screenshots.py http://127.0.0.1:8000 DIRECTORY [NAME …].

Every page on every device by day and by night, or only those named: `board-tablet`, `pickup-portrait-dark`, or `best`
for the eight of the README. Wants a demo that has run for some minutes. Needs Chromium.
"""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from orderflow.demo import cafe

DEVICES = {
    "phone": (360, 740),
    "tablet": (1024, 768),
    "wall": (1920, 1080),
    "portrait": (1080, 1920),
    "4k": (3840, 2160),
}
THEMES = ("light", "dark")
SHOP = f"/shops/{cafe.SHOP['slug']}"
STAFF, OWNER = cafe.STAFF[0], cafe.OWNER
# What each page is, and who is signed in there.
PAGES: dict[str, tuple[str, cafe.Account | None]] = {
    "home": ("/", None),
    "owner": ("/", OWNER),
    "menu": (SHOP, None),
    "board": (f"{SHOP}/board", STAFF),
    "gate": (f"{SHOP}/board", None),
    "pickup": (f"{SHOP}/pickup", None),
    "manage": (f"{SHOP}/manage", OWNER),
    "day": (f"{SHOP}/manage#orders", OWNER),
    "screens": (f"{SHOP}/manage#screens", OWNER),
    "facts": (f"{SHOP}/manage#shop", OWNER),
    "staff": (f"{SHOP}/manage#staff", OWNER),
    "orders": ("/orders", cafe.CUSTOMER),
    "order": ("/orders/{order}", cafe.CUSTOMER),
    "account": ("/account", cafe.CUSTOMER),
    "poster": (f"{SHOP}/poster", OWNER),
    "unknown": ("/shops/nothing-here", None),
}
# Screens that hang on walls are looked at on all devices, the others where people use them.
WALL_PAGES = {"pickup": tuple(DEVICES), "board": ("phone", "tablet", "wall", "portrait")}
USUAL_DEVICES = ("phone", "tablet", "wall")
BEST = (
    "board-tablet", "board-tablet-dark", "pickup-wall", "pickup-portrait-dark", "menu-phone", "order-phone",
    "orders-phone-dark", "manage-tablet",
)  # fmt: skip


async def take(browser: Browser, server: str, name: str, directory: Path) -> None:
    """Take one picture, of what is on the screen, once the page is live."""
    shown, device, *theme = name.split("-")
    path, account = PAGES[shown]
    width, height = DEVICES[device]
    look: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": (*theme, "light")[0]}
    context = await browser.new_context(base_url=server, locale="en-GB", timezone_id="Europe/Berlin", **look)
    if account is not None:
        person = {"email": account.email, "password": cafe.PASSWORD, "cookie": True}
        session = await (await context.request.post("/v1/auth/login", data=person)).json()
        if "{order}" in path:
            headers = {"Authorization": f"Bearer {session['access_token']}"}
            orders = await (await context.request.get("/v1/orders?limit=1", headers=headers)).json()
            path = path.format(order=orders["data"][0]["id"])
    page = await context.new_page()
    await page.goto(path)
    await settle(page)
    if shown == "board":
        await touch(page)
    await page.screenshot(path=directory / f"{name}.png", animations="disabled")
    await context.close()


async def settle(page: Page) -> None:
    """Wait until the page shows what it has to show."""
    await page.wait_for_load_state("networkidle")
    light = page.locator(".light:visible")
    if await light.count() > 0:
        await expect(light).to_have_attribute("data-level", "live", timeout=20_000)


async def touch(page: Page) -> None:
    """Touch a board where there is nothing to press, as at the start of a shift, and put away what it has to say."""
    await page.locator("#title").click()
    notices = page.locator(".notice button")
    while await notices.count() > 0:
        await notices.first.click()


def every() -> list[str]:
    """The names of all pictures."""
    return [
        f"{page}-{device}" + ("" if theme == "light" else f"-{theme}")
        for page in PAGES
        for device in WALL_PAGES.get(page, USUAL_DEVICES)
        for theme in THEMES
    ]


async def main(server: str, directory: Path, wanted: list[str]) -> None:
    """Take all pictures that are wanted."""
    async with async_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name in wanted:
            await take(browser, server, name, directory)
        await browser.close()


if __name__ == "__main__":
    wanted = [name for given in sys.argv[3:] for name in (BEST if given == "best" else [given])]
    asyncio.run(main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), wanted or every()))
