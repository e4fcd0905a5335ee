"""The pure modules of the pages, run where they run: in Chromium. Their tests are tests/pages/*.test.mjs."""

import json
import mimetypes
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, Route

from orderflow.currencies import MINOR_DIGITS
from orderflow.http import languages
from orderflow.http.pages import directory

ROOT: Final = Path(__file__).resolve().parents[1]
ORIGIN: Final = "http://pages.test"
TEXTS: Final = json.dumps(languages.catalogues(directory())[languages.USUAL].texts).replace("<", "\\u003c")
PAGE: Final = f'<!doctype html><title>tests</title><script id="words" type="application/json">{TEXTS}</script>'
RUN: Final = """async ([address, name]) => {
    await import(address);
    const { run } = await import("/tests/pages/check.mjs");
    await run(name);
}"""


def _named_tests() -> list[tuple[str, str]]:
    """Each test's file and name; names made in a loop are found by their template."""
    files = sorted((ROOT / "tests" / "pages").glob("*.test.mjs"))
    return [(file.name, name) for file in files for name in _names(file.read_text("utf-8"))]


def _names(source: str) -> list[str]:
    plain = re.findall(r'^test\("([^"]+)"', source, re.MULTILINE)
    made: list[str] = []
    for codes, template in re.findall(r"^for \(const .* of \[(.+)\]\) \{\n  test\(`([^`]+)`", source, re.MULTILINE):
        made += [template.replace("${code}", code) for code in re.findall(r"\d{4}", codes)]
    return plain + made


async def _serve(route: Route) -> None:
    file = ROOT / route.request.url.removeprefix(ORIGIN + "/")
    if not file.is_file():
        await route.fulfill(status=200, content_type="text/html", body=PAGE)
        return
    media_type = "text/javascript" if file.suffix in {".js", ".mjs"} else mimetypes.guess_type(file)[0]
    await route.fulfill(status=200, content_type=media_type, body=file.read_bytes())


@pytest.fixture(scope="module")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """One page for all tests: they leave nothing behind in it."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.route(f"{ORIGIN}/**", _serve)
    await page.goto(ORIGIN + "/")
    yield page
    await context.close()


@pytest.mark.parametrize(("file", "name"), _named_tests())
async def test_in_the_page(page: Page, file: str, name: str) -> None:
    await page.evaluate(RUN, [f"/tests/pages/{file}", name])


async def test_every_module_test_is_found(page: Page) -> None:
    for file in {file for file, _ in _named_tests()}:
        await page.evaluate("(address) => import(address)", f"/tests/pages/{file}")

    registered = await page.evaluate("async () => (await import('/tests/pages/check.mjs')).names()")

    assert sorted(registered) == sorted(name for _, name in _named_tests())


def test_the_pages_offer_the_currencies_that_shops_may_have() -> None:
    source = (ROOT / "static" / "board" / "currencies.js").read_text("utf-8")
    offered = re.findall(r'"([A-Z]{3}) [A-Z ]+"', source)

    # What is left are units of account and of funds, in which nobody prices a coffee, and a second name of the bolívar.
    unused = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "VED", "XAD"}
    assert set(MINOR_DIGITS) - set(offered) == unused
    assert set(offered) <= set(MINOR_DIGITS)
    assert offered == sorted(set(offered))
