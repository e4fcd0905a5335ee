"""Reading the HTML of an e-mail as a mail program shows it: elements, visible words, and the colours of these."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final, Literal, NamedTuple

_VOID: Final = frozenset({"meta", "br"})
_UNSEEN: Final = frozenset({"head", "style", "title"})


class Words(NamedTuple):
    """A run of text with the colours in which it is shown."""

    text: str
    colour: str
    ground: str


class Page(HTMLParser):
    """A page in one colour scheme; all that matters of its style stands in `style` and in one media query."""

    def __init__(self, html: str, scheme: Literal["light", "dark"] = "light") -> None:
        super().__init__()
        self.is_dark = scheme == "dark"
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.comments: list[str] = []
        self.words: list[Words] = []
        self._said: list[str] = []
        self._rules: dict[str, dict[str, str]] = {}
        self._open = [("", "#000000", "#ffffff", False)]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        # A span stands within a line, all else begins a new one.
        self._said.append("" if tag == "span" else " ")
        if tag in _VOID:
            return
        _, colour, ground, is_hidden = self._open[-1]
        style = _declarations(given.get("style", ""))
        for name in given.get("class", "").split() if self.is_dark else ():
            style |= self._rules[name]
        colour = style.get("color", colour).replace("inherit", colour)
        is_hidden = is_hidden or tag in _UNSEEN or style.get("display") == "none"
        self._open.append((tag, colour, style.get("background", ground), is_hidden))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        tag, colour, ground, is_hidden = self._open[-1]
        if tag == "style":
            rules = re.findall(r"^\.(\w+) \{(.*)\}$", data, re.MULTILINE)
            self._rules = {name: _declarations(style) for name, style in rules}
        if is_hidden:
            return
        self._said.append(data)
        if data.strip():
            self.words.append(Words(data, colour, ground))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def said(self) -> str:
        """All visible words, in one line."""
        return " ".join("".join(self._said).split())


def contrast(words: Words) -> float:
    """The ratio of WCAG 2, from 1 for the unreadable to 21 for black on white."""
    lighter, darker = sorted((_luminance(words.colour), _luminance(words.ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start:end], 16) / 255 for start, end in pairwise(range(1, 8, 2))]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _declarations(style: str) -> dict[str, str]:
    pairs = (each.split(":", 1) for each in style.replace("!important", "").split(";") if each.strip())
    return {name.strip(): value.strip() for name, value in pairs}
