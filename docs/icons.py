"""Makes the icons of points from static/board/icon.svg: python docs/icons.py. Needs Chromium."""

import asyncio
import shutil
from base64 import b64encode
from pathlib import Path

from playwright.async_api import async_playwright

BOARD = Path(__file__).resolve().parents[1] / "static" / "board"
# On a ground, and within the middle 80 % that systems which cut icons into a shape of their own leave alone.
PAGE = """<style>body {{ margin: 0; display: grid; place-items: center; height: 100vh; background: #f6f1e7 }}
img {{ height: 64vh }}</style><img src="data:image/svg+xml;base64,{}">"""


async def main() -> None:
    """Make them all."""
    async with async_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for size in (192, 512):
            page = await browser.new_page(viewport={"width": size, "height": size})
            await page.set_content(PAGE.format(b64encode((BOARD / "icon.svg").read_bytes()).decode()))
            await page.screenshot(path=BOARD / f"icon-{size}.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
