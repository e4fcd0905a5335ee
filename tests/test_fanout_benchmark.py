"""What the fan-out benchmark reports follows from its rounds, and what it publishes is what orderflow would."""

import json

import pytest

from benchmarks import messages, report
from benchmarks.measures import Figures
from orderflow.frames import event_of, frame, message_of

NAMES = {"orderflow": "orderflow", "nchan": "nchan", "c": "C", "starlette": "Starlette"}


def rounds(name: str, *values: float | None) -> list[Figures]:
    return [{name: value} if value is not None else {} for value in values]


def row(found: dict[str, list[Figures]], title: str) -> str:
    return next(line for line in report.goals(found, NAMES).splitlines() if title in line)


def test_a_ratio_is_that_of_medians_and_its_spread_that_of_single_rounds() -> None:
    found = {
        "orderflow": rounds("eight", 300_000, 500_000, 360_000),
        "nchan": rounds("eight", 100_000, 100_000, 120_000),
    }

    line = row(found, "eight outstanding")

    assert "| 360 to 100 | **3.60** (3.00 to 5.00) | aim |" in line


@pytest.mark.parametrize(("micros", "verdict"), [(10.0, "aim"), (11.5, "floor"), (11.6, "**below**")])
def test_a_cost_is_good_when_it_is_low(micros: float, verdict: str) -> None:
    found = {"orderflow": rounds("cpu_us", micros), "nchan": rounds("cpu_us", 10.0)}

    assert row(found, "CPU per delivery").endswith(f"| {verdict} |")


def test_an_aim_may_be_a_figure_of_our_own() -> None:
    found = {"orderflow": rounds("memory_kb", 15.0), "starlette": rounds("memory_kb", 20.0)}

    assert "| ≤ 0.85 | ≤ 16 KB | 15.0 to 20.0 | **0.75** (0.75 to 0.75) | aim |" in row(found, "idle memory")


def test_an_aim_without_its_floor_is_not_reached() -> None:
    found = {"orderflow": rounds("handshakes", 2_900.0), "starlette": rounds("handshakes", 3_200.0)}

    assert row(found, "handshakes").endswith("| **0.91** (0.91 to 0.91) | **below** |")


def test_a_server_that_got_nowhere_in_half_of_the_rounds_has_no_figure() -> None:
    found = {"orderflow": rounds("held", 150_000, 150_000), "nchan": rounds("held", None, 100_000)}

    assert row(found, "highest rate").endswith("| not measured |")
    assert "| - |" in report.figures(found, NAMES).splitlines()[-1]


def test_what_other_servers_push_is_what_orderflow_tells_of_an_item() -> None:
    told = event_of(json.loads(message_of(messages.item())))

    text = frame(told, "shop")

    assert text == messages.item_frame().replace(messages.MARK, str(messages.FIRST))
    assert text is not None
    assert len(text) == messages.ITEM_BYTES
    assert text.startswith(messages.ITEM_BEGINS)
