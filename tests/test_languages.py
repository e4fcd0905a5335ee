"""The language of the pages: the reader's own, one that was chosen, and a further one by its file alone."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from orderflow.http import languages, pages
from tests.browsing import visitor
from tests.people import Api, People
from tests.servers import CHECKOUT, Server

BOARD: Final = "/shops/corner-cafe/board"
ARABIC: Final = "نص"


@pytest.mark.parametrize(
    ("accepted", "cookie", "code"),
    [
        ("", None, "en"),
        ("de", None, "de"),
        ("de-CH,de;q=0.9,en;q=0.8", None, "de"),
        ("fr-FR,fr;q=0.9,de;q=0.3,en;q=0.5", None, "en"),
        ("DE-AT", None, "de"),
        ("de;q=0", None, "en"),
        ("en-GB", "de", "de"),
        ("de", "xx", "de"),
        ("de", "../../etc/passwd", "de"),
        ("\xff;;q=,*;q=9," + "a" * 5000, None, "en"),
    ],
)
async def test_a_page_comes_in_the_language_of_its_reader(
    api: Api, accepted: str, cookie: str | None, code: str
) -> None:
    headers = {"Accept-Language": accepted.encode("latin-1")} | ({"Cookie": f"language={cookie}"} if cookie else {})

    answer = await api.get(BOARD, headers=headers)

    assert f'<html lang="{code}" dir="ltr">' in answer.text
    assert {"en": "Counter board", "de": "Theke"}[code] in answer.text
    assert answer.headers["vary"] == "Accept-Encoding, Accept-Language, Cookie"
    assert "{{" not in answer.text


async def test_a_browser_that_has_a_page_in_one_language_gets_the_other_one(api: Api) -> None:
    english = await api.get(BOARD, headers={"Accept-Language": "en"})
    known = {"If-None-Match": english.headers["etag"]}

    again = await api.get(BOARD, headers={"Accept-Language": "en", **known})
    german = await api.get(BOARD, headers={"Accept-Language": "de", **known})

    assert (again.status_code, german.status_code) == (304, 200)
    assert again.headers["vary"] == german.headers["vary"]


async def test_files_are_sent_compressed_to_who_takes_that_and_as_they_are_to_others(api: Api) -> None:
    path = "/static/board/style.css"
    plain = await api.get(path, headers={"Accept-Encoding": "identity, gzip;q=0"})
    packed = await api.get(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    known = await api.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert (known.status_code, known.content, known.headers["vary"]) == (304, b"", "Accept-Encoding")
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))


async def test_what_the_api_answers_is_never_compressed(api: Api) -> None:
    answer = await api.get("/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers


async def test_a_language_that_was_chosen_stays_on_the_device(server: Server, browser: Browser, people: People) -> None:
    shop = await people.shop()
    someone = await visitor(browser, server.url)
    menu = await someone.open(f"/shops/{shop.shop['slug']}")
    await expect(menu.get_by_role("heading", name="Your basket")).to_be_visible()

    await menu.get_by_role("button", name="Deutsch").click()

    await expect(menu.get_by_role("heading", name="Dein Korb")).to_be_visible()
    await expect(menu.get_by_role("button", name="Anmelden")).to_be_visible()
    await expect(menu.locator("html")).to_have_attribute("lang", "de")
    pickup = await someone.open(f"/shops/{shop.shop['slug']}/pickup")
    await expect(pickup.get_by_text("Nichts zum Abholen")).to_be_visible()
    await expect(pickup).to_have_title("Corner Café · Abholung · orderflow")
    assert someone.complaints == []


async def test_money_and_times_are_written_as_the_reader_writes_them(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    await shop.add("Flat white", price_minor=123_450)
    german = await visitor(browser, server.url, locale="de-DE")

    page = await german.open(f"/shops/{shop.shop['slug']}")

    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator(".item .amount")).to_have_text(["3,50\xa0€", "1.234,50\xa0€"])


async def test_a_language_from_right_to_left_takes_one_file(
    make_server: Callable[..., Server], browser: Browser, people: People, tmp_path: Path
) -> None:
    for part in ("orderflow", "migrations", "static"):
        shutil.copytree(CHECKOUT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    write_arabic(tmp_path / "static" / "board" / "words-ar.js")
    server = make_server(PYTHONPATH=str(tmp_path))
    shop = await people.shop("7")
    owner = await visitor(browser, server.url, shop.owner, viewport={"width": 360, "height": 740})
    await owner.context.add_cookies([{"name": "language", "value": "ar", "url": server.url}])

    at = f"/shops/{shop.shop['slug']}"
    for path in ("/", at, f"{at}/board", f"{at}/pickup", f"{at}/manage", f"{at}/poster", "/orders", "/account"):
        page = await owner.open(path)
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await expect(page.get_by_text(ARABIC).first).to_be_visible()
        await expect(page.locator("h1")).not_to_be_empty()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert owner.complaints == []


def write_arabic(file: Path) -> None:
    """A catalogue whose texts are all one word, with its places."""
    english = languages.catalogues(pages.directory())["en"].texts
    texts = {key: " ".join([ARABIC, *re.findall(r"\{\w+\}", str(text))]) for key, text in english.items()}
    texts |= {"language.direction": "rtl", "language.name": "العربية"}
    file.write_text(f"export const words = {json.dumps(texts, ensure_ascii=False, indent=2)};\n", "utf-8")
