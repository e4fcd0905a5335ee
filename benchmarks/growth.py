"""What a status change, a new order and a screen that opens or comes back cost as sockets, shops and orders grow.

Run with `python -m benchmarks.growth`; it needs a C compiler for its load client, `wsload/`, and Chromium for its
picture. Each size has a database of its own, filled beforehand; in each round a server is started for one after the
other, so that what else the machine does is spread over all. The server has a core to itself, PostgreSQL shares the
load client's where there are two. What is reported are medians of the rounds, and how much more the largest size costs
than the smallest. The cost of a change may grow with the sockets that hear of it, in a straight line; all else is to
stay flat.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import cores
from benchmarks.cores import Cores
from benchmarks.growing import curves, databases, picture
from benchmarks.growing.curves import Found
from benchmarks.growing.databases import Prepared
from benchmarks.growing.points import Axis, Point, points
from benchmarks.growing.scene import Plan, playing
from benchmarks.interrupts import Interrupts
from benchmarks.load import Client
from benchmarks.measures import Figures
from benchmarks.peers import installing
from benchmarks.peers.peer import Lacking
from benchmarks.progress import Progress
from orderflow import embedded

SIZES: Final[dict[Axis, list[int]]] = {
    "sockets": [1, 10, 100, 1_000, 2_000],
    "shops": [1, 10, 100, 1_000],
    "orders": [1_000, 100_000, 1_000_000],
}
QUICK: Final[dict[Axis, list[int]]] = {"sockets": [1, 10, 100], "shops": [1, 10], "orders": [1_000, 10_000]}
ROUNDS: Final = 5
MINUTES: Final = 12.0
PICTURE: Final = Path(__file__).parents[1] / "docs" / "growth.png"


class Benchmark:
    """All rounds: what was found, and what went wrong."""

    def __init__(self, client: Client, on: Cores, plan: Plan, interrupts: Interrupts) -> None:
        self.found: dict[Point, list[Figures]] = {}
        self.complaints: list[str] = []
        self._client, self._on, self._plan, self._interrupts = client, on, plan, interrupts

    def run(self, made: Mapping[Point, Prepared], rounds: int, until: float) -> int:
        """Measure all points in turn, another one first in each round; return how many rounds there was time for."""
        every = list(made)
        self.found = {point: [] for point in every}
        progress, longest_s = Progress(rounds * len(every)), 0.0
        for number in range(rounds):
            began = time.monotonic()
            if began + longest_s > until:
                print(f"  no time for round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                return number
            first = number * len(every) // rounds
            for point in (*every[first:], *every[:first]):
                progress.say(f"round {number + 1} of {rounds}, {point}")
                self.found[point].append(self._measured(made[point], point, f"round {number + 1}, {point}"))
            longest_s = max(longest_s, time.monotonic() - began)
        return rounds

    def _measured(self, prepared: Prepared, point: Point, where: str) -> Figures:
        with self._interrupts.allowed(False), self._complaining(where), ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orderflow-bench-")))
            scene = stack.enter_context(playing(prepared, place, self._on))
            with self._interrupts.allowed(True):
                return scene.measure(self._client, point, self._plan)
        return {}

    @contextmanager
    def _complaining(self, where: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The other figures are worth having all the same.
            self.complaints.append(f"{where}: {str(error) or type(error).__name__}")


def machine(rounds: int, plan: Plan, load: float) -> str:
    """Where, when and how long this was measured, and what else the machine was doing as it began."""
    facts = (
        platform.machine(),
        f"{os.cpu_count()} cores",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        time.strftime("%Y-%m-%d"),
        f"{rounds} {'round' if rounds == 1 else 'rounds'} of {plan.seconds:g} s of moves",
        f"{plan.placed} orders and {plan.visits} visits of each kind",
        f"load average {load:.1f} before",
    )
    return ", ".join(facts)


def saved(where: str, found: Found, complaints: list[str]) -> str:
    """All figures of all rounds, as JSON."""
    every = [{"axis": point.axis, "size": point.size, "rounds": rounds} for point, rounds in found.items()]
    return json.dumps({"machine": where, "complaints": complaints, "points": every}, indent=1) + "\n"


def read(file: Path) -> tuple[str, Found, list[str]]:
    """What was saved."""
    facts: dict[str, Any] = json.loads(file.read_text())
    found = {Point(each["axis"], each["size"]): each["rounds"] for each in facts["points"]}
    return facts["machine"], found, facts["complaints"]


def measured(given: argparse.Namespace) -> tuple[str, Found, list[str]]:
    """Fill the databases, and run all rounds there is time for."""
    interrupts, load, began = Interrupts(), os.getloadavg()[0], time.monotonic()
    on = cores.assigned()
    plan = Plan(1.5, 0.1, 10, 3) if given.quick else Plan(1.5, 0.3, 50, 25)
    os.sched_setaffinity(0, on.rest)
    try:
        client = Client(installing.cache(), on.loading)
    except Lacking as error:
        raise SystemExit(f"without its load client there is nothing to measure: {error}") from None
    wanted = points({axis: getattr(given, axis) for axis in SIZES})
    benchmark = Benchmark(client, on, plan, interrupts)
    with tempfile.TemporaryDirectory(prefix="orderflow-bench-", dir="/var/tmp") as place:
        # PostgreSQL has a user of its own.
        Path(place).chmod(0o755)
        with embedded.running(Path(place) / "database") as database:
            made = asyncio.run(databases.prepare(database.url, wanted))
            done = benchmark.run(made, given.rounds, began + 60 * given.minutes)
    return machine(done, plan, load), benchmark.found, benchmark.complaints


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for axis, sizes in SIZES.items():
        usual = ", ".join(f"{size:,}" for size in sizes)
        parser.add_argument(f"--{axis}", type=int, nargs="+", metavar="N", help=f"unset: {usual}; fewer if quick")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}, or 1 if quick; fewer if there is no time")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="begin no round that would end later (%(default)g)"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes for a moment: does it work?")
    parser.add_argument("--picture", type=Path, metavar="PNG", help=f"unset: {PICTURE.name} in docs/; none if quick")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all figures of all rounds")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure nothing: report such figures again")
    given = parser.parse_args()
    for axis, sizes in (QUICK if given.quick else SIZES).items():
        setattr(given, axis, getattr(given, axis) or sizes)
    given.rounds = given.rounds or (1 if given.quick else ROUNDS)
    given.picture = given.picture or (None if given.quick else PICTURE)
    return given


def main() -> None:
    given = _arguments()
    where, found, complaints = read(given.again) if given.again else measured(given)
    if given.json:
        given.json.write_text(saved(where, found, complaints))
    print(where, curves.summary(found), curves.tables(found), sep="\n\n")
    if given.picture:
        try:
            picture.draw(found, where, given.picture)
        except Lacking as error:
            complaints.append(f"no picture: {error}")
    if complaints:
        print("", *(f"- {complaint}" for complaint in complaints), sep="\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
