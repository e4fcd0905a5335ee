"""What people do with the pages, in a real browser."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route, WebSocketRoute, expect

from tests.people import PASSWORD, Person

# To be asked who is signed in, and to say nobody, is no fault; the browser's console calls it one.
EXPECTED_STATUS = "status of 401"


@dataclass
class Visitor:
    """One person at one device."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        """A page at an address; what the browser complains of is kept."""
        page = await self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self.url + path)
        return page

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
    context = await browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Berlin", **device})
    if person is not None:
        body = {"email": person.user["email"], "password": PASSWORD, "cookie": True}
        answer = await context.request.post(url + "/v1/auth/login", data=body)
        assert answer.ok, await answer.text()
    return Visitor(context, url)


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
