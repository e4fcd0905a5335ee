"""A device that one test has had and the next one gets is as good as a new one, or it is not lent."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page

from tests.browsing import Visitor, all_leave, visitor
from tests.people import People
from tests.servers import CHECKOUT, Server, environment

pytestmark = pytest.mark.server("standing")

LEAVE_THINGS: Final = """async () => {
  localStorage.setItem("kept", "1");
  sessionStorage.setItem("kept", "1");
  document.cookie = "kept=1; path=/; max-age=9999";
  await caches.open("kept").then((cache) => cache.put("/kept", new Response("1")));
  await navigator.serviceWorker.register("/static/board/notices.js");
  await new Promise((done) => (indexedDB.open("kept").onsuccess = done));
}"""
# The size of what came over the air tells what the browser had in its cache.
FOUND: Final = """async () => ({
  stored: [localStorage.length, sessionStorage.length, document.cookie],
  caches: await caches.keys(),
  databases: await indexedDB.databases(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  scripts: globalThis.planted ?? null,
  isDark: matchMedia("(prefers-color-scheme: dark)").matches,
  size: [innerWidth, innerHeight],
  mayNotify: Notification.permission,
  isOnline: navigator.onLine,
  cached: performance.getEntriesByType("resource").filter((file) => file.transferSize < file.encodedBodySize).length,
})"""
FIXTURES: Final = "from tests.conftest import anyio_backend, browser, chromium, pytest_runtest_makereport"
FAILING: Final = """
from tests.browsing import visitor

async def test_that_fails(browser):
    await (await visitor(browser, "http://127.0.0.1:1")).page()
    raise AssertionError

async def test_that_looks(browser):
    assert browser.contexts == []

async def test_that_passes(browser):
    await (await visitor(browser, "http://127.0.0.1:1")).page()

async def test_that_looks_again(browser):
    assert len(browser.contexts) == 1
"""


async def test_a_device_that_is_lent_again_knows_nothing_of_who_had_it(
    server: Server, browser: Browser, people: People
) -> None:
    new = await Visitor(await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin"), server.url).open("/")
    expected = await new.evaluate(FOUND)
    earlier = await visitor(browser, server.url, await people.register())
    await earlier.open("/account")
    await _leave_things(earlier)

    await all_leave(browser, may_be_lent=True)
    later = await visitor(browser, server.url)
    found = await (await later.open("/")).evaluate(FOUND)

    assert found == expected
    assert later.context is earlier.context
    assert len(later.context.pages) == 1
    assert await later.context.cookies() == []


async def _leave_things(device: Visitor) -> None:
    page = await device.page()
    await page.add_init_script("globalThis.planted = 1")
    await page.route("**/*.css", lambda route: route.abort())
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(device.url)
    await page.evaluate(LEAVE_THINGS)


async def _clock(page: Page) -> None:
    await page.clock.install()


async def _ear(page: Page) -> None:
    await page.route_web_socket("**/ws/**", lambda _: None)


async def _function(page: Page) -> None:
    await page.context.expose_function("tell", lambda: None)


async def _close(page: Page) -> None:
    await page.close()


@pytest.mark.parametrize("change", [_clock, _ear, _function, _close])
async def test_a_device_that_cannot_be_cleaned_is_not_lent_again(
    server: Server, browser: Browser, change: Callable[[Page], Awaitable[None]]
) -> None:
    device = await visitor(browser, server.url)
    await change(await device.open("/"))

    await all_leave(browser, may_be_lent=True)

    assert device.context not in browser.contexts


async def test_a_device_that_was_taken_as_a_whole_or_given_rights_is_not_lent_again(
    server: Server, browser: Browser
) -> None:
    offline, allowed = (
        await visitor(browser, server.url),
        await visitor(browser, server.url, permissions=["geolocation"]),
    )
    for device in (offline, allowed):
        await device.open("/")
    await offline.context.set_offline(True)

    await all_leave(browser, may_be_lent=True)

    assert not {offline.context, allowed.context} & set(browser.contexts)


def test_the_devices_of_a_test_that_failed_are_not_lent_again(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(FIXTURES)
    (tmp_path / "test_devices.py").write_text(FAILING)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", CHECKOUT / "pyproject.toml", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        text=True,
    )

    assert "FAILED test_devices.py::test_that_fails" in done.stdout, done.stdout
    assert "1 failed, 3 passed" in done.stdout
