"""Lines over time as an SVG, and that as a picture: a browser draws it, the one that the tests of the pages have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from tests.chromium import running

WIDTH: Final = 960
PANEL: Final = 170
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 56, 36
GAP: Final = 34
STEPS: Final = (1, 2, 5, 10)
# Told apart by who cannot tell red from green.
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLE: Final = "text{font:13px sans-serif;fill:#333}.title{font-size:16px;font-weight:bold}.grid{stroke:#ddd}"


@dataclass(frozen=True)
class Line:
    """A name, and values at times."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """Lines that share a scale, which begins at zero."""

    title: str
    lines: Sequence[Line]


def svg(title: str, panels: Sequence[Panel], warm_up: float) -> str:
    """Draw panels below each other over the same minutes; what is before the end of the warm-up is shaded."""
    last = max((at for panel in panels for line in panel.lines for at, _ in line.points), default=1.0)
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}">',
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="white"/>',
        f'<text class="title" x="{LEFT}" y="28">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, TOP + number * (PANEL + GAP), last, warm_up)
    parts += _minutes(height - BOTTOM - GAP + 16, last)
    return "".join([*parts, "</svg>"])


async def draw(text: str, path: Path) -> None:
    """Have a browser make a picture of an SVG."""
    async with running() as browser:
        page = await browser.new_page(device_scale_factor=1.5)
        await page.set_content(f'<body style="margin:0">{text}</body>')
        await page.locator("svg").screenshot(path=path)


def _panel(panel: Panel, top: int, last: float, warm_up: float) -> list[str]:
    most = max((value for line in panel.lines for _, value in line.points), default=1.0)
    step = _step(most)
    scale = PANEL / (step * math.ceil(max(most, 1e-9) / step))
    base, width = top + PANEL, WIDTH - LEFT - RIGHT
    parts = [
        f'<rect x="{LEFT}" y="{top}" width="{width * min(1, warm_up / last):.1f}" height="{PANEL}" fill="#f4f4f4"/>',
        f'<text x="{LEFT}" y="{top - 7}">{escape(panel.title)}</text>',
    ]
    for number in range(math.ceil(max(most, 1e-9) / step) + 1):
        y = base - number * step * scale
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{LEFT + width}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number * step:g}</text>')
    for number, line in enumerate(panel.lines):
        colour = COLOURS[number % len(COLOURS)]
        where = " ".join(f"{LEFT + width * at / last:.1f},{base - value * scale:.1f}" for at, value in line.points)
        parts.append(f'<polyline points="{where}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        y = top + 14 + 20 * number
        parts.append(f'<path stroke="{colour}" stroke-width="3" d="M{LEFT + width + 12} {y - 4}h18"/>')
        parts.append(f'<text x="{LEFT + width + 36}" y="{y}">{escape(line.name)}</text>')
    return parts


def _minutes(y: int, last: float) -> list[str]:
    step, width = _step(last), WIDTH - LEFT - RIGHT
    marks = (number * step for number in range(int(last / step) + 1))
    parts = [f'<text x="{LEFT + width * at / last:.1f}" y="{y}" text-anchor="middle">{at:g}</text>' for at in marks]
    return [*parts, f'<text x="{LEFT + width + 12}" y="{y}">minutes</text>']


def _step(most: float) -> float:
    """A round number of which some four make the most."""
    rough = max(most, 1e-9) / 4
    power = 10 ** math.floor(math.log10(rough))
    return float(next(power * each for each in STEPS if power * each >= rough))
