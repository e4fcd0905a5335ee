"""Photos of items in a real browser: they come late, from elsewhere, or never, and nothing on the page moves for it."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browsing import expect_live, fill, visitor
from tests.managing import Managing
from tests.people import People
from tests.servers import Server

CAKE = "https://pictures.example/cake.svg"
GONE = "https://pictures.example/gone.jpg"
DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200"/></svg>'
ROWS = """() => [...document.querySelectorAll("#menu .item")].map((row) => row.getBoundingClientRect().top)"""


class Pictures:
    """Where the photos are: each is answered once that is allowed, and who asks says what they tell of themselves."""

    def __init__(self) -> None:
        self.may_come = asyncio.Event()
        self.asked: list[str] = []
        self.referrers: set[str | None] = set()

    async def answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        self.referrers.add(await route.request.header_value("referer"))
        await self.may_come.wait()
        if route.request.url == GONE:
            await route.fulfill(status=404, body="")
        else:
            await route.fulfill(content_type="image/svg+xml", body=DRAWN)


pytestmark = pytest.mark.server("standing")


async def _menu(browser: Browser, server: Server, slug: str, pictures: Pictures) -> Page:
    phone = await visitor(browser, server.url, viewport={"width": 360, "height": 740})
    await phone.context.route("https://pictures.example/**", pictures.answer)
    page = await phone.open(f"/shops/{slug}")
    await expect_live(page)
    return page


async def test_a_photo_that_comes_late_or_never_moves_nothing_and_leaves_no_hole(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.add("Carrot cake", photo_url=CAKE, position=1)
    await shop.add("Ginger biscuit", photo_url=GONE, position=2)
    await shop.add("Tea", position=3)
    pictures = Pictures()

    page = await _menu(browser, server, shop.shop["slug"], pictures)
    cake, biscuit = (page.locator("#menu .item", has_text=name) for name in ("Carrot cake", "Ginger biscuit"))
    await expect(cake.locator(".photo")).to_have_attribute("data-letter", "C")
    before = await page.evaluate(ROWS)
    pictures.may_come.set()

    await expect(cake.locator("img")).to_have_js_property("naturalWidth", 300)
    await expect(biscuit.locator("img")).to_have_count(0)
    await expect(biscuit.locator(".photo")).to_have_attribute("data-letter", "G")
    assert await page.evaluate(ROWS) == before
    assert await cake.locator(".photo").bounding_box() is not None
    await expect(page.locator("#menu .item", has_text="Tea").locator(".photo")).to_have_count(0)
    assert pictures.referrers == {None}

    # Drawn anew with something in the basket, what never came is not asked for again.
    await biscuit.get_by_role("button", name="Add Ginger biscuit").click()
    await expect(biscuit).to_contain_text("1")
    assert pictures.asked.count(GONE) == 1


async def test_photos_far_down_a_menu_are_fetched_when_somebody_gets_there(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    for number in range(60):
        await shop.add(f"Cake {number}", photo_url=f"https://pictures.example/{number}.svg", position=number + 1)
    pictures = Pictures()
    pictures.may_come.set()

    page = await _menu(browser, server, shop.shop["slug"], pictures)
    await expect(page.locator("#menu img").first).to_have_js_property("naturalWidth", 300)
    assert "https://pictures.example/59.svg" not in pictures.asked

    await page.locator("#menu .item").last.scroll_into_view_if_needed()
    await expect(page.locator("#menu img").last).to_have_js_property("naturalWidth", 300)


async def test_an_owner_gives_an_item_a_photo_and_an_open_menu_shows_it(
    server: Server, browser: Browser, people: People
) -> None:
    managed = await Managing(browser, server.url, people)()
    pictures = Pictures()
    pictures.may_come.set()
    await managed.who.context.route("https://pictures.example/**", pictures.answer)
    menu = await _menu(browser, server, managed.shop.shop["slug"], pictures)

    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, photo_url="http://pictures.example/cake.svg")
    await managed.page.keyboard.press("Enter")
    assert not await managed.editor.locator("[name=photo_url]").evaluate("(input) => input.validity.valid")
    await fill(managed.editor, photo_url=CAKE)
    await managed.page.keyboard.press("Enter")

    await expect(managed.row().locator("img")).to_have_js_property("naturalWidth", 300)
    await expect(menu.locator("#menu img")).to_have_js_property("naturalWidth", 300)
    assert (await managed.item())["photo_url"] == CAKE
    assert managed.who.complaints == []

    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, photo_url="")
    await managed.page.keyboard.press("Enter")
    await expect(menu.locator("#menu .photo")).to_have_count(0)
    assert (await managed.item())["photo_url"] is None
