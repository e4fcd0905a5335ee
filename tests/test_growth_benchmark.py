"""What the growth benchmark says of curves follows from its rounds, and all of it runs."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.growing import curves
from benchmarks.growing.curves import CURVES, Found
from benchmarks.growing.points import Axis, Point
from tests.servers import CHECKOUT

SMALL = ("--sockets", "3", "--shops", "2", "--orders", "20")


def found(name: str, axis: Axis, by_size: dict[int, Sequence[float]]) -> Found:
    """The rounds of one figure."""
    return {Point(axis, size): [{name: value} for value in values] for size, values in by_size.items()}


def verdict(name: str, axis: Axis, by_size: dict[int, Sequence[float]]) -> str:
    curve = next(curve for curve in CURVES if curve.name == name)
    shape = curves.shape(curve, found(name, axis, by_size), axis)
    assert shape is not None
    return shape.verdict


def test_a_cost_is_flat_when_the_largest_size_costs_hardly_more_than_the_smallest() -> None:
    assert verdict("pickup_ms", "orders", {1_000: [2, 2, 3], 1_000_000: [2.5, 3, 2]}) == "flat"
    assert verdict("pickup_ms", "orders", {1_000: [2, 2, 3], 1_000_000: [300, 380, 290]}) == "**rises**"


def test_a_rise_that_one_round_does_not_show_is_called_noise() -> None:
    assert verdict("list_ms", "shops", {1: [2, 2, 3], 1_000: [9, 8, 3]}) == "flat but for noise"


def test_two_rounds_are_too_few_to_tell() -> None:
    assert verdict("list_ms", "shops", {1: [2, 2], 1_000: [9, 8]}) == "too few rounds to tell"


@pytest.mark.parametrize(
    ("largest", "words"),
    [
        (20_999, "straight: 10 µs for each at 2,000, 1.00 times that at 1,000"),
        (40_989, "**bends**: 20 µs for each at 2,000, 2.00 times that at 1,000"),
        (1_100, "flat"),
    ],
)
def test_a_change_may_cost_more_with_each_socket_but_not_more_for_each(largest: float, words: str) -> None:
    sizes: dict[int, Sequence[float]] = {1: [1_009] * 3, 1_000: [10_999] * 3, 2_000: [largest] * 3}

    assert verdict("move_cpu_us", "sockets", sizes) == words
    assert verdict("move_db_us", "sockets", sizes) == ("flat" if words == "flat" else "**rises**")


def test_a_table_has_medians_and_the_spread_of_single_rounds() -> None:
    table = curves.tables(found("place_ms", "shops", {1: [1.0, 2.0, 1.5], 10: [2.0, 1.0, 1.8]}))

    assert "| order placed: answered, ms | 1.5 | 1.8 | 1.20 (0.50 to 2.00) | flat |" in table


def test_the_whole_benchmark_runs_in_small(tmp_path: Path) -> None:
    figures, picture = tmp_path / "figures.json", tmp_path / "growth.png"

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", "--quick", *SMALL, "--json", figures, "--picture", picture],
        cwd=CHECKOUT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(figures.read_text())
    assert told["complaints"] == []
    assert len(told["points"]) == 3
    for point in told["points"]:
        (figure,) = point["rounds"]
        assert figure.keys() == {curve.name for curve in CURVES}
        assert min(figure.values()) >= 0
    assert "| sockets on the channel | 3 |" in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
