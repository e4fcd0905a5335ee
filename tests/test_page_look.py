"""Every page, whatever people have typed: on every size of screen, for every finger, and for who cannot see it."""

from typing import Final, Literal

import pytest
from playwright.async_api import Browser, Page

from tests.looking import FINGER_PX, SMALL, SPILLS, TARGETS, THUMB_PX, press, scene, serious, settled
from tests.people import People
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

SIZES: Final = [(360, 740), (1024, 768), (1920, 1080)]


async def test_no_text_breaks_a_page_every_finger_meets_its_target_and_nothing_keeps_people_out_by_day_or_by_night(
    server: Server, browser: Browser, people: People
) -> None:
    shown = await scene(server, browser, people)
    wrong: dict[str, list[str]] = {}

    async for path, page in shown.rounds():
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            found = await page.evaluate(SPILLS)
            # On a phone in a bright kitchen as on the wall: nothing to meet is smaller than a finger.
            found += await page.evaluate(SMALL, [TARGETS, FINGER_PX])
            if path.endswith("/board"):
                found += await page.evaluate(SMALL, [".card button", THUMB_PX])
            if found:
                wrong[f"{path} at {width}"] = found
        await page.set_viewport_size({"width": 1280, "height": 720})
        await look(page, path, wrong)

    assert wrong == {}


async def test_nothing_keeps_people_out_of_an_open_dialog(server: Server, browser: Browser, people: People) -> None:
    shown = await scene(server, browser, people)
    wrong: dict[str, list[str]] = {}

    for who, path, way in [
        (shown.nobody, shown.at, ["[data-act=sign-in]"]),
        (shown.owner, f"{shown.at}/board", ["[data-act=more]"]),
        (shown.buyer, f"/orders/{shown.orders[0]['id']}", ["#cancel"]),
        (shown.owner, f"{shown.at}/manage", ["[data-act=edit]", ".editor .danger"]),
    ]:
        page = await who.open(path)
        await settled(page)
        await press(page, *way)
        await page.set_viewport_size({"width": 360, "height": 740})
        wrong |= {f"{path}: spills": found for found in [await page.evaluate(SPILLS)] if found}
        await look(page, path, wrong)

    assert wrong == {}


async def look(page: Page, path: str, wrong: dict[str, list[str]]) -> None:
    """Have axe look at a page in both themes, once nothing moves any more."""
    themes: list[Literal["light", "dark"]] = ["light", "dark"]
    for theme in themes:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        if found := await serious(page):
            wrong[f"{path} ({theme})"] = found
