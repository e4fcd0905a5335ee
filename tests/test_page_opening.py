"""A new owner's first two minutes, and the codes that bring customers: in a real browser, scanned from its pixels."""

import re
import time

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsing import Visitor, card, expect_live, fill, lose_answers, visitor
from tests.codes import scan
from tests.people import PASSWORD, People, good, new_email
from tests.servers import Server

COUNT_CLICKS = """addEventListener("pointerdown", () =>
    sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1, { capture: true })"""
ORDERED = re.compile(r"/orders/[0-9a-f-]{36}$")
A4 = "[0 0 594.95996 841.91998]"

pytestmark = pytest.mark.server("standing")


async def _open_shop(page: Page, email: str, shop: str = "Corner Café") -> None:
    await page.locator(".welcome").get_by_role("button", name="Open a shop").click()
    await _fill_in(page, email, shop)


async def _fill_in(page: Page, email: str, shop: str = "Corner Café") -> None:
    await fill(page.locator("[data-form=shop]"), shop_name=shop, name="Grace", email=email, password=PASSWORD)
    await page.get_by_role("button", name="Open the shop").click()


async def _manage(
    browser: Browser, server: Server, people: People, part: str = "", **device: object
) -> tuple[Visitor, Page]:
    shop = await people.shop()
    owner = await visitor(browser, server.url, shop.owner, **device)
    return owner, await owner.open(f"/shops/{shop.shop['slug']}/manage#{part}")


async def test_a_new_owner_has_a_live_board_by_six_fields_and_three_clicks_and_an_order_on_it_within_two_minutes(
    server: Server, browser: Browser
) -> None:
    began = time.monotonic()
    owner = await visitor(browser, server.url)
    await owner.context.add_init_script(COUNT_CLICKS)
    page = await owner.open("/")

    await _open_shop(page, new_email(), "Two Minutes")
    await expect(page.locator("[data-form=item] [name=name]")).to_be_focused()
    await page.keyboard.type("Flat white")
    await page.keyboard.press("Tab")
    await page.keyboard.type("3,50")
    await page.keyboard.press("Enter")
    await expect(page.locator("#items")).to_contain_text("€3.50")
    await page.locator("#steps").get_by_role("link", name="Counter board").click()
    await expect_live(page)
    assert await page.evaluate("Number(sessionStorage.clicks)") == 3
    await page.go_back()
    [menu] = await _scanned(page, "menu")
    await page.goto(page.url.partition("#")[0])
    await page.locator("#steps").get_by_role("link", name="Counter board").click()
    await expect_live(page)

    ada = await (await visitor(browser, server.url)).page()
    await ada.goto(menu)
    await ada.get_by_label("Add Flat white").click()
    await ada.get_by_role("button", name="Order for €3.50").click()
    await ada.get_by_role("button", name="New here").click()
    await fill(ada.locator("[data-form=register]"), name="Ada", email=new_email(), password=PASSWORD)
    await ada.get_by_role("button", name="Make an account").click()
    await ada.wait_for_url(ORDERED)

    await expect(card(page, "pending", 1)).to_contain_text("Flat white")
    assert owner.complaints == []
    assert time.monotonic() - began < 120


async def test_the_form_that_opens_a_shop_asks_for_four_things_and_guesses_the_rest(
    server: Server, browser: Browser, people: People
) -> None:
    context = await browser.new_context(locale="en-US", timezone_id="America/New_York")
    page = await Visitor(context, server.url).open("/")
    await page.locator(".welcome").get_by_role("button", name="Open a shop").click()
    form = page.locator("[data-form=shop]")
    # Whoever wants to open a shop sees the form to its end.
    await expect(form.get_by_role("button", name="Open the shop")).to_be_in_viewport(ratio=1)

    names = form.locator(":is(input, select, textarea):visible")
    assert [await field.get_attribute("name") for field in await names.all()] == [
        "shop_name", "name", "email", "password",
    ]  # fmt: skip
    await form.get_by_text("Prices in US Dollar (USD), clock of New York. Change").click()
    await form.locator("[name=currency]").select_option("CAD")
    await fill(form, time_zone="America/Toronto")
    await form.locator("[name=time_zone]").press("Tab")
    await expect(form.locator("summary")).to_have_text("Prices in Canadian Dollar (CAD), clock of Toronto. Change")
    await _fill_in(page, new_email(), "Guessed")
    await page.wait_for_url("**/shops/guessed/manage")

    found = good(await people.client.get("/v1/shops/guessed"))
    assert (found["currency"], found["time_zone"]) == ("CAD", "America/Toronto")


async def test_a_new_owner_needs_nothing_but_a_keyboard(server: Server, browser: Browser) -> None:
    page = await (await visitor(browser, server.url)).open("/")
    await expect(page.locator("#account [data-act=open-shop]")).to_be_visible()
    await page.locator("#to-owners").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-form=shop] [name=shop_name]")).to_be_focused()
    for text in ("Keys Only", "Grace", new_email(), PASSWORD):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    await page.locator("[data-form=shop] [name=password]").press("Enter")

    await expect(page.locator("[data-form=item] [name=name]")).to_be_focused()
    await page.keyboard.type("Flat white")
    await page.keyboard.press("Tab")
    await page.keyboard.type("3.50")
    await page.keyboard.press("Enter")
    await expect(page.locator("#steps").get_by_role("link", name="Counter board")).to_be_visible()
    await page.locator("#steps").get_by_role("link", name="Counter board").press("Enter")
    await expect_live(page)


async def test_a_shop_is_found_while_its_name_is_typed(server: Server, browser: Browser, people: People) -> None:
    for name in ("Harbour Bakery", "Hill Bakery", "Hilltop Café"):
        await people.shop(name)
    page = await (await visitor(browser, server.url, viewport={"width": 360, "height": 740})).open("/")

    await page.get_by_role("link", name="Find a shop").click()
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.type("hill")
    await expect(page.locator("#shops strong")).to_have_text(["Hill Bakery", "Hilltop Café"])
    await page.keyboard.type("x")
    await expect(page.get_by_text("No shop of that name.")).to_be_visible()
    await page.keyboard.press("Backspace")
    await page.keyboard.type(" b")
    await expect(page.locator("#shops strong")).to_have_text(["Hill Bakery"])
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/shops/hill-bakery")


async def test_the_front_page_shows_strangers_what_it_is_and_owners_their_shops(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    stranger = await (await visitor(browser, server.url)).open("/")
    owner = await (await visitor(browser, server.url, shop.owner)).open("/")

    await expect(stranger.locator("#pictures figure")).to_have_count(3)
    await expect(stranger.locator("#pictures")).to_contain_text("They order on their phone")
    await expect(stranger.get_by_role("heading", level=1)).to_be_visible()
    for width in (360, 1024, 1920):
        await stranger.set_viewport_size({"width": width, "height": 800})
        assert await stranger.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await expect(owner.locator(".my-shops")).to_contain_text("Corner Café")
    await expect(owner.locator("#pictures")).to_be_hidden()


async def _scanned(page: Page, screen: str) -> list[str]:
    await page.locator("#parts").get_by_role("link", name="Screens").click()
    code = page.locator(f"[data-screen={screen}] img")
    await expect(code).to_have_js_property("complete", True)
    return await scan(code)


async def test_the_first_steps_are_gone_once_somebody_has_ordered(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    owner = await visitor(browser, server.url, shop.owner)
    page = await owner.open(f"/shops/{shop.shop['slug']}/manage")
    await expect(page.get_by_role("heading", name="Your shop is live")).to_be_visible()

    await (await people.register()).order(shop.shop, shop.item)
    await page.reload()

    await expect(page.locator("#items")).to_contain_text("Flat white")
    await expect(page.locator("#start")).to_be_hidden()


async def test_a_lost_answer_opens_one_shop_and_one_account(server: Server, browser: Browser, people: People) -> None:
    page = await (await visitor(browser, server.url)).open("/")
    lost = await lose_answers(page, re.compile(r"/v1/(auth/register|shops)$"))
    await _open_shop(page, new_email(), "Lost and Found")
    await expect(page.get_by_role("alert").filter(has_text="No answer")).to_be_visible()
    await page.get_by_role("button", name="Open the shop").click()
    await expect(page.get_by_label("Password").last).to_be_hidden()
    await expect(page.get_by_role("alert").filter(has_text="No answer")).to_be_visible()
    await page.get_by_role("button", name="Open the shop").click()
    await page.wait_for_url("**/shops/lost-and-found/manage")

    assert len(lost) == 2
    found = good(await people.client.get("/v1/shops?q=Lost"))["data"]
    assert [shop["slug"] for shop in found] == ["lost-and-found"]


async def test_an_address_that_orders_already_opens_no_shop_and_stays_signed_out(
    server: Server, browser: Browser, people: People
) -> None:
    customer = await people.register("Ada")
    phone = await visitor(browser, server.url, viewport={"width": 360, "height": 740})
    page = await phone.open("/")

    await page.locator(".welcome").get_by_role("button", name="Open a shop").click()
    await expect(page.locator("[data-form=shop] [name=shop_name]")).to_be_focused()
    await _fill_in(page, customer.user["email"])

    await expect(page.get_by_text("Open the shop with another address.")).to_be_visible()
    await expect(page.locator("#who").get_by_role("button", name="Sign in")).to_be_visible()
    await expect(page.locator("[data-form=shop] [name=shop_name]")).to_have_value("Corner Café")


async def test_who_orders_is_told_how_to_open_a_shop(server: Server, browser: Browser, people: People) -> None:
    page = await (await visitor(browser, server.url, await people.register("Ada"))).open("/")

    await expect(page.get_by_text("This account is for ordering.")).to_be_visible()
    await page.locator("#account").get_by_role("button", name="Sign out").click()

    await page.locator(".welcome").get_by_role("button", name="Open a shop").click()
    await expect(page.locator("[data-form=shop] [name=shop_name]")).to_be_focused()


async def test_the_front_page_tells_ones_own_shops_from_those_where_one_works(
    server: Server, browser: Browser, people: People
) -> None:
    corner, own = await people.shop("Corner Café"), await people.shop("Harbour Café")
    good(await corner.owner.post(f"{corner.path}/staff", {"email": own.owner.user["email"]}), 201)

    page = await (await visitor(browser, server.url, own.owner)).open("/")

    shops = page.locator(".my-shops > li")
    await expect(shops.filter(has_text="Corner Café")).to_contain_text("You work there.")
    await expect(shops.filter(has_text="Harbour Café")).not_to_contain_text("You work there.")


async def test_each_screen_has_a_code_that_a_phone_reads_on_a_dark_page_too(
    server: Server, browser: Browser, people: People
) -> None:
    _, page = await _manage(browser, server, people, color_scheme="dark", viewport={"width": 360, "height": 740})

    for screen, path in [("menu", ""), ("board", "/board"), ("pickup", "/pickup"), ("manage", "/manage")]:
        [address] = await _scanned(page, screen)

        row = page.locator(f"[data-screen={screen}]")
        await expect(row.get_by_role("textbox")).to_have_value(address)
        await expect(row.get_by_role("link", name="Open")).to_have_attribute("href", address)
        assert re.fullmatch(rf"{server.url}/shops/corner-cafe(-\d+)?{path}", address)


async def test_addresses_that_only_this_computer_knows_are_no_secret(
    server: Server, browser: Browser, people: People
) -> None:
    _, page = await _manage(browser, server, people, "screens")

    note = page.locator("#loopback")
    await expect(note).to_contain_text(f"{server.url.removeprefix('http://')} means this computer only")
    port = server.url.rpartition(":")[2]
    command = f"PUBLIC_URL=http://192.168.1.20:{port} scripts/serve --host 0.0.0.0 --port {port}"
    await expect(note.locator("code")).to_have_text(command)


async def test_an_address_is_copied_with_or_without_the_clipboard_of_the_browser(
    server: Server, browser: Browser, people: People
) -> None:
    owner, page = await _manage(browser, server, people, "screens", permissions=["clipboard-read", "clipboard-write"])
    menu, board = page.locator("[data-screen=menu]"), page.locator("[data-screen=board]")

    await menu.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == await menu.get_by_role("textbox").input_value()

    # As on a page that came without TLS from another machine.
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    await board.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == await board.get_by_role("textbox").input_value()
    assert owner.complaints == []


NAMES = [
    "Corner Café",
    "مقهى الزاوية الصغير في السوق القديم",
    "Grandmother's Bakery, Coffee Roasters & Delicatessen at the Old Market Square No 7",
]


@pytest.mark.parametrize("name", NAMES)
async def test_the_sign_for_the_counter_is_one_sheet_of_paper_with_the_menu_to_be_scanned(
    server: Server, browser: Browser, people: People, name: str
) -> None:
    shop = await people.shop(name[:80])
    someone = await visitor(browser, server.url, color_scheme="dark")

    page = await someone.open(f"/shops/{shop.shop['slug']}/poster")
    await expect(page.get_by_role("button", name="Print")).to_be_visible()
    sheet = page.locator("#sheet")

    await expect(sheet.get_by_role("heading")).to_have_text(name[:80])
    await expect(sheet).to_contain_text("Scan to see the menu and order.")
    assert await scan(sheet) == [f"{server.url}/shops/{shop.shop['slug']}"]
    assert await sheet.evaluate(
        "(sheet) => [sheet.scrollWidth <= sheet.clientWidth, sheet.scrollHeight <= sheet.clientHeight]"
    ) == [True, True]
    printed = (await page.pdf(prefer_css_page_size=True)).decode("latin-1")
    assert re.findall(r"/MediaBox (\[[^\]]+\])", printed) == [A4]
    assert someone.complaints == []
