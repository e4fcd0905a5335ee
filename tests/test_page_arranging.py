"""Putting a menu into order in a real browser: by mouse, by finger, by keys, by taps, and two people at once."""

import asyncio

import pytest
from playwright.async_api import CDPSession, Locator, Page, Request, expect

from tests.browsing import fill
from tests.managing import Managed, Managing
from tests.people import People, Shop, good

DRINKS = ("Espresso", "Flat white", "Cappuccino", "Tea")

pytestmark = pytest.mark.server("standing")


async def _shop(people: People, step: int = 1000) -> Shop:
    shop = await people.shop()
    good(await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"name": DRINKS[0]}))
    for place, name in enumerate(DRINKS[1:], 1):
        await shop.add(name, position=place * step)
    return shop


async def _order(managed: Managed) -> list[str]:
    return [item["name"] for item in good(await managed.shop.owner.get(f"{managed.shop.path}/items"))["data"]]


async def _expect_order(page: Page, *names: str) -> None:
    await expect(page.locator(".item .item-words h3")).to_have_text(list(names))


def _handle(managed: Managed, name: str) -> Locator:
    return managed.row(name).get_by_role("button", name=f"Move {name}: drag, or press the arrow keys")


async def _middle(place: Locator) -> tuple[float, float]:
    box = await place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _patches(page: Page) -> list[str]:
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append(request.post_data or "")

    page.on("request", note)
    return sent


async def test_an_item_is_dragged_with_a_mouse_by_one_change_and_an_open_menu_follows(manage: Managing) -> None:
    managed = await manage(await _shop(manage.people))
    menu = await manage.menu(managed.shop)
    mouse, sent = managed.page.mouse, _patches(managed.page)

    await mouse.move(*await _middle(_handle(managed, "Tea")))
    await mouse.down()
    x, y = await _middle(managed.row("Flat white"))
    await mouse.move(x, y - 8, steps=5)
    await _expect_order(managed.page, "Espresso", "Tea", "Flat white", "Cappuccino")
    await mouse.up()

    await _expect_order(menu, "Espresso", "Tea", "Flat white", "Cappuccino")
    await expect(managed.page.locator("#moved")).to_have_text("Tea now stands at 2 of 4.")
    assert len(sent) == 1
    # What was dragged was not tapped.
    await expect(_handle(managed, "Tea")).to_have_attribute("aria-expanded", "false")
    assert managed.who.complaints == []

    await mouse.move(*await _middle(_handle(managed, "Espresso")))
    await mouse.down()
    await mouse.move(x, 2000, steps=5)
    await managed.page.keyboard.press("Escape")
    await _expect_order(managed.page, "Espresso", "Tea", "Flat white", "Cappuccino")
    await mouse.up()
    assert len(sent) == 1


async def _touch(client: CDPSession, kind: str, x: float, y: float) -> None:
    points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
    await client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


async def test_an_item_is_dragged_with_a_finger_to_the_end_of_a_menu_longer_than_the_phone(manage: Managing) -> None:
    shop = await _shop(manage.people)
    for number in range(8):
        await shop.add(f"Cake {number}", position=10_000 + number)
    managed = await manage(shop, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    client = await managed.who.context.new_cdp_session(managed.page)
    await _handle(managed, "Espresso").scroll_into_view_if_needed()
    x, y = await _middle(_handle(managed, "Espresso"))

    await _touch(client, "touchStart", x, y)
    for step in range(1, 9):
        await _touch(client, "touchMove", x, y + (630 - y) * step / 8)
    await expect(managed.page.locator(".item .item-words h3").last).to_have_text("Espresso")
    await _touch(client, "touchEnd", x, 630)

    await expect(managed.page.locator("#moved")).to_have_text("Espresso now stands at 12 of 12.")
    await expect(managed.row("Cake 7")).to_be_in_viewport()
    async with asyncio.timeout(10):
        while (await _order(managed))[-1] != "Espresso":
            await managed.page.evaluate("() => new Promise(requestAnimationFrame)")


async def test_arrow_keys_move_an_item_keep_the_focus_and_say_where_it_went(manage: Managing) -> None:
    managed = await manage(await _shop(manage.people, step=1))
    page, said = managed.page, managed.page.locator("#moved")
    menu = await manage.menu(managed.shop)
    await managed.row("Espresso").get_by_role("button", name="Edit").focus()
    await page.keyboard.press("Tab")
    await expect(_handle(managed, "Flat white")).to_be_focused()

    await page.keyboard.press("ArrowDown")
    await expect(said).to_have_text("Flat white now stands at 3 of 4.")
    await expect(_handle(managed, "Flat white")).to_be_focused()
    await _expect_order(menu, "Espresso", "Cappuccino", "Flat white", "Tea")

    # Faster than they are sent.
    for _ in range(5):
        await page.keyboard.press("ArrowUp")
    await expect(said).to_have_text("Flat white now stands at 1 of 4.")
    await _expect_order(menu, "Flat white", "Espresso", "Cappuccino", "Tea")
    await page.keyboard.press("End")
    await expect(said).to_have_text("Flat white now stands at 4 of 4.")
    await expect(_handle(managed, "Flat white")).to_be_focused()
    await _expect_order(menu, "Espresso", "Cappuccino", "Tea", "Flat white")


async def test_who_can_neither_drag_nor_press_a_key_moves_an_item_by_taps(manage: Managing) -> None:
    managed = await manage(await _shop(manage.people))
    menu = await manage.menu(managed.shop)

    await _handle(managed, "Tea").click()
    await managed.row("Tea").get_by_role("button", name="Move Tea up").click()
    await managed.row("Tea").get_by_role("button", name="Move Tea up").click()
    await _expect_order(menu, "Espresso", "Tea", "Flat white", "Cappuccino")

    await managed.row("Tea").get_by_role("button", name="Done").click()
    await expect(managed.row("Tea").get_by_role("button", name="Sold out")).to_be_visible()


async def test_items_keep_to_their_category_and_a_category_moves_as_a_whole(manage: Managing) -> None:
    shop = await _shop(manage.people)
    for place, name in enumerate(("Carrot cake", "Brownie")):
        await shop.add(name, position=1500 + place, category="Cake")
    managed = await manage(shop)
    menu, headings = await manage.menu(shop), managed.page.locator(".item-category h3")
    await expect(headings).to_have_text(["More", "Cake"])

    await _handle(managed, "Carrot cake").press("ArrowUp")
    await expect(managed.page.locator("#moved")).to_have_text("Carrot cake now stands at 1 of 2.")
    await managed.page.get_by_role("button", name="Move Cake up").click()

    await expect(managed.page.locator("#moved")).to_have_text("Cake is now category 1 of 2.")
    await expect(headings).to_have_text(["Cake", "More"])
    await _expect_order(menu, "Carrot cake", "Brownie", *DRINKS)

    # Something new stands at the end of its category.
    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")
    await form.get_by_text("Category, stock, photo, description").click()
    await fill(form, name="Scone", price_minor="2", category="Cake")
    await managed.page.keyboard.press("Enter")
    await _expect_order(menu, "Carrot cake", "Brownie", "Scone", *DRINKS)


async def test_two_people_who_move_items_at_once_both_get_their_way(manage: Managing) -> None:
    shop = await _shop(manage.people, step=1)
    one, other = await manage(shop), await manage(shop)
    await other.grow_deaf()
    deafness = await one.grow_deaf()
    for managed in (one, other):
        await _expect_order(managed.page, *DRINKS)
    deafness.has_begun = True

    # One hears nothing of it, and its move is planned anew from what the other has made.
    await _handle(other, "Tea").press("Home")
    await expect(other.page.locator("#moved")).to_have_text("Tea now stands at 1 of 4.")
    await _expect_order(await manage.menu(shop), "Tea", *DRINKS[:3])
    await _handle(one, "Espresso").press("ArrowDown")

    await _expect_order(one.page, "Tea", "Flat white", "Espresso", "Cappuccino")
    await _expect_order(other.page, "Tea", "Flat white", "Espresso", "Cappuccino")


async def test_without_a_network_what_was_moved_springs_back_and_is_asked_for_again(manage: Managing) -> None:
    managed = await manage(await _shop(manage.people))
    await _expect_order(managed.page, *DRINKS)
    await managed.who.context.set_offline(True)

    await _handle(managed, "Tea").press("Home")
    await expect(managed.page.get_by_text("The order of the menu stays as it was.")).to_be_visible()
    await _expect_order(managed.page, *DRINKS)

    await managed.who.context.set_offline(False)
    await managed.page.get_by_role("button", name="Try again").click()
    await _expect_order(managed.page, "Tea", *DRINKS[:3])
    await _expect_order(await manage.menu(managed.shop), "Tea", *DRINKS[:3])


async def test_staff_and_a_search_leave_the_order_alone(manage: Managing) -> None:
    shop = await _shop(manage.people)
    for number in range(10):
        await shop.add(f"Cake {number}", position=10_000 + number)
    helper = await manage.people.register("Sam")
    good(await shop.owner.post(f"{shop.path}/staff", {"email": helper.user["email"]}), 201)
    owners, staffs = await manage(shop), await manage(shop, helper)

    await expect(owners.page.locator(".handle")).to_have_count(14)
    await owners.page.get_by_placeholder("Find an item").fill("cake")
    await expect(owners.page.locator("#items > .item")).to_have_count(10)
    await expect(owners.page.locator(".handle")).to_have_count(0)
    await expect(staffs.page.locator("#items > .item")).to_have_count(14)
    await expect(staffs.page.locator(".handle")).to_have_count(0)
