"""Managing a shop in a real browser: the menu, prices and stock, the facts, the staff, and pausing."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browsing import fill
from tests.conftest import one_server
from tests.managing import Managing
from tests.people import good
from tests.servers import Server

# Whether all parts of something stand on one line.
IN_ONE_LINE = """({ children }) => {
    const boxes = [...children].map((child) => child.getBoundingClientRect());
    return Math.max(...boxes.map(({ top }) => top)) < Math.min(...boxes.map(({ bottom }) => bottom));
}"""


@pytest.fixture(scope="module")
async def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with one_server(postgres, tmp_path_factory.mktemp("server"), BEAT_SECONDS="1") as running:
        yield running


async def test_sold_out_in_one_tap_shows_on_an_open_menu_and_so_does_the_way_back(manage: Managing) -> None:
    managed = await manage()
    menu = await manage.menu(managed.shop)

    # An impatient thumb taps twice, and it stays sold out.
    await managed.row().get_by_role("button", name="Sold out").dblclick()
    await expect(menu.locator("#menu")).to_contain_text("sold out")
    await expect(managed.row().get_by_role("button", name="Sold out")).to_have_attribute("aria-pressed", "true")

    await managed.row().get_by_role("button", name="On sale").click()
    await expect(menu.get_by_label("Add Flat white")).to_be_visible()
    assert managed.who.complaints == []


async def test_pausing_shows_on_an_open_menu_and_the_owner_reads_what_customers_read(manage: Managing) -> None:
    managed = await manage()
    menu = await manage.menu(managed.shop)

    await managed.page.get_by_role("button", name="Paused").click()
    await expect(menu.get_by_text("This shop takes no orders at the moment.")).to_be_visible()
    await expect(managed.page.locator("#ordering")).to_contain_text("“This shop takes no orders at the moment.")

    await managed.page.get_by_role("button", name="Open", exact=True).click()
    await expect(menu.locator("#paused")).to_be_hidden()
    await expect(managed.page.locator("#ordering")).to_contain_text("Customers can order.")


@pytest.mark.parametrize(
    ("currency", "typed", "shown", "minor"),
    [("EUR", "3,50", "€3.50", 350), ("EUR", "1.234,5 €", "€1,234.50", 123_450), ("JPY", "350", "JP¥350", 350)],
)
async def test_a_price_is_typed_as_people_type_it_and_shown_as_they_write_it(
    manage: Managing, currency: str, typed: str, shown: str, minor: int
) -> None:
    managed = await manage(await manage.people.shop(currency=currency))
    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")

    await fill(form, name="Cake", price_minor=typed)
    await expect(form).to_contain_text(shown)
    await managed.page.keyboard.press("Enter")

    await expect(managed.row("Cake").locator(".amount")).to_have_text(shown)
    found = good(await managed.shop.owner.get(f"{managed.shop.path}/items"))["data"]
    assert [item["price_minor"] for item in found if item["name"] == "Cake"] == [minor]


async def test_a_row_of_the_menu_and_what_was_done_to_it_take_one_line_on_a_tablet(manage: Managing) -> None:
    for locale, edit, save in (("en-GB", "Edit", "Save"), ("de-DE", "Ändern", "Speichern")):
        managed = await manage(viewport={"width": 1024, "height": 768}, locale=locale)
        await expect(managed.row()).to_be_visible()
        assert await managed.row().locator(".item-acts").evaluate(IN_ONE_LINE)

        await managed.row().get_by_role("button", name=edit).click()
        await managed.editor.locator("[name=price_minor]").fill("4")
        await managed.editor.get_by_role("button", name=save).click()

        assert await managed.page.locator(".toast").evaluate(IN_ONE_LINE)


async def test_what_is_no_price_is_explained_and_stays_to_be_mended(manage: Managing) -> None:
    managed = await manage()
    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")

    await fill(form, name="Cake", price_minor="three")
    await managed.page.keyboard.press("Enter")

    await expect(form.get_by_role("alert")).to_have_text("Price: write it like 3.50")
    await expect(form.locator("[name=price_minor]")).to_have_attribute("aria-invalid", "true")
    await expect(form.locator("[name=name]")).to_have_value("Cake")


async def test_taking_an_item_off_the_menu_is_asked_before_it_is_done(manage: Managing) -> None:
    managed = await manage()
    await managed.row().get_by_role("button", name="Edit").click()

    await managed.editor.get_by_role("button", name="Take off the menu").click()
    await expect(managed.page.get_by_role("dialog")).to_contain_text("Take Flat white off the menu for good?")
    await managed.page.get_by_role("dialog").get_by_role("button", name="Not now").click()
    assert (await managed.item())["name"] == "Flat white"

    await managed.editor.get_by_role("button", name="Take off the menu").click()
    await managed.page.get_by_role("dialog").get_by_role("button", name="Take off the menu").click()
    await expect(managed.page.get_by_text("Nothing on the menu yet.")).to_be_visible()


async def test_stock_is_counted_by_taps_and_what_is_none_left_is_counted_before_it_sells_again(
    manage: Managing,
) -> None:
    managed = await manage(await manage.people.shop(stock=2))
    dialog = managed.page.get_by_role("dialog")

    await managed.row().get_by_role("button", name="Count anew").click()
    await dialog.get_by_role("button", name="One less").click(click_count=2)
    await dialog.get_by_role("button", name="Save").click()
    await expect(managed.row().get_by_role("button", name="Sold out")).to_have_attribute("aria-pressed", "true")
    await expect(managed.row()).to_contain_text("0 left")

    await managed.row().get_by_role("button", name="On sale").click()
    await dialog.get_by_role("textbox").fill("12")
    await managed.page.keyboard.press("Enter")
    await expect(managed.row()).to_contain_text("12 left")
    await expect(managed.row().get_by_role("button", name="On sale")).to_have_attribute("aria-pressed", "true")

    await managed.row().get_by_role("button", name="Count anew").click()
    await dialog.get_by_role("button", name="No limit").click()
    await expect(managed.row()).not_to_contain_text("left")
    assert (await managed.item())["stock"] is None


async def test_staff_mark_and_count_and_are_shown_nothing_else_to_change(manage: Managing) -> None:
    shop = await manage.people.shop(stock=5)
    helper = await manage.people.register("Sam")
    good(await shop.owner.post(f"{shop.path}/staff", {"email": helper.user["email"]}), 201)
    managed = await manage(shop, helper)

    await expect(managed.page.get_by_text("You work at Corner Café")).to_be_visible()
    await expect(managed.page.locator("#ordering")).to_contain_text("Open for orders")
    for hidden in ("Edit", "Add an item", "Paused"):
        await expect(managed.page.get_by_role("button", name=hidden)).to_have_count(0)
    for hidden in ("Shop", "Staff"):
        await expect(managed.page.get_by_role("link", name=hidden, exact=True)).to_have_count(0)

    await managed.row().get_by_role("button", name="Sold out").click()
    await managed.row().get_by_role("button", name="Count anew").click()
    await managed.page.get_by_role("dialog").get_by_role("textbox").fill("3")
    await managed.page.keyboard.press("Enter")
    await expect(managed.row()).to_contain_text("3 left")
    item = await managed.item()
    assert (item["available"], item["stock"]) == (False, 3)
    await managed.part("Screens")
    await expect(managed.page.locator("[data-screen=board] img")).to_be_visible()


async def test_staff_are_added_by_e_mail_and_removing_them_can_be_undone(manage: Managing) -> None:
    managed = await manage()
    helper = await manage.people.register("Sam")
    await managed.part("Staff")
    form, rows = managed.page.locator("#add-staff"), managed.page.locator("#staff > li")

    await fill(form, email="nobody@example.com")
    await form.get_by_role("button", name="Add to the staff").click()
    await expect(form.get_by_role("alert")).to_contain_text("Nobody has an account with this e-mail address.")
    await expect(form.locator("[name=email]")).to_have_value("nobody@example.com")
    for told in ("Sam now works here", "Sam works here already"):
        await fill(form, email=helper.user["email"].upper())
        await form.get_by_role("button", name="Add to the staff").click()
        await expect(managed.page.get_by_text(told)).to_be_visible()
    await expect(rows).to_have_count(2)

    await managed.page.get_by_role("button", name="Remove Sam").click()
    await expect(rows).to_have_count(1)
    assert good(await helper.get("/v1/me/shops"))["data"] == []
    await managed.page.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(2)
    assert len(good(await helper.get("/v1/me/shops"))["data"]) == 1


async def test_the_facts_of_a_shop_are_changed_and_its_codes_follow_its_address(manage: Managing) -> None:
    managed = await manage()
    await managed.part("Shop")
    form = managed.page.locator("#facts")
    await fill(
        form, name="The Old Corner", slug=f"old-{managed.shop.shop['slug']}", description="Since 1911", address=""
    )
    await fill(form, warm_minutes="12", hot_minutes="20")
    await form.get_by_label("Show on the front page").uncheck()
    await form.get_by_role("button", name="Save").click()

    await expect(managed.page.get_by_role("heading", name="The Old Corner")).to_be_visible()
    await managed.page.wait_for_url(f"**/shops/old-{managed.shop.shop['slug']}/manage#shop")
    await managed.part("Screens")
    address = managed.page.locator("[data-screen=menu]").get_by_role("textbox")
    await expect(address).to_have_value(f"{manage.url}/shops/old-{managed.shop.shop['slug']}")
    shop = good(await managed.shop.owner.get(managed.shop.path))
    assert (shop["listed"], shop["description"], shop["address"]) == (False, "Since 1911", None)
    assert (shop["warm_minutes"], shop["hot_minutes"]) == (12, 20)
