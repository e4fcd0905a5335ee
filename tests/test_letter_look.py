"""How e-mails look: readable by day and by night, on a narrow phone, without pictures, and whole in every inbox."""

import re
from typing import Literal

import pytest
from playwright.async_api import Browser

from orderflow.letters import Kind
from tests.letter_samples import ID, KINDS, PUBLIC_URL, SAMPLES, letter, line, order
from tests.markup import Page, contrast

# Gmail shows the first 102 KB of a letter, and hides the rest behind a link.
CLIPPED_BYTES = 102_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_words_stand_out_by_day_and_by_night(kind: Kind, scheme: Literal["light", "dark"]) -> None:
    words = Page(letter(SAMPLES["plain"], kind).html, scheme).words

    assert [each for each in words if contrast(each) < 4.5] == []
    assert {each.ground for each in words} == ({"#fffdf8", "#f7f4ec"} if scheme == "light" else {"#211f19", "#151410"})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_from_anywhere_and_the_only_link_is_to_the_order(kind: Kind) -> None:
    html = letter(SAMPLES["plain"], kind).html

    elements = Page(html).elements

    assert {tag for tag, _ in elements}.isdisjoint({"img", "link", "script", "iframe", "video", "base", "form"})
    assert {name for _, given in elements for name in given}.isdisjoint({"src", "srcset", "background", "onload"})
    assert re.findall(r"""https?:[^"'\s<]*|url\(|@import""", html) == [f"{PUBLIC_URL}/orders/{ID}"]


@pytest.mark.parametrize("character", ["&", '"', "漢", "🥐"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_order_is_not_clipped(kind: Kind, character: str) -> None:
    longest = [line(character * 80, 99, 100_000_000, character * 200) for _ in range(50)]
    about = order(*longest, shop=character * 80, customer=character * 80, note=character * 200, number=123_456)

    assert len(letter(about, kind).html.encode()) < CLIPPED_BYTES


def test_an_inbox_previews_what_to_do() -> None:
    html = letter(SAMPLES["plain"]).html

    preview = re.search(r'<body[^>]*>\n<div style="display: none[^>]*>([^<]*)</div>', html)

    assert preview
    assert preview[1] == "Come to the counter with number 42. Total EUR 10.20. Pay at the counter."


async def test_no_letter_is_wider_than_a_narrow_phone(browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 320, "height": 640})

    widths = {}
    for name, about in SAMPLES.items():
        await page.set_content(letter(about).html)
        widths[name] = await page.evaluate("document.documentElement.scrollWidth")
    await page.close()

    assert widths == dict.fromkeys(SAMPLES, 320)
