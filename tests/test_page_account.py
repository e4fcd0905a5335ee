"""My account in a real browser: another name, and the way out."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browsing import fill, visitor
from tests.erasing import finished_order, wordy_order
from tests.people import PASSWORD, People, good, refused
from tests.servers import Server

pytestmark = pytest.mark.server("standing")


async def test_somebody_changes_their_name_and_has_their_account_erased_in_two_steps(
    server: Server, browser: Browser, people: People
) -> None:
    cafe, ada = await people.shop(), await people.register("Ada")
    await finished_order(ada, cafe)
    order = await wordy_order(ada, cafe)
    phone = await visitor(browser, server.url, ada, viewport={"width": 360, "height": 740})
    page = await phone.open("/orders")

    await page.get_by_role("link", name="My account").click()
    await expect(page.get_by_text(f"You sign in with {ada.user['email']}.")).to_be_visible()
    await fill(page.locator("#name"), name="Countess")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    assert good(await ada.get("/v1/me"))["name"] == "Countess"

    form = page.locator("#erase")
    await expect(form).not_to_be_visible()
    await page.get_by_role("button", name="Erase my account").click()
    await expect(page.get_by_text(f"Your name and {ada.user['email']}, from everything here.")).to_be_visible()
    await expect(page.get_by_text("The shops keep what was ordered")).to_be_visible()
    for password, why in (("wrong password", "This is not your password."), (PASSWORD, "You have orders under way.")):
        await fill(form, password=password)
        await form.get_by_role("button", name="Erase it for good").click()
        await expect(form.get_by_role("alert")).to_contain_text(why)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.get_by_role("button", name="Keep my account").click()
    await expect(form).not_to_be_visible()

    await ada.move(order, "cancelled")
    await page.evaluate("localStorage.setItem('orderflow.basket.1', 'Countess')")
    await page.get_by_role("button", name="Erase my account").click()
    await fill(form, password=PASSWORD)
    await form.get_by_role("button", name="Erase it for good").click()

    await page.wait_for_url(re.compile("/#erased$"))
    await expect(page.get_by_text("Your account is erased.")).to_be_visible()
    await expect(page.locator("[data-form=sign_in]")).to_be_visible()
    assert await page.evaluate("localStorage.length") == 0
    refused(await ada.get("/v1/orders"), 401, "unauthenticated")
    await page.go_back()
    await expect(page.get_by_text("Sign in to see your orders.")).to_be_visible()
    # Being refused is no fault either; the browser's console calls it one.
    assert [each for each in phone.complaints if not re.search("status of (403|409)", each)] == []


async def test_who_is_not_signed_in_is_asked_who_they_are(server: Server, browser: Browser, people: People) -> None:
    ada = await people.register("Ada")
    page = await (await visitor(browser, server.url)).open("/account")

    form = page.locator("[data-form=sign_in]")
    await fill(form, email=ada.user["email"], password=PASSWORD)
    await form.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_label("Your name")).to_have_value("Ada")
    await expect(page.get_by_role("navigation", name="Account").get_by_role("link", name="Ada")).to_be_visible()
