"""What the pages say: the catalogues, one for each language, and that nothing is said anywhere else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from orderflow.http import languages, modules
from orderflow.http.languages import USUAL
from orderflow.http.pages import directory

CATALOGUES: Final = languages.catalogues(directory())
ENGLISH: Final = CATALOGUES[USUAL].texts
MODULES: Final = sorted(file for file in directory().glob("*.js") if not file.name.startswith("words-"))
PAGES: Final = sorted(directory().glob("*.html"))
# What the server reads and no page says.
UNSAID: Final = {"language.name"}

_LITERAL: Final = re.compile(r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`)""")
_COMMENT: Final = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)
_PLACE: Final = re.compile(r"\{(\w+)\}")
# Two words with a space between them, or a word that begins as a sentence or a label does.
_SENTENCE: Final = re.compile(r"[A-Za-z]{2,},? [A-Za-z]{2,}|^[A-Z][a-z]+(?:[ .…!?]|$)")
# Codes of currencies and countries.
_CODES: Final = re.compile(r"[A-Z ]+")
_CLASSES: Final = set(re.findall(r"\.([a-z][\w-]*)", (directory() / "style.css").read_text("utf-8")))
# Names that HTTP, the DOM and HTML have given, and what only whoever made a mistake in the code reads.
_NAMES: Final = {
    "Android", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp", "Authorization", "Backspace", "Bearer ", "Enter",
    "Escape", "input, small", "Notification",
    "translate(px, px) scale(, )", "Nothing is shown before the shop is known", "This page has no #",
}  # fmt: skip


def forms(text: Any) -> list[str]:
    """All forms of a text."""
    return [text] if isinstance(text, str) else list(text.values())


def literals(source: str) -> Iterator[str]:
    """All strings of a module, templates without what is filled in."""
    for found in _LITERAL.finditer(_COMMENT.sub("", source)):
        yield re.sub(r"\$\{[^}]*\}", "", found[1] or found[2] or found[3] or "")


def said() -> tuple[set[str], list[re.Pattern[str]]]:
    """The keys that pages and modules name, and the patterns of those that they make."""
    source = "".join(file.read_text("utf-8") for file in [*MODULES, *PAGES])
    named = set(re.findall(r'["`]([a-z_]+\.[\w.]+)["`]', source)) | set(re.findall(r"\{\{([\w.]+)\}\}", source))
    made = re.findall(r"`([a-z_]+\.[\w.]*\$\{[^`]*)`", source)
    return named, [re.compile(re.sub(r"\\\$\\\{[^}]*\\\}", "[a-z_]+", re.escape(template))) for template in made]


def test_there_are_english_and_german() -> None:
    assert {"en", "de"} <= CATALOGUES.keys()
    assert all(one.texts["language.direction"] in {"ltr", "rtl"} for one in CATALOGUES.values())


@pytest.mark.parametrize("code", sorted(CATALOGUES))
def test_a_catalogue_says_everything_with_the_same_places(code: str) -> None:
    texts = CATALOGUES[code].texts

    assert texts.keys() == ENGLISH.keys()
    for key, text in texts.items():
        places = {name for form in forms(ENGLISH[key]) for name in _PLACE.findall(form)}
        assert all(form.strip() for form in forms(text)), key
        # “One order” may do without its number.
        assert all(places - {"count"} <= set(_PLACE.findall(form)) <= places for form in forms(text)), key
        assert isinstance(text, str) or "other" in text, key


@pytest.mark.parametrize("code", sorted(CATALOGUES))
def test_no_key_stands_in_a_catalogue_twice(code: str) -> None:
    source = (directory() / f"words-{code}.js").read_text("utf-8")

    keys = re.findall(r'^  "([\w.]+)":', source, re.MULTILINE)

    assert sorted(keys) == sorted(CATALOGUES[code].texts)


def test_every_text_of_the_catalogues_is_said_somewhere() -> None:
    named, made = said()

    unsaid = {key for key in ENGLISH if key not in named and not any(pattern.fullmatch(key) for pattern in made)}

    assert unsaid == UNSAID


def test_the_pages_say_nothing_that_the_catalogues_do_not_have() -> None:
    source = "".join(file.read_text("utf-8") for file in MODULES)
    keys = set(re.findall(r'\bsay\("([\w.]+)"', source))
    places = {key for file in PAGES for key in re.findall(r"\{\{([\w.]+)\}\}", file.read_text("utf-8"))}

    assert keys - ENGLISH.keys() == set()
    assert places - ENGLISH.keys() == {"language.code", "languages", "modules", "words"}


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_a_page_brings_the_texts_that_its_modules_say_and_few_others(file: Path) -> None:
    page = file.read_text("utf-8")
    source = "".join((directory() / name).read_text("utf-8") for name in modules.first(directory(), page))
    kinds = {key.partition(".")[0] for key in re.findall(r'["`]([a-z_]+\.[\w.]*)', source)}

    brought = modules.said(directory(), page, ENGLISH)

    assert set(re.findall(r'\bsay\("([\w.]+)"', source)) <= brought.keys()
    assert len(brought) < len(ENGLISH) * 2 / 3
    assert "language.direction" in brought
    assert {"refusal", "field"} <= kinds & {key.partition(".")[0] for key in brought}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_no_module_has_texts_of_its_own(file: Path) -> None:
    texts = {text for text in literals(file.read_text("utf-8")) if _SENTENCE.search(text)}
    technical = {text for text in texts if set(text.split()) <= _CLASSES or _CODES.fullmatch(text)}

    assert texts - technical - _NAMES == set()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_no_page_has_texts_of_its_own(file: Path) -> None:
    source = file.read_text("utf-8")
    texts = re.findall(r">([^<>]+)<", source) + re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', source)

    left = {re.sub(r"\{\{[\w.]+\}\}", "", text).strip(" ·\n") for text in texts}

    assert left <= {"", "orderflow"}
