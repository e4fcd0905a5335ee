"""Managing a shop beside others who do, who order meanwhile, and with a network that fails: nothing typed is lost."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browsing import fill, lose_answers
from tests.conftest import one_server
from tests.managing import Managing
from tests.people import good
from tests.servers import Server


@pytest.fixture(scope="module")
async def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with one_server(postgres, tmp_path_factory.mktemp("server"), BEAT_SECONDS="1") as running:
        yield running


async def test_what_two_people_change_at_once_is_shown_and_nothing_typed_is_lost(manage: Managing) -> None:
    managed = await manage()
    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, price_minor="3,60")

    other = {"price_minor": 380, "name": "Big flat white"}
    good(await managed.shop.owner.patch(f"{managed.shop.path}/items/{managed.shop.item['id']}", other))

    await expect(managed.editor).to_contain_text(
        "Price was changed by someone else, to: €3.80. If you save, yours counts."
    )
    await expect(managed.editor).to_contain_text("Name was changed by someone else. It is now: Big flat white")
    await expect(managed.editor.locator("[name=price_minor]")).to_have_value("3,60")
    await expect(managed.editor.locator("[name=name]")).to_have_value("Big flat white")
    await managed.editor.get_by_role("button", name="Save").click()
    await expect(managed.row("Big flat white")).to_contain_text("€3.60")


async def test_a_page_that_hears_nothing_asks_before_it_overwrites(manage: Managing) -> None:
    managed = await manage()
    deafness = await managed.grow_deaf()
    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, price_minor="3.60", category="Coffee")
    deafness.has_begun = True
    other = {"price_minor": 380, "description": "With foam"}
    good(await managed.shop.owner.patch(f"{managed.shop.path}/items/{managed.shop.item['id']}", other))

    await managed.editor.get_by_role("button", name="Save").click()
    await expect(managed.editor.get_by_role("alert")).to_contain_text("Someone else changed this meanwhile.")
    await managed.editor.get_by_role("button", name="Take theirs").click()
    await managed.editor.get_by_role("button", name="Save").click()

    await expect(managed.row()).to_contain_text("€3.80")
    item = await managed.item()
    assert (item["price_minor"], item["category"], item["description"]) == (380, "Coffee", "With foam")


async def test_changes_of_different_facts_of_the_shop_go_together(manage: Managing) -> None:
    managed = await manage()
    deafness = await managed.grow_deaf()
    await managed.part("Shop")
    form = managed.page.locator("#facts")
    await fill(form, phone="030 1234567")
    deafness.has_begun = True
    good(await managed.shop.owner.patch(managed.shop.path, {"address": "Market Square 7"}))

    await form.get_by_role("button", name="Save").click()

    await expect(managed.page.get_by_text("Saved.")).to_be_visible()
    await expect(form.locator("[name=address]")).to_have_value("Market Square 7")
    shop = good(await managed.shop.owner.get(managed.shop.path))
    assert (shop["phone"], shop["address"]) == ("030 1234567", "Market Square 7")


@pytest.mark.parametrize("hears", [True, False])
async def test_what_is_edited_while_it_sells_is_not_put_back_on_the_shelf(manage: Managing, hears: bool) -> None:
    managed = await manage(await manage.people.shop(stock=10))
    deafness = await managed.grow_deaf()
    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, description="With foam")
    deafness.has_begun = not hears

    await (await manage.people.register()).order(managed.shop.shop, managed.shop.item, quantity=3)
    await expect(managed.editor.locator("[name=stock]")).to_have_value("7" if hears else "10")
    await managed.editor.get_by_role("button", name="Save").click()

    await expect(managed.row()).to_contain_text("7 left")
    item = await managed.item()
    assert (item["stock"], item["description"]) == (7, "With foam")


@pytest.mark.parametrize("hears", [True, False])
async def test_what_somebody_took_off_the_menu_while_it_was_edited_can_be_saved_anew(
    manage: Managing, hears: bool
) -> None:
    managed = await manage()
    deafness = await managed.grow_deaf()
    await managed.row().get_by_role("button", name="Edit").click()
    await fill(managed.editor, price_minor="3.60")
    deafness.has_begun = not hears
    good(await managed.shop.owner.delete(f"{managed.shop.path}/items/{managed.shop.item['id']}"), 204)

    if not hears:
        await managed.editor.get_by_role("button", name="Save").click()
    await expect(managed.editor).to_contain_text("Someone else took this off the menu.")
    await managed.editor.get_by_role("button", name="Save").click()

    await expect(managed.row()).to_contain_text("€3.60")
    assert (await managed.item())["id"] != managed.shop.item["id"]


async def test_without_a_network_nothing_typed_is_lost_and_taps_say_that_they_failed(manage: Managing) -> None:
    managed = await manage()
    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")
    await managed.who.context.set_offline(True)

    await fill(form, name="Cake", price_minor="4")
    await form.get_by_role("button", name="Add to the menu").click()
    await expect(form.get_by_role("alert")).to_contain_text("No answer from the server.")
    await managed.row().get_by_role("button", name="Sold out").click()
    await expect(managed.page.get_by_text("Flat white stays as it was. No answer from the server.")).to_be_visible()
    await expect(managed.row().get_by_role("button", name="On sale")).to_have_attribute("aria-pressed", "true")

    await managed.who.context.set_offline(False)
    await managed.page.get_by_role("button", name="Try again").click()
    await expect(managed.row().get_by_role("button", name="Sold out")).to_have_attribute("aria-pressed", "true")
    await form.get_by_role("button", name="Add to the menu").click()
    await expect(managed.row("Cake")).to_contain_text("€4.00")


async def test_an_item_whose_answer_was_lost_is_added_once(manage: Managing) -> None:
    managed = await manage()
    lost = await lose_answers(managed.page, re.compile(r"/v1/shops/[^/]+/items$"))
    await managed.page.get_by_role("button", name="Add an item").click()
    form = managed.page.locator("[data-form=item]")
    await fill(form, name="Cake", price_minor="4")
    for _ in range(2):
        await form.get_by_role("button", name="Add to the menu").click()
        await expect(form).not_to_have_attribute("aria-busy", "true")

    await expect(managed.page.get_by_text("Cake is on the menu.")).to_be_visible()
    await expect(managed.row("Cake")).to_have_count(1)
    assert len(lost) == 1
    assert len(good(await managed.shop.owner.get(f"{managed.shop.path}/items"))["data"]) == 2


async def test_leaving_with_something_typed_is_asked_before_it_is_lost(manage: Managing) -> None:
    managed = await manage()
    await managed.part("Shop")
    await managed.page.locator("#facts [name=phone]").press_sequentially("030")

    async with managed.page.expect_event("dialog") as asked:
        await managed.page.close(run_before_unload=True)
    dialog = await asked.value
    await dialog.dismiss()

    assert dialog.type == "beforeunload"
    await expect(managed.page.locator("#facts [name=phone]")).to_have_value("030")
