"""Draws the curves as one picture of small charts: SVG, and from that a PNG by the Chromium that the tests use.

Heights begin at 0 and are the same within a row, but where a cost may grow in a straight line: there widths are linear
too, so that straight is seen to be straight. All other widths are logarithmic.
"""

import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from benchmarks.growing.curves import CURVES, Found, sizes, spread
from benchmarks.growing.points import TITLES, Axis, Point
from benchmarks.peers.peer import Lacking

WIDTH, HEIGHT, GAP, BELOW = 320, 170, 96, 112
LEFT, TOP, RIGHT, FOOT = 72, 118, 64, 34
COLOURS: Final = ("#0072b2", "#d55e00", "#007a5a")
STYLE: Final = """
    text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #222; font-variant-numeric: tabular-nums }
    .head { font-size: 21px; font-weight: 600 } .row { font-size: 15px; font-weight: 600 } .note { fill: #555 }
    .grid { stroke: #e4e4e4 } .base { stroke: #777 } .curve { fill: none; stroke-width: 2.5 } .spread { opacity: .5 }
"""
LABEL_HEIGHT, TICK_WIDTH, TICKS_ACROSS = 14, 34, 4
PATIENCE_S: Final = 60


@dataclass(frozen=True)
class Row:
    """Charts beside each other: some figures over each axis, by name and by what they are called here."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]

    def is_straight(self, axis: Axis) -> bool:
        """Whether some of it may grow in a straight line there."""
        names = {name for name, _ in self.lines}
        return any(axis in curve.straight_over for curve in CURVES if curve.name in names)


ROWS: Final = (
    Row("CPU of one status change", "µs", (("move_cpu_us", "server"), ("move_db_us", "PostgreSQL"))),
    Row("Answered within", "ms", (("move_ms", "status change"), ("place_ms", "order placed"))),
    Row(
        "A screen opens: its snapshot is there within",
        "ms",
        (("board_ms", "counter board"), ("pickup_ms", "pickup screen"), ("customer_ms", "customer's page")),
    ),
    Row(
        "What was missed is told within",
        "ms",
        (("resume_ms", "100 events to a board that comes back"), ("events_ms", "the same by REST, from the database")),
    ),
)


def draw(found: Found, about: str, png: Path) -> None:
    """Draw what was found.

    Raises: Lacking without Chromium; the picture is an SVG beside it then.
    """
    text = svg(found, about)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        png.with_suffix(".svg").write_text(text)
        raise Lacking(f"Chromium is not on the PATH, so it stays {png.with_suffix('.svg').name}")
    width, height = _size(found)
    with tempfile.TemporaryDirectory(prefix="orderflow-bench-") as place:
        source = Path(place) / "picture.svg"
        source.write_text(text)
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={place}/profile")
        looks = (f"--window-size={width},{height}", "--force-device-scale-factor=1.5", f"--screenshot={png.resolve()}")
        done = subprocess.run(
            [chromium, *flags, *looks, source.as_uri()], capture_output=True, check=False, timeout=PATIENCE_S
        )
    if done.returncode or not png.exists():
        raise Lacking(f"Chromium ended with {done.returncode}")


def svg(found: Found, about: str) -> str:
    """The picture as SVG."""
    width, height = _size(found)
    axes = _axes(found)
    parts = [f'<text class="head" x="{LEFT}" y="36">What it costs as it grows</text>']
    parts += [_text(LEFT, 60 + 18 * line, words, "note") for line, words in enumerate(_lines(about, width))]
    for number, row in enumerate(ROWS):
        y = TOP + 48 + number * (HEIGHT + BELOW)
        parts.append(_text(LEFT, y - 30, f"{row.title}, {row.unit}", "row"))
        parts += _legend(found, row, LEFT, y - 11)
        shared = _highest(found, row, (axis for axis in axes if not row.is_straight(axis)))
        for column, axis in enumerate(axes):
            top = _highest(found, row, [axis]) if row.is_straight(axis) else shared
            chart = Chart(row, axis, found, LEFT + column * (WIDTH + GAP), y, top)
            parts += chart.parts()
    style = f'<style>{STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>'
    box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{style}{"".join(parts)}</svg>\n'


@dataclass(frozen=True)
class Chart:
    """One row over one axis, with its top left corner, and the value at its top."""

    row: Row
    axis: Axis
    found: Found
    left: float
    up: float
    top: float

    def parts(self) -> list[str]:
        """All of it, the curves last."""
        return [*self._grid(), *self._ticks(), *self._curves()]

    def _x(self, point: Point) -> float:
        first, last = (each.size for each in (self._points()[0], self._points()[-1]))
        if self.row.is_straight(self.axis):
            return self.left + WIDTH * point.size / last
        share = math.log(point.size / first) / math.log(last / first) if last > first else 0.5
        return self.left + WIDTH * (0.02 + 0.98 * share)

    def _y(self, value: float) -> float:
        return self.up + HEIGHT * (1 - min(value / self.top, 1.04))

    def _points(self) -> list[Point]:
        return sizes(self.found, self.axis)

    def _grid(self) -> Iterator[str]:
        for number in range(TICKS_ACROSS + 1):
            value = self.top * number / TICKS_ACROSS
            y, kind = self._y(value), "grid" if number else "base"
            yield f'<line class="{kind}" x1="{self.left}" x2="{self.left + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield _text(self.left - 8, y + 4, f"{value:,g}", "note", "end")

    def _ticks(self) -> Iterator[str]:
        taken = math.inf
        for point in reversed(self._points()):
            x = self._x(point)
            if taken - x > TICK_WIDTH:
                taken = x
                yield _text(x, self.up + HEIGHT + 18, f"{point.size:,}", "note", "middle")
        words = TITLES[self.axis] + (" (linear)" if self.row.is_straight(self.axis) else " (logarithmic)")
        yield _text(self.left + WIDTH / 2, self.up + HEIGHT + 37, words, "", "middle")

    def _curves(self) -> Iterator[str]:
        ends: list[tuple[float, str, str]] = []
        for (name, _), colour in zip(self.row.lines, COLOURS, strict=False):
            seen = [(self._x(point), each) for point in self._points() if (each := spread(self.found[point], name))]
            for x, (_, low, high) in seen:
                y1, y2 = self._y(low), self._y(high)
                yield f'<line class="spread" stroke="{colour}" x1="{x:.1f}" x2="{x:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'
            spots = [(x, self._y(middle)) for x, (middle, _, _) in seen]
            way = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            yield f'<polyline class="curve" stroke="{colour}" points="{way}"/>'
            yield from (f'<circle fill="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in spots)
            if seen:
                ends.append((spots[-1][1], _short(seen[-1][1][0]), colour))
        yield from self._labels(ends)

    def _labels(self, ends: Sequence[tuple[float, str, str]]) -> Iterator[str]:
        """What the largest size costs, beside it: none over another, none below the chart."""
        ordered = sorted(ends)
        places: list[float] = []
        for y, _, _ in ordered:
            places.append(max(y + 4, places[-1] + LABEL_HEIGHT if places else -math.inf))
        for number, (place, (_, words, colour)) in enumerate(zip(places, ordered, strict=True)):
            lowest = self.up + HEIGHT + 4 - LABEL_HEIGHT * (len(ordered) - 1 - number)
            place = min(place, lowest)
            yield f'<text x="{self.left + WIDTH + 9}" y="{place:.1f}" style="fill:{colour}">{words}</text>'


def _axes(found: Found) -> list[Axis]:
    return [axis for axis in TITLES if sizes(found, axis)]


def _size(found: Found) -> tuple[int, int]:
    columns = max(1, len(_axes(found)))
    return LEFT + columns * (WIDTH + GAP) - GAP + RIGHT, TOP + len(ROWS) * (HEIGHT + BELOW) + FOOT - 20


def _highest(found: Found, row: Row, axes: Iterable[Axis]) -> float:
    """A round value above all medians, and above all that is not far from them."""
    seen = [
        each
        for axis in axes
        for point in sizes(found, axis)
        for name, _ in row.lines
        if (each := spread(found[point], name))
    ]
    middles, highs = [middle for middle, _, _ in seen], [high for _, _, high in seen]
    wanted = max(max(middles, default=1.0) * 1.1, min(max(highs, default=1.0), 1.6 * max(middles, default=1.0)))
    step: float = 10.0 ** math.floor(math.log10(wanted / TICKS_ACROSS))
    return next(
        TICKS_ACROSS * step * each
        for each in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
        if TICKS_ACROSS * step * each >= wanted
    )


def _legend(found: Found, row: Row, x: float, y: float) -> Iterator[str]:
    for (name, words), colour in zip(row.lines, COLOURS, strict=False):
        if not any(spread(rounds, name) for rounds in found.values()):
            continue
        yield f'<circle fill="{colour}" cx="{x + 5}" cy="{y - 4}" r="4.5"/>' + _text(x + 15, y, words)
        x += 38 + 7.2 * len(words)


def _lines(about: str, width: int) -> list[str]:
    """The facts in lines that fit."""
    lines, most = [""], (width - LEFT - RIGHT) / 7
    for fact in (*about.split(", "), "dots: medians of the rounds; bars: lowest to highest"):
        longer = f"{lines[-1]}, {fact}" if lines[-1] else fact
        lines = [*lines[:-1], longer] if len(longer) < most else [*lines, fact]
    return lines


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
