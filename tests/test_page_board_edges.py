"""The counter board where room is short: its tools on a tablet and a phone, what is below an edge, its languages."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsing import Visitor, card, expect_live, visitor
from tests.people import People, Shop, good
from tests.servers import Server

TABLET = {"viewport": {"width": 1024, "height": 768}}
PHONE_HEIGHT = 740
PHONE = {"viewport": {"width": 360, "height": PHONE_HEIGHT}, "has_touch": True}
STATIONS = ("Coffee", "From the oven", "Tea and chocolate", "Cold drinks", "Sandwiches")
# Whether two things of a page cover each other, anywhere.
COVERS = """([one, others]) => {
    const box = document.querySelector(one).getBoundingClientRect();
    return [...document.querySelectorAll(others)]
        .map((element) => [element, element.getBoundingClientRect()])
        .filter(([element]) => element.checkVisibility())
        .filter(([, other]) => other.left < box.right && other.right > box.left)
        .filter(([, other]) => other.top < box.bottom && other.bottom > box.top)
        .map(([element]) => element.outerHTML.slice(0, 80));
}"""

# On how many lines each word of an element stands.
LINES_PER_WORD = """(element) => [...element.textContent.matchAll(/\\S+/g)].map(({ index, 0: { length } }) => {
    const range = document.createRange();
    range.setStart(element.firstChild, index);
    range.setEnd(element.firstChild, index + length);
    return range.getClientRects().length;
})"""
# What is neither wholly inside of its place nor wholly hidden by its edge.
SHOWN_IN_PART = """(place) => {
    const { left, right, top, bottom } = place.getBoundingClientRect();
    return [...place.children].filter((child) => {
        const box = child.getBoundingClientRect();
        const isIn = box.left >= left && box.right <= right && box.top >= top && box.bottom <= bottom;
        const isOut = box.left >= right || box.right <= left || box.top >= bottom || box.bottom <= top;
        return !isIn && !isOut;
    }).map((child) => child.textContent);
}"""


async def board_of(shop: Shop, server: Server, browser: Browser, **device: object) -> tuple[Visitor, Page]:
    """A board that is live, on this device."""
    owner = await visitor(browser, server.url, shop.owner, **device)
    page = await owner.open(f"/shops/{shop.shop['slug']}/board")
    await expect_live(page)
    return owner, page


async def shop_with_stations(people: People) -> Shop:
    """A shop with more stations than a tablet has room for."""
    shop = await people.shop()
    for station in STATIONS:
        await shop.add(f"Something from {station}", category=station)
    return shop


async def orders(shop: Shop, count: int) -> None:
    """Let so many orders come in."""
    body = {"lines": [{"item_id": shop.item["id"], "quantity": 1}]}
    for _ in range(count):
        good(await shop.owner.post(f"{shop.path}/orders", body), 201)


async def test_every_station_can_be_had_on_a_tablet_and_a_chosen_one_is_in_sight(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await shop_with_stations(people)
    _, page = await board_of(shop, server, browser, **TABLET)
    last = page.get_by_role("button", name=STATIONS[-1])
    await expect(last).not_to_be_in_viewport(ratio=1)
    assert "gradient" in await page.locator(".stations").evaluate("(row) => getComputedStyle(row).maskImage")

    await last.click()
    await page.reload()

    await expect(last).to_have_attribute("aria-pressed", "true")
    await expect(last).to_be_in_viewport(ratio=1)
    # Nothing of it lies under the fading edge.
    room = "(at) => at.parentElement.getBoundingClientRect().right - at.getBoundingClientRect().right"
    assert await last.evaluate(room) >= 40


async def test_a_phone_keeps_what_is_seldom_needed_in_a_sheet(server: Server, browser: Browser, people: People) -> None:
    shop = await shop_with_stations(people)
    owner, page = await board_of(shop, server, browser, **PHONE)
    await orders(shop, 1)
    first = card(page, "pending", 1)
    await expect(first).to_be_visible()
    # It glides to its place.
    await first.evaluate("(card) => Promise.all(card.getAnimations().map(({ finished }) => finished))")
    box = await first.bounding_box()
    assert box is not None
    assert box["y"] < 0.42 * PHONE_HEIGHT, "less than half of the screen stands above the first order"

    await page.get_by_role("button", name="Stations and more").tap()
    await page.get_by_role("button", name=STATIONS[0]).tap()
    await expect(page.get_by_role("button", name=STATIONS[1])).to_be_hidden()
    await expect(page.locator(".tools-more")).to_have_text(STATIONS[0])
    await page.get_by_role("button", name="Stations and more").tap()
    await page.get_by_role("button", name="All", exact=True).tap()
    await page.get_by_role("button", name="Stations and more").tap()
    await page.get_by_role("button", name="All day").tap()
    await expect(page.locator("#side-all_day")).to_be_visible()
    await page.locator("#tabs").get_by_role("button", name="New").tap()

    await expect(page.locator("#side-all_day")).to_be_hidden()
    await expect(first).to_be_visible()
    assert owner.complaints == []


async def test_the_sign_for_sound_covers_no_order_and_no_station(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await shop_with_stations(people)
    await orders(shop, 6)
    for device in (TABLET, PHONE):
        _, page = await board_of(shop, server, browser, **device)
        sign = page.locator("#ringing")
        await expect(sign).to_have_text("Tap to enable sound")

        assert await page.evaluate(COVERS, ["#ringing", ".card, .stations, .column-tabs, .side-buttons, .light"]) == []
        await page.locator("#title").click()
        await expect(sign).to_be_hidden()
        await expect(page.get_by_role("searchbox")).to_be_visible()


async def test_a_column_says_how_many_orders_stand_below_its_edge_and_a_tap_brings_them(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await orders(shop, 9)
    _, page = await board_of(shop, server, browser, **TABLET, reduced_motion="reduce")
    more = page.locator("[data-status=pending] > .below")
    cards = page.locator("#column-pending > .card")
    await expect(cards).to_have_count(9)
    await expect(more).to_have_text(re.compile(r"\d more"))
    first = 9 - int((await more.inner_text()).split()[0])
    await expect(cards.nth(first - 1)).to_be_in_viewport(ratio=0.99)
    assert await page.evaluate(COVERS, [".below", f"#column-pending > :nth-child({first})"]) == []
    await expect(page.locator("[data-status=ready] > .below")).to_be_hidden()

    await more.click()
    await expect(cards.nth(first)).to_be_in_viewport(ratio=0.99)
    await expect(more).not_to_have_text(f"{9 - first} more")
    for _ in range(9):
        # What is at its end is hidden a frame after that.
        await more.evaluate("more => more.textContent && more.click()")
    await expect(cards.nth(8)).to_be_in_viewport(ratio=0.99)

    await expect(more).to_be_hidden()


async def test_a_name_is_read_word_by_word_on_the_narrowest_card(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.owner.order(shop.shop, shop.item, pickup_name="Bartholomäus Wilhelmsen")
    for width, side in ((1024, "Done lately"), (1024, None), (768, None), (360, None)):
        _, page = await board_of(shop, server, browser, viewport={"width": width, "height": 768})
        if side:
            await page.get_by_role("button", name=side).click()
            await expect(page.get_by_role("heading", name=side)).to_be_visible()

        assert await page.locator(".card .card-name").evaluate(LINES_PER_WORD) == [1, 1]


async def test_a_board_on_a_screen_of_twice_the_pixels_is_read_from_as_far(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await orders(shop, 1)
    _, page = await board_of(shop, server, browser, viewport={"width": 1920, "height": 1080})
    size = "() => parseFloat(getComputedStyle(document.querySelector('.card .line-name')).fontSize)"
    on_hd = await page.evaluate(size)

    await page.set_viewport_size({"width": 3840, "height": 2160})

    assert await page.evaluate(size) == pytest.approx(2 * on_hd, rel=0.02)


async def test_an_undo_that_has_no_room_is_not_shown_in_part(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    await orders(shop, 6)
    for device in (TABLET, PHONE):
        _, page = await board_of(shop, server, browser, **device)
        starts = page.locator("#column-pending").get_by_role("button", name="Start")
        for _ in range(3):
            # Where the card before stood, a second tap at once would be taken for a slip.
            await starts.last.evaluate("button => button.click()")

        offers = page.locator(".undo-offers")
        await expect(offers.locator("button")).to_have_count(3)
        assert await offers.evaluate(SHOWN_IN_PART) == []
        await expect(offers.locator("button").first).to_be_in_viewport(ratio=1)


async def test_the_language_of_a_board_is_changed_beside_its_keys(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    for device in (TABLET, PHONE):
        _, page = await board_of(shop, server, browser, **device)
        await expect(page.get_by_role("button", name="Deutsch")).to_be_hidden()
        if device is PHONE:
            await page.get_by_role("button", name="Stations and more").click()
        await page.get_by_role("button", name="Keys and language").click()

        await page.get_by_role("dialog").get_by_role("button", name="Deutsch").click()

        await expect(page.locator("#page-name")).to_have_text("Theke")
