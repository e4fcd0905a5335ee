"""The languages of the pages: a catalogue of texts for each, `words-de.js`, and which of them a reader is given."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

USUAL: Final = "en"
# What somebody has chosen on a device; the pages' languages.js sets it.
COOKIE: Final = "language"

# A catalogue is JSON but for comments and commas before a closing brace, neither of which is looked for in strings.
_LOOSE: Final = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*})', re.DOTALL)
_RANGE: Final = re.compile(r"\s*([a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Language:
    """One catalogue: texts by key; a text that depends on a number is a dict of its plural forms."""

    code: str
    texts: dict[str, Any]


def catalogues(directory: Path) -> dict[str, Language]:
    """All languages that there are, by code: one file each in this directory."""
    files = sorted(directory.glob("words-*.js"))
    return {code: Language(code, _parsed(file, file.stat().st_mtime_ns)) for file in files for code in (code_of(file),)}


def code_of(file: Path) -> str:
    """The code of the language that a catalogue is written in, as in BCP 47: `de`, `pt-BR`."""
    return file.stem.removeprefix("words-")


def chosen(offered: Iterable[str], cookie: str | None, accepted: str) -> str:
    """The language for a reader: what was chosen on the device, else what the browser asks for most, else the usual."""
    codes = {code.lower(): code for code in offered}
    if cookie is not None and cookie.lower() in codes:
        return codes[cookie.lower()]
    for wanted in _by_wish(accepted):
        for known in (wanted, wanted.partition("-")[0]):
            if known in codes:
                return codes[known]
    return USUAL


def _by_wish(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first; what is malformed in it counts for nothing."""
    found = [match for part in accepted[:1000].split(",") if (match := _RANGE.fullmatch(part))]
    weighed = [(float(match[2] or 1), match[1].lower()) for match in found]
    return [code for weight, code in sorted(weighed, key=lambda one: -one[0]) if weight > 0]


@lru_cache(maxsize=64)
def _parsed(file: Path, _mtime_ns: int) -> dict[str, Any]:
    source = file.read_text("utf-8")
    body = source.partition("export const words = ")[2].rstrip().removesuffix(";")
    texts: dict[str, Any] = json.loads(_LOOSE.sub(lambda found: found[1] or "", body))
    return texts
