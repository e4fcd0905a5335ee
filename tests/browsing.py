"""What people do with the pages, in a real browser.

A device is a browser context. To make one and load a page in it costs two seconds of a core, half of which is for what
the next test may use again: so a device that no test has changed is cleaned and lent anew. What a test changes of a
page goes with the page; who changes a device takes it as `Visitor.context`, not as a page's, and it is not lent again.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Route,
    WebSocketRoute,
    expect,
)

from tests.people import PASSWORD, Person

# To be asked who is signed in, and to say nobody, is no fault; the browser's console calls it one.
EXPECTED_STATUS = "status of 401"
CLEANING_S: Final = 10.0
# Such devices were given rights, or say that they are something else.
NEVER_LENT_AGAIN: Final = {"permissions", "user_agent", "bypass_csp", "service_workers"}

# What Playwright puts into a page whose device has a clock, a function or an ear at its sockets.
TOOLS: Final = "Object.getOwnPropertyNames(globalThis).some((name) => /^__p(w|laywright)/.test(name))"

# Clean devices by what was asked for when they were made, and those that are lent.
_idle: dict[str, list[BrowserContext]] = {}
_lent: list["Visitor"] = []


@dataclass
class Visitor:
    """One person at one device."""

    _context: BrowserContext
    url: str
    kind: str = ""
    complaints: list[str] = field(default_factory=list)
    _is_changed: bool = False

    @property
    def context(self) -> BrowserContext:
        """The device itself, for who changes it: scripts and routes cannot all be taken out again."""
        self._is_changed = True
        return self._context

    async def page(self) -> Page:
        """A page that is nowhere yet."""
        return await self._context.new_page()

    async def open(self, path: str) -> Page:
        """A page at an address; what the browser complains of is kept."""
        page = await self.page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url + path)
        return page

    async def clean(self) -> bool:
        """Leave the device as it was, without pages, cookies, storage and cache; False if it cannot be."""
        pages = self._context.pages
        if self._is_changed or not self.kind or not pages:
            return False
        try:
            async with asyncio.timeout(CLEANING_S):
                # Such are in each page of the device, and stay.
                if await pages[0].evaluate(TOOLS):
                    return False
                for page in pages[1:]:
                    await page.close()
                # Nothing is written any more once all is cleared.
                session = await self._context.new_cdp_session(pages[0])
                await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
                await session.send("Storage.clearDataForOrigin", {"origin": self.url, "storageTypes": "all"})
                await session.send("Network.clearBrowserCache")
                await pages[0].close()
                await self._context.clear_cookies()
        except (Error, TimeoutError):
            return False
        return True

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and EXPECTED_STATUS not in message.text:
            self.complaints.append(message.text)


class Deafness:
    """Between a page and its sockets: once it has begun, the page hears nothing more."""

    has_begun = False

    def listen(self, socket: WebSocketRoute) -> None:
        """Stand between one socket and the server."""

        def pass_on(message: str | bytes) -> None:
            if not self.has_begun:
                socket.send(message)

        socket.connect_to_server().on_message(pass_on)


async def lose_answers(page: Page, url: str | re.Pattern[str]) -> list[str]:
    """Let the answer to the first POST to each address be lost on its way; those addresses, as they come."""
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if route.request.method != "POST" or route.request.url in lost:
            await route.continue_()
            return
        lost.append(route.request.url)
        assert (await route.fetch()).status == 201
        await route.abort()

    await page.route(url, lose)
    return lost


async def visitor(browser: Browser, url: str, person: Person | None = None, **device: Any) -> Visitor:
    """Somebody with a device of their own, signed in as a person or not at all."""
    made = {"locale": "en-GB", "timezone_id": "Europe/Berlin", **device}
    kind = "" if made.keys() & NEVER_LENT_AGAIN else json.dumps([id(browser), made], sort_keys=True)
    idle = _idle.get(kind)
    context = idle.pop() if idle else await browser.new_context(**made)
    found = Visitor(context, url, kind)
    _lent.append(found)
    # An answer to a page that was just closed may have brought one after all.
    await context.clear_cookies()
    if person is not None:
        body = {"email": person.user["email"], "password": PASSWORD, "cookie": True}
        answer = await context.request.post(url + "/v1/auth/login", data=body)
        assert answer.ok, await answer.text()
    return found


async def all_leave(browser: Browser, *, may_be_lent: bool) -> None:
    """Clean the devices that a test has had and not changed, and close the others with all that is open."""
    while _lent:
        each = _lent.pop()
        if may_be_lent and await each.clean():
            _idle.setdefault(each.kind, []).append(each._context)
    clean = [context for contexts in _idle.values() for context in contexts]
    for context in browser.contexts:
        if context not in clean:
            await context.close()


def card(page: Page, column: str, number: int) -> Locator:
    """The card of a number in a column of the counter board."""
    return page.locator(f"#column-{column} > li", has=page.get_by_text(str(number), exact=True))


async def expect_live(page: Page) -> None:
    """Wait until a page says that it is live."""
    await expect(page.locator(".light")).to_have_attribute("data-level", "live")


async def expect_whole(page: Page) -> None:
    """Wait until a page has all modules, those included that it is live without."""
    await page.wait_for_function("() => performance.getEntriesByName('whole').length > 0")


async def fill(form: Locator, **values: str) -> None:
    """Type into the fields of a form."""
    for name, value in values.items():
        await form.locator(f"[name={name}]").fill(value)
