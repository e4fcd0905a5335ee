"""What a page is made of: the modules that it names, found by their imports, and the texts that those can say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_ENTRY: Final = re.compile(r'<script type="module" src="/static/board/([\w-]+\.js)">')
_IMPORT: Final = re.compile(r'^(?:import|export|\}) (?:.* )?from "\./([\w-]+\.js)";$', re.MULTILINE)
# What is followed by the name of a type is read by nothing but editors.
LATER: Final = re.compile(r'\bimport\("\./([\w-]+\.js)"\)(?!\.[A-Z])')
# The key of a text, or the beginning of one that is made: "status.ready", `status.${to}`.
_KEY: Final = re.compile(r'["`]([a-z_]+\.[\w.]*)(["`]|\$\{)')


def entry(page: str) -> str:
    """The module that is a page's own, and imports all others; none for a page without one."""
    found = _ENTRY.search(page)
    return found[1] if found else ""


def first(directory: Path, page: str) -> list[str]:
    """The modules that a page wants at once."""
    return sorted(name for name, _ in _reached(directory, page, [_IMPORT]))


def all_of(directory: Path, page: str) -> list[str]:
    """The modules that a page may want, including those that it fetches later."""
    return sorted(name for name, _ in _reached(directory, page, [_IMPORT, LATER]))


def said(directory: Path, page: str, texts: dict[str, Any]) -> dict[str, Any]:
    """Those texts that a page's modules name, including the modules that are fetched later."""
    keys: set[str] = set()
    beginnings: set[str] = set()
    for _, source in _reached(directory, page, [_IMPORT, LATER]):
        for key, end in _KEY.findall(source):
            (beginnings if end == "${" else keys).add(key)
    begins = tuple(beginnings)
    return {key: text for key, text in texts.items() if key in keys or key.startswith(begins)}


def _reached(directory: Path, page: str, ways: list[re.Pattern[str]]) -> Iterator[tuple[str, str]]:
    """Names and sources of the modules that a page's own one leads to."""
    asked = [name for name in [entry(page)] if name]
    found = set(asked)
    while asked:
        name = asked.pop()
        source = (directory / name).read_text("utf-8")
        yield name, source
        new = {other for way in ways for other in way.findall(source)} - found
        found |= new
        asked += new
