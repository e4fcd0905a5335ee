"""A day's orders in a real browser: the figures, the table, and the file for a spreadsheet program."""

import asyncio
import csv
import io
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.browsing import expect_whole
from tests.conftest import one_server
from tests.managing import Managed, Managing
from tests.people import People, Shop, good
from tests.servers import Server
from tests.stored import stored

ZONE = "Pacific/Auckland"
YESTERDAY = "UPDATE orders SET business_day = business_day - 1 WHERE shop_id = $1"


@pytest.fixture(scope="module")
async def server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with one_server(postgres, tmp_path_factory.mktemp("server"), BEAT_SECONDS="1") as running:
        yield running


async def _shop(people: People) -> Shop:
    return await people.shop(time_zone=ZONE)


async def _place(shop: Shop, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    """The shop's own staff may have as many orders as they like."""
    return [await shop.owner.order(shop.shop, shop.item, **more) for _ in range(count)]


async def _orders(managed: Managed) -> Page:
    await managed.part("Orders")
    await expect(managed.page.locator("#part-orders")).to_have_attribute("aria-busy", "false")
    return managed.page


async def _file(page: Page) -> tuple[str, bytes]:
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download as CSV").click()
    download = await started.value
    return download.suggested_filename, await asyncio.to_thread(Path(await download.path()).read_bytes)


def _today() -> str:
    return f"{datetime.now(ZoneInfo(ZONE)).date()}"


async def test_all_orders_of_the_shops_day_are_on_the_table_and_in_the_file(manage: Managing, server: Server) -> None:
    shop = await _shop(manage.people)
    await _place(shop, 3)
    await stored(server.settings["DATABASE_URL"], YESTERDAY, uuid.UUID(shop.shop["id"]))
    placed = await _place(shop, 118)
    await shop.owner.move(placed[0], "ready")
    await shop.owner.move(placed[1], "cancelled", reason="Out of milk")

    managed = await manage(shop)
    page = await _orders(managed)
    await expect(page.locator("#day-count")).to_have_text("117")
    await expect(page.locator("#day-sum")).to_have_text("€409.50")
    await expect(page.locator("#day-rows tr")).to_have_count(100)
    await page.get_by_role("button", name="Show all 118").click()
    await expect(page.locator("#day-rows tr")).to_have_count(118)

    name, content = await _file(page)
    assert name == f"{shop.shop['slug']}-{_today()}.csv"
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["Number"] for row in rows] == [str(order["number"]) for order in placed]
    assert {row["Business day"] for row in rows} == {_today()}
    assert rows[0] == {**rows[0], "Status": "Ready", "Items": "1 × Flat white", "Total": "3.50", "Currency": "EUR"}
    assert (rows[1]["Status"], rows[1]["Reason"]) == ("Cancelled", "Out of milk")
    at = datetime.fromisoformat(placed[0]["placed_at"]).astimezone(ZoneInfo(ZONE))
    assert rows[0]["Placed"] == f"{at:%Y-%m-%d %H:%M}"

    await page.get_by_role("button", name="The day before").click()
    await expect(page.locator("#day-rows tr")).to_have_count(3)
    await expect(page.locator("#day-rows th")).to_have_text(["3", "2", "1"])
    await page.get_by_role("button", name="The day before").click()
    await expect(page.locator("#day-state")).to_contain_text("No orders on")
    await expect(page.get_by_role("button", name="Download as CSV")).to_be_disabled()
    assert managed.who.complaints == []


async def test_what_somebody_typed_is_no_formula_in_the_file(manage: Managing) -> None:
    shop = await _shop(manage.people)
    note = '=HYPERLINK("https://evil.example","free, \nnow")'
    await _place(shop, pickup_name="=1+1", note=note)

    _, content = await _file(await _orders(await manage(shop)))

    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (row["Name"], row["Note"]) == ("'=1+1", f"'{note}")


async def test_the_day_adds_up_at_a_glance_and_goes_on_by_itself(manage: Managing) -> None:
    shop = await _shop(manage.people)
    await shop.add("Brownie", 300)
    orders = await _place(shop, 2)
    page = await _orders(await manage(shop))
    statuses, items, hours = (page.locator(f"#day-{name} li") for name in ("statuses", "items", "hours"))

    await expect(statuses).to_have_text(["New2€7.00"])
    await expect(items).to_have_text(["Flat white2€7.00"])
    await expect(hours.first).to_contain_text("€7.00")

    body = {"lines": [{"item_id": shop.items[1]["id"], "quantity": 5}]}
    good(await shop.owner.post(f"{shop.path}/orders", body), 201)
    await shop.owner.move(orders[0], "cancelled", reason="Out of milk")
    await expect(statuses).to_have_text(["New2€18.50", "Cancelled1€3.50"])
    await expect(items).to_have_text(["Brownie5€15.00", "Flat white1€3.50"])
    await expect(page.locator("#day-sum")).to_have_text("€18.50")
    await expect(page.locator("#day-rows tr").first).to_contain_text("5 × Brownie")


async def test_a_day_that_cannot_be_read_says_so_and_is_read_once_the_network_is_back(manage: Managing) -> None:
    shop = await _shop(manage.people)
    await _place(shop, 2)
    managed = await manage(shop)
    await _orders(managed)
    await managed.part("Menu")
    await _place(shop)
    await managed.who.context.set_offline(True)

    await managed.part("Orders")
    await expect(managed.page.locator("#day-problem")).to_contain_text("No answer from the server.")
    await managed.page.locator("#part-orders").get_by_role("button", name="Try again").click()
    await expect(managed.page.locator("#day-problem")).to_contain_text("No answer from the server.")
    await managed.who.context.set_offline(False)

    await expect(managed.page.locator("#day-rows tr")).to_have_count(3)
    await expect(managed.page.locator("#day-problem")).to_be_hidden()


async def test_staff_reach_the_days_of_the_shop_with_the_keyboard_on_a_phone(manage: Managing, server: Server) -> None:
    shop = await _shop(manage.people)
    await _place(shop, 2)
    await stored(server.settings["DATABASE_URL"], YESTERDAY, uuid.UUID(shop.shop["id"]))
    helper = await manage.people.register("Sam")
    good(await shop.owner.post(f"{shop.path}/staff", {"email": helper.user["email"]}), 201)
    managed = await manage(shop, helper, viewport={"width": 360, "height": 740})
    page = managed.page

    await page.get_by_role("link", name="Orders", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#day-state")).to_contain_text("No orders on")
    await page.get_by_role("button", name="The day before").focus()
    await page.keyboard.press("Enter")

    await expect(page.locator("#day-rows tr")).to_have_count(2)
    yesterday = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    await expect(page.locator("#day")).to_have_value(f"{yesterday}")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # What was ordered has the whole width of the phone, not a narrow column of it.
    share = "row => row.querySelector('p').parentElement.clientWidth / row.clientWidth"
    assert await page.locator("#day-rows tr").first.evaluate(share) > 0.9


async def test_a_part_that_nobody_has_looked_at_yet_is_fetched_before_the_network_fails(manage: Managing) -> None:
    managed = await manage()
    await expect(managed.row()).to_be_visible()
    await expect_whole(managed.page)
    await managed.who.context.set_offline(True)

    await managed.row().get_by_role("button", name="Edit").click()
    await expect(managed.editor.locator("[name=name]")).to_have_value("Flat white")
    await managed.part("Orders")
    await expect(managed.page.locator("#day-problem")).to_contain_text("No answer from the server.")
