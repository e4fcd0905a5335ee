"""Who may manage a shop, with which names, on which screens, and with nothing but a keyboard."""

import uuid

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsing import expect_whole, fill, visitor
from tests.managing import Managing
from tests.people import People, Shop, good
from tests.servers import Server
from tests.stored import stored

LONG = "Double-roasted single-origin flat white with oat milk & cardamom, extra large, hot"
LONG_WORD = "Rinderkennzeichnungsfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-1"
RTL = "قهوة سوداء كبيرة مع الحليب والهيل — ٣٥٠ مل"
SMALLEST = 44

# What can be tapped, with its size; the box of a choice is tapped by its words.
TOUCHED = """() => [...document.querySelectorAll("main :is(a, button, input, select, summary, textarea)")]
    .filter((part) => part.checkVisibility() && !["checkbox", "radio"].includes(part.type))
    .map((part) => [part.textContent || part.name, part.getBoundingClientRect()])
    .map(([name, { width, height }]) => [name, width, height])"""
MANY = """
    INSERT INTO items (id, shop_id, name, price_minor, available, position, version, archived, updated_at)
    SELECT gen_random_uuid(), $1, 'Bun ' || n, 100, true, n, 1, false, now() FROM generate_series(0, 498) n
"""
SPILLS = "() => document.documentElement.scrollWidth - innerWidth"

pytestmark = pytest.mark.server("standing")


async def _named(people: People) -> Shop:
    shop = await people.shop(RTL)
    for name in (LONG, LONG_WORD, RTL):
        await shop.add(name[:80], 100_000_000, category=name[:60], description=name * 3, stock=1_000_000)
    return shop


async def _expect_fitting(page: Page) -> None:
    assert await page.evaluate(SPILLS) <= 0
    touched = await page.evaluate(TOUCHED)
    assert touched
    assert [part for part in touched if part[1] < SMALLEST or part[2] < SMALLEST] == []


async def test_names_of_any_length_and_script_fit_and_every_target_is_as_large_as_a_thumb(manage: Managing) -> None:
    managed = await manage(await _named(manage.people))
    page = managed.page

    for width in (360, 1024, 1920):
        await page.set_viewport_size({"width": width, "height": 740})
        await managed.part("Menu")
        await managed.row(RTL).get_by_role("button", name="Edit").click()
        await page.get_by_role("button", name="Add an item").click()
        await _expect_fitting(page)
        await managed.editor.get_by_role("button", name="Close").click()
        await page.locator("[data-form=item]").get_by_role("button", name="Done").click()
        await _expect_fitting(page)
        await page.get_by_role("button", name="Paused").click()
        for part in ("Screens", "Shop", "Staff"):
            await managed.part(part)
            await _expect_fitting(page)


async def test_a_menu_of_five_hundred_items_is_searched_and_marked_at_once(manage: Managing, server: Server) -> None:
    shop = await manage.people.shop()
    await stored(server.settings["DATABASE_URL"], MANY, uuid.UUID(shop.shop["id"]))
    managed = await manage(shop)

    await expect(managed.page.locator("#items > li")).to_have_count(500)
    await managed.page.get_by_placeholder("Find an item").fill("bun 49")
    await expect(managed.page.locator("#items > li")).to_have_count(10)
    # From the tap to the picture, with all rows in sight again.
    await managed.page.get_by_placeholder("Find an item").fill("")
    button = managed.row("Bun 498").get_by_role("button", name="Sold out")
    shown_ms = await button.evaluate(
        """async (button) => {
            const began = performance.now();
            button.click();
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            return performance.now() - began;
        }"""
    )

    await expect(button).to_have_attribute("aria-pressed", "true")
    assert shown_ms < 500

    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")
    await fill(form, name="One too many", price_minor="1")
    await managed.page.keyboard.press("Enter")
    await expect(form.get_by_role("alert")).to_contain_text("The menu is full")


async def test_a_keyboard_is_enough_and_its_place_is_kept(manage: Managing) -> None:
    managed = await manage()
    page = managed.page
    await expect_whole(page)
    await managed.row().get_by_role("button", name="On sale").focus()

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(managed.row().get_by_role("button", name="Sold out")).to_have_attribute("aria-pressed", "true")
    await expect(managed.row().get_by_role("button", name="Sold out")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.type("4")
    await page.keyboard.press("Enter")
    await expect(managed.row()).to_contain_text("4 left")
    await expect(managed.row().get_by_role("button", name="Count anew")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(managed.editor.locator("[name=name]")).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Big flat white")
    await page.keyboard.press("Enter")
    await expect(managed.row("Big flat white").get_by_role("button", name="Edit")).to_be_focused()

    # Nothing typed, nothing to lose.
    await page.keyboard.press("Enter")
    await expect(managed.editor.locator("[name=name]")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(managed.row("Big flat white").get_by_role("button", name="Edit")).to_be_focused()


async def test_the_focus_comes_back_from_a_dialog_to_a_row_that_has_changed_meanwhile(manage: Managing) -> None:
    managed = await manage()
    count = managed.row().get_by_role("button", name="Count anew")
    await count.focus()
    await managed.page.keyboard.press("Enter")
    await expect(managed.page.get_by_role("dialog")).to_be_visible()

    good(await managed.shop.owner.patch(f"{managed.shop.path}/items/{managed.shop.item['id']}", {"category": "Coffee"}))
    await expect(managed.page.locator("#items")).to_contain_text("Coffee")
    await managed.page.keyboard.press("Escape")

    await expect(count).to_be_focused()


async def test_the_parts_of_the_page_have_addresses_and_the_way_back_works(manage: Managing) -> None:
    managed = await manage()

    await managed.part("Staff")
    await expect(managed.page.get_by_role("heading", name="Staff")).to_be_visible()
    await managed.page.reload()
    await expect(managed.page.get_by_role("heading", name="Staff")).to_be_visible()
    await managed.page.go_back()
    await expect(managed.page.get_by_role("heading", name="Menu")).to_be_visible()
    await expect(managed.page.get_by_role("heading", name="Staff")).to_be_hidden()


async def test_who_does_not_work_here_is_turned_away_with_the_way_to_mend_it(
    manage: Managing, server: Server, browser: Browser
) -> None:
    shop = await manage.people.shop()
    eve = await manage.people.register("Eve")

    page = await (await visitor(browser, server.url, eve)).open(f"/shops/{shop.shop['slug']}/manage")

    await expect(page.get_by_role("heading", name="work at Corner Café")).to_be_visible()
    await expect(page.get_by_text(eve.user["email"])).to_be_visible()
    await page.get_by_role("button", name="Sign in as someone else").click()
    await expect(page.get_by_text("Managing is for the people who work at this shop.")).to_be_visible()
