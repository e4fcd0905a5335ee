"""Where a shop's screens are, and their QR codes: what is printed once has to lead there for years."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from orderflow.http import openapi, routes, screens
from tests.people import Api, good, refused

SCREENS = ["menu", "board", "pickup", "manage"]


async def test_the_addresses_of_a_shop_s_screens_are_those_that_people_reach(
    make_api: Callable[..., Awaitable[Api]],
) -> None:
    api = await make_api(public_url="https://orders.example")
    shop = await api.shop("Corner Café")

    listed = good(await api.get(f"{shop.path}/screens"))

    assert [(each["screen"], each["url"]) for each in listed["data"]] == [
        ("menu", "https://orders.example/shops/corner-cafe"),
        ("board", "https://orders.example/shops/corner-cafe/board"),
        ("pickup", "https://orders.example/shops/corner-cafe/pickup"),
        ("manage", "https://orders.example/shops/corner-cafe/manage"),
    ]
    assert listed["next_cursor"] is None
    assert good(await api.get("/v1/shops/corner-cafe/screens")) == listed


async def test_a_code_is_dark_on_light_in_whole_modules_with_a_quiet_zone_around(api: Api) -> None:
    shop = await api.shop()

    answer = await api.get(f"{shop.path}/screens/menu/qr.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    [(width, height)] = re.findall(r'viewBox="0 0 (\d+) (\d+)"', answer.text)
    assert width == height
    # Sizes of QR codes are 17 + 4 times their version; four modules of light stand at each side.
    assert (int(width) - 8 - 17) % 4 == 0
    [light, dark] = re.findall(r"<path [^>]+>", answer.text)
    assert (f'fill="#fff" d="M0 0h{width}v{height}h-{width}z"' in light, 'stroke="#000" d="M4 4.5h7' in dark) == (
        True,
        True,
    )
    assert "style=" not in answer.text


async def test_a_code_that_a_browser_has_is_not_sent_again_until_it_leads_elsewhere(api: Api) -> None:
    shop = await api.shop()
    address = f"{shop.path}/screens/menu/qr.svg"
    first = await api.get(address)
    known = {"If-None-Match": f'"another", W/{first.headers["etag"]}'}

    again = await api.get(address, headers=known)
    good(await shop.owner.patch(shop.path, {"slug": "the-new-corner"}))
    changed = await api.get(address, headers=known)

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]
    # The code that was printed before leads to a slug that stays the shop's.
    assert (await api.get("/v1/shops/corner-cafe/screens/menu/qr.svg")).text == changed.text


async def test_there_are_codes_for_known_screens_of_known_shops_only(api: Api) -> None:
    shop = await api.shop()

    for path in (
        f"{shop.path}/screens/poster/qr.svg",
        f"{shop.path}/screens/Menu/qr.svg",
        f"{shop.path}/screens/menu/qr.png",
        f"{shop.path}/screens/menu",
        "/v1/shops/no-such-shop/screens/menu/qr.svg",
        "/v1/shops/no-such-shop/screens",
        "/v1/shops/%00/screens/menu/qr.svg",
    ):
        refused(await api.get(path), 404, "not_found")
    refused(await api.post(f"{shop.path}/screens/menu/qr.svg"), 405, "method_not_allowed")
    head: httpx2.Response = await api.head(f"{shop.path}/screens/menu/qr.svg")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("length", [1, 63, 253])
def test_an_address_of_any_length_fits_into_a_code(length: int) -> None:
    drawing, tag = screens.draw(f"https://{'a' * length}:65535/shops/{'b' * 40}/pickup")

    assert drawing.startswith(b"<svg ")
    assert re.fullmatch("[0-9a-f]{16}", tag)


def test_the_document_names_the_screens() -> None:
    document: dict[str, Any] = openapi.document(routes.documented)

    described = document["paths"]["/v1/shops/{shop}/screens/{screen}/qr.svg"]["get"]
    assert described["parameters"][1]["schema"] == {"type": "string", "enum": SCREENS}
    assert list(described["responses"]["200"]["content"]) == ["image/svg+xml"]
