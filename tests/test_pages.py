"""The eight pages as files: addresses, headers, and a browser that has nothing to complain of."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from orderflow.http import bundles
from orderflow.http.pages import PAGES, directory
from tests.browsing import expect_live, visitor
from tests.people import Api, People, good, refused
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

ADDRESSES = sorted(path.format(shop="corner-cafe", order="42") for path in PAGES)
POLICY = {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}
SPITEFUL = "<img src=x onerror=alert(1)>\"'&amp;"


async def test_every_page_is_there_for_get_and_head_under_a_strict_policy(api: Api) -> None:
    for address in ADDRESSES:
        answer = await api.get(address)
        head = await api.head(address)

        assert (answer.status_code, head.status_code, head.content) == (200, 200, b"")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert {part.strip() for part in policy.split(";")} >= POLICY
        assert "unsafe-inline" not in policy
        assert "<style" not in answer.text
        assert "style=" not in answer.text
        scripts = re.findall(r"<script([^>]*)>", answer.text)
        # What is no script, the browser does not run: the texts of the page.
        assert all('src="/static/board/' in given or 'type="application/json"' in given for given in scripts)


async def test_only_pages_that_show_photos_of_items_fetch_pictures_from_elsewhere(api: Api) -> None:
    for address in ADDRESSES:
        policy = (await api.get(address)).headers["content-security-policy"]

        shows_photos = address in {"/shops/corner-cafe", "/shops/corner-cafe/manage"}
        assert ("img-src 'self' https:" in policy) is shows_photos, address
        assert policy.count("https:") == shows_photos


async def test_every_page_can_be_installed_and_colours_what_is_around_it(api: Api) -> None:
    manifest = good(await api.get("/static/board/orderflow.webmanifest"))
    icons = [await api.get(f"/static/board/{icon['src']}") for icon in manifest["icons"]]
    tokens = (directory() / "style.css").read_text("utf-8")

    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    assert [icon.headers["content-type"] for icon in icons] == [icon["type"] for icon in manifest["icons"]]
    assert {"192x192", "512x512", "any"} == {icon["sizes"] for icon in manifest["icons"]}
    for address in ADDRESSES:
        page = (await api.get(address)).text
        colours = re.findall(r'<meta name="theme-color" content="(#\w+)"', page)
        assert '<link rel="manifest" href="/static/board/orderflow.webmanifest">' in page
        assert colours == re.findall(r"--surface: (#\w+);", tokens)


async def test_an_address_without_a_page_is_not_found(api: Api) -> None:
    for address in ("/shops", "/shops/", "/orders/", "/shops/a/b", "/shops/a/board/", "/nothing", "/static"):
        refused(await api.get(address), 404, "not_found")


async def test_an_asset_that_is_not_there_is_not_found(api: Api) -> None:
    for name in (
        "nothing.js",
        "..",
        "%2e%2e",
        ".",
        "a%00b",
        "%2e%2e%2f%2e%2e%2fpyproject.toml",
        "x" * 300,
        "style.css/",
    ):
        refused(await api.get(f"/static/board/{name}"), 404, "not_found")


async def test_pages_are_only_read(api: Api) -> None:
    answer = await api.post("/orders/42", json={})

    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_an_asset_that_a_browser_has_is_not_sent_again(api: Api) -> None:
    first = await api.get("/static/board/style.css")

    again = await api.get("/static/board/style.css", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["cache-control"] == "no-cache"


async def test_the_pages_are_told_the_settings_that_they_go_by(make_api: Callable[..., Any]) -> None:
    api = await make_api(recall_minutes=7.5)

    answer = await api.get("/static/board/settings.js")

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.text.endswith("\nexport const RECALL_MS = 60_000 * 7.5;\n")


async def test_modules_come_without_their_comments_and_with_their_lines(api: Api) -> None:
    joined = bundles.plan(directory(), bundles.stamp(directory())).files
    for file in sorted(set(directory().glob("*.js")) - {directory() / "settings.js"}):
        source = file.read_text("utf-8")
        answer = await api.get(f"/static/board/{file.name}")

        # No text goes over a line's end, so that what begins a line with a slash is a comment.
        assert [text for text in re.findall(r"^[^`/]*`[^`\n]*$", source, re.MULTILINE) if text.count("`") % 2] == []
        assert "\n/*" not in answer.text, file.name
        # A type in front of what it is of must not take the code up to the next comment with it.
        named = re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", source, re.MULTILINE)
        assert [name for name in named if not re.search(rf"^.*\b{name}\b", answer.text, re.MULTILINE)] == []
        assert file.name in joined or answer.text.count("\n") == source.count("\n"), file.name


def test_no_page_builds_markup_from_text() -> None:
    for module in directory().glob("*.js"):
        source = module.read_text("utf-8")
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "prompt(",
            "confirm(",
        ):
            assert forbidden not in source, (module.name, forbidden)
        assert source.startswith("// @ts-check\n"), module.name


async def test_no_page_makes_the_browser_complain_whatever_people_type(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop(SPITEFUL)
    item = await shop.add(SPITEFUL, description=SPITEFUL, category=SPITEFUL)
    customer = await people.register(SPITEFUL)
    order = good(
        await customer.post(
            f"{shop.path}/orders",
            {"lines": [{"item_id": item["id"], "quantity": 1, "note": SPITEFUL}], "note": SPITEFUL},
        ),
        201,
    )
    owner, buyer = await visitor(browser, server.url, shop.owner), await visitor(browser, server.url, customer)

    at = f"/shops/{shop.shop['slug']}"
    for who, path in [
        (owner, "/"), (owner, at), (owner, f"{at}/board"), (owner, f"{at}/pickup"), (owner, f"{at}/manage"),
        (owner, f"{at}/poster"),
        (buyer, "/orders"), (buyer, f"/orders/{order['id']}"), (buyer, "/account"),
    ]:  # fmt: skip
        page = await who.open(path)
        await expect(page.get_by_text(SPITEFUL).first).to_be_visible()

    assert owner.complaints + buyer.complaints == []


async def test_a_token_is_neither_in_an_address_nor_kept_where_scripts_can_read_it(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    owner = await visitor(browser, server.url, shop.owner)
    addresses: list[str] = []
    owner.context.on("request", lambda request: addresses.append(request.url))

    page = await owner.context.new_page()
    page.on("websocket", lambda socket: addresses.append(socket.url))
    await page.goto(f"{server.url}/shops/{shop.shop['slug']}/board")
    await expect_live(page)

    kept = await page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    assert kept == '["",{},{}]'
    assert any(address.startswith("ws") for address in addresses)
    assert not [address for address in addresses if "token" in address or "bearer" in address or "eyJ" in address]


async def test_an_unknown_shop_says_so(server: Server, browser: Browser, people: People) -> None:
    someone = await visitor(browser, server.url, await people.register())

    for page in ("", "/board", "/pickup", "/manage", "/poster"):
        shown = await someone.open(f"/shops/no-such-shop{page}")

        await expect(shown.get_by_role("heading", name="There is no shop at this address")).to_be_visible()
        await expect(shown.locator(".light")).not_to_be_visible()


@pytest.mark.server("own")
async def test_an_old_address_of_a_shop_leads_to_the_present_one(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop("Corner Café")
    good(await shop.owner.patch(shop.path, {"slug": "the-new-corner"}))
    someone = await visitor(browser, server.url)

    page = await someone.open("/shops/corner-cafe")

    await expect(page.get_by_role("heading", name="Corner Café")).to_be_visible()
    await page.wait_for_url("**/shops/the-new-corner")
