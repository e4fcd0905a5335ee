"""The one stylesheet: its tokens, their contrast, its order, and that nothing in it is left over."""

import re
from itertools import product
from typing import Final

import pytest

from orderflow.http.pages import directory

SOURCE: Final = (directory() / "style.css").read_text("utf-8")
RULES: Final = re.sub(r"/\*.*?\*/", "", SOURCE, flags=re.DOTALL)
ELSEWHERE: Final = "".join(file.read_text("utf-8") for file in [*directory().glob("*.js"), *directory().glob("*.html")])
_TOKEN: Final = re.compile(r"(--[\w-]+):\s*([^;]+);")

STATES: Final = ("pending", "preparing", "ready", "danger")
GROUNDS: Final = ("paper", "surface", "sunken", "warn-paper", "danger-paper")
# Ink on ground. All that is written is one of these.
PAIRS: Final = [
    *product(("ink", "muted", "accent", *STATES), GROUNDS),
    *(("on-status", state) for state in STATES),
    ("on-status", "accent"),
    ("on-accent", "accent"),
    ("paper", "ink"),
    ("on-sheet", "sheet"),
]
# What a bystander reads from the other end of the room.
PICKUP: Final = [
    ("ink", "surface"),
    ("ink", "paper"),
    ("preparing", "surface"),
    ("muted", "surface"),
    ("on-called", "called"),
]


def themes() -> dict[str, dict[str, str]]:
    """The tokens as they are by day and by night."""
    day, night = re.findall(r":root \{([^}]*)\}", RULES)[:2]
    light = dict(_TOKEN.findall(day))
    return {"light": light, "dark": light | dict(_TOKEN.findall(night))}


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(tokens: dict[str, str], ink: str, ground: str) -> float:
    """The contrast of two tokens, 1 … 21."""
    lighter, darker = sorted((luminance(tokens[f"--{ink}"]), luminance(tokens[f"--{ground}"])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_written_can_be_read_by_day_and_by_night(theme: str) -> None:
    tokens = themes()[theme]

    faint = {pair: round(contrast(tokens, *pair), 2) for pair in PAIRS if contrast(tokens, *pair) < 4.5}

    assert faint == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pickup_screen_can_be_read_across_a_room(theme: str) -> None:
    tokens = themes()[theme]

    faint = {pair: round(contrast(tokens, *pair), 2) for pair in PICKUP if contrast(tokens, *pair) < 7}

    assert faint == {}


def test_what_is_focused_stands_out() -> None:
    for tokens in themes().values():
        assert all(contrast(tokens, "focus", ground) >= 3 for ground in GROUNDS)


def test_the_stylesheet_has_its_order() -> None:
    parts = re.findall(r"/\* ---- (\w+)", SOURCE)

    assert list(dict.fromkeys(parts)) == ["Tokens", "Elements", "Layout", "Components", "Wider"]
    assert parts == sorted(parts, key=["Tokens", "Elements", "Layout", "Components", "Wider"].index)


def test_colours_and_sizes_of_letters_come_from_the_tokens() -> None:
    below = RULES.partition("@media (prefers-color-scheme: dark)")[2].partition("}\n}\n")[2]

    assert re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", below) == []
    assert re.findall(r"font-size: [\d.]+(?:rem|px|em)", below) == []


def test_nothing_moves_for_who_has_asked_for_less_motion() -> None:
    still, _, moving = RULES.partition("@media (prefers-reduced-motion: no-preference) {")

    assert re.findall(r"\b(?:animation|transition)[\w-]*:|@keyframes|scroll-behavior", still) == []
    assert "animation: arrive" in moving


def test_every_token_is_used_and_every_token_that_is_used_is_there() -> None:
    defined = {name for name, _ in _TOKEN.findall(RULES)} | set(re.findall(r'setProperty\("(--[\w-]+)"', ELSEWHERE))
    used = set(re.findall(r"var\((--[\w-]+)", RULES))

    assert used - defined == set()
    assert defined - used - set(re.findall(r"--[\w-]+", ELSEWHERE)) == set()


def test_no_rule_is_for_something_that_no_page_has() -> None:
    selectors = re.findall(r"([^{};]+)\{", RULES)
    classes = {name for one in selectors for name in re.findall(r"\.([a-z][\w-]*)", one)}
    ids = {name for one in selectors for name in re.findall(r"#([a-z][\w-]*)", one)}
    data = {name for one in selectors for name in re.findall(r"\[data-([a-z-]+)", one)}
    words = set(re.findall(r"[\w-]+", ELSEWHERE))

    assert {name for name in classes | ids if name not in words} == set()
    camel = {name: re.sub(r"-(\w)", lambda found: found[1].upper(), name) for name in data}
    assert {name for name, property in camel.items() if property not in words and f"data-{name}" not in words} == set()
