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
from tests.browsing import fill, visitor
from tests.live import visiting
from tests.looking import SPILLS, scene
from tests.people import PASSWORD, Api, People
from tests.servers import CHECKOUT, Server

pytestmark = pytest.mark.server("standing")

BOARD: Final = "/shops/corner-cafe/board"
ARABIC: Final = "نص"
ARABIC_DIGITS: Final = re.compile("[\\u0660-\\u0669]")


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


async def test_a_refused_field_says_why_in_the_language_of_its_reader(
    server: Server, browser: Browser, people: People
) -> None:
    shop = await people.shop()
    german = await visitor(browser, server.url, locale="de-DE")
    page = await german.open(f"/shops/{shop.shop['slug']}")
    await page.get_by_role("button", name="Anmelden").click()
    await page.get_by_role("button", name="Neu hier").click()
    form = page.locator("[data-form=register]")
    await fill(form, name="\N{RIGHT-TO-LEFT OVERRIDE}Ada", email="ada@example", password=PASSWORD)

    await form.get_by_role("button", name="Konto anlegen").click()

    characters = "Name: enthält Zeichen, die dort nicht hingehören"
    await expect(form.get_by_role("alert")).to_have_text(f"E-Mail: so schreiben: name@example.com · {characters}")
    await expect(form.locator("[name=email]")).to_have_attribute("aria-invalid", "true")
    owner = await visitor(browser, server.url, shop.owner, locale="de-DE")
    page = await owner.open(f"/shops/{shop.shop['slug']}/manage#shop")
    facts = page.locator("form", has=page.locator("[name=hot_minutes]"))
    await fill(facts, hot_minutes="10", warm_minutes="10")
    await facts.get_by_role("button", name="Speichern").click()
    await expect(facts.get_by_role("alert")).to_contain_text("mindestens 11")


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
    make_server: Callable[..., Server], browser: Browser, tmp_path: Path
) -> None:
    for part in ("orderflow", "migrations", "static"):
        shutil.copytree(CHECKOUT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    write_arabic(tmp_path / "static" / "board" / "words-ar.js")
    server = make_server(PYTHONPATH=str(tmp_path))
    async with visiting(server.url) as people:
        shown = await scene(server, browser, people)
    for who in (shown.owner, shown.buyer, shown.nobody):
        await who.context.add_cookies([{"name": "language", "value": "ar", "url": server.url}])
    wrong: dict[str, list[str]] = {}

    async for path, page in shown.rounds():
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await expect(page.get_by_text(ARABIC).first).to_be_visible()
        if path.endswith("/pickup"):
            await expect(page.locator(".light-age.long")).to_have_text(ARABIC_DIGITS)
            await expect(page.locator(".clock")).to_have_text(ARABIC_DIGITS)
        for width, height in ((360, 740), (1024, 768)):
            await page.set_viewport_size({"width": width, "height": height})
            if found := await page.evaluate(SPILLS):
                wrong[f"{path} at {width}"] = found

    assert wrong == {}
    assert shown.owner.complaints == []


def write_arabic(file: Path) -> None:
    """A catalogue whose texts are as long as those in English, with their places."""
    english = languages.catalogues(pages.directory())["en"].texts
    words = {key: text if isinstance(text, str) else text["other"] for key, text in english.items()}
    word = re.compile(r"(?<!\{)\b[A-Za-z]+\b(?!\})")
    texts = {key: word.sub(lambda found: ARABIC * (len(found[0]) // 2 or 1), text) for key, text in words.items()}
    texts |= {"language.direction": "rtl", "language.digits": "arab", "language.name": "العربية"}
    file.write_text(f"export const words = {json.dumps(texts, ensure_ascii=False, indent=2)};\n", "utf-8")
