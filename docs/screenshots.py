"""Takes pictures of a running demo's pages: python docs/screenshots.py http://127.0.0.1:8000 DIRECTORY [PAGE-DEVICE …].

Every page at the size of a phone, a tablet and a wall, or only those named, as `board-tablet`. Needs Chromium.
"""

import asyncio
import shutil
import sys
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

from orderflow.demo import cafe

DEVICES = {"phone": (360, 740), "tablet": (1024, 768), "wall": (1920, 1080)}
SHOP = f"/shops/{cafe.SHOP['slug']}"
STAFF, OWNER = cafe.STAFF[0], cafe.OWNER
# What each page is, and who is signed in there.
PAGES: dict[str, tuple[str, cafe.Account | None]] = {
    "home": ("/", None),
    "menu": (SHOP, None),
    "board": (f"{SHOP}/board", STAFF),
    "pickup": (f"{SHOP}/pickup", None),
    "manage": (f"{SHOP}/manage", OWNER),
    "orders": ("/orders", cafe.CUSTOMER),
    "order": ("/orders/{order}", cafe.CUSTOMER),
}


async def take(browser: Browser, server: str, name: str, device: str, directory: Path) -> None:
    """Take one picture, of what is on the screen, once the page is live."""
    path, account = PAGES[name]
    width, height = DEVICES[device]
    context = await browser.new_context(
        base_url=server, viewport={"width": width, "height": height}, locale="en-GB", timezone_id="Europe/Berlin"
    )
    if account is not None:
        person = {"email": account.email, "password": cafe.PASSWORD, "cookie": True}
        session = await (await context.request.post("/v1/auth/login", data=person)).json()
        if "{order}" in path:
            headers = {"Authorization": f"Bearer {session['access_token']}"}
            orders = await (await context.request.get("/v1/orders?limit=1", headers=headers)).json()
            path = path.format(order=orders["data"][0]["id"])
    page = await context.new_page()
    await page.goto(path)
    await page.wait_for_load_state("networkidle")
    if name not in ("home", "manage"):
        await expect(page.locator(".light")).to_have_attribute("data-level", "live")
    await page.screenshot(path=directory / f"{name}-{device}.png")
    await context.close()


async def main(server: str, directory: Path, wanted: list[str]) -> None:
    """Take all pictures that are wanted."""
    async with async_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name in wanted:
            await take(browser, server, *name.split("-"), directory)
        await browser.close()


if __name__ == "__main__":
    every = [f"{name}-{device}" for name in PAGES for device in DEVICES]
    asyncio.run(main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), sys.argv[3:] or every))
