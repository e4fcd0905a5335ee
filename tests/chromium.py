"""The browser of the tests: a real Chromium, without windows around its pages where nothing asks for them."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

WHOLE: Final = "chromium"
# The same engine without windows, tabs and profiles: tests of a page cost it half the CPU (26 s became 12 for the
# basket's). It cannot fill a screen, and shows no notifications.
SHELL: Final = "chromium-headless-shell"
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    # A thread for it instead of a process: a tenth less CPU.
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def running(wanted: str = SHELL) -> AsyncIterator[Browser]:
    """A headless Chromium for as long as the context lasts; the whole one where the wanted one is not there."""
    program = shutil.which(wanted) or shutil.which(WHOLE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
