"""How fast one change reaches many boards: orderflow's sockets beside other servers', each alone on a core.

Run with `python -m benchmarks.fanout`; the load client, `wsload/`, has a core of its own. The servers take turns within
each round, and what is reported are medians of the rounds and their ratios. What a server needs is installed into the
user's cache; one that cannot be had is named, and the others are measured. CPU and memory are those of the server's own
process: Redis and PostgreSQL share the load client's core, or have one of their own where there are more than two.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks import cores, measures, report
from benchmarks.cores import Cores
from benchmarks.interrupts import Interrupts
from benchmarks.load import Client
from benchmarks.measures import Figures, Plan
from benchmarks.peers import installing, node
from benchmarks.peers.c_sends import CSends
from benchmarks.peers.nchan import Nchan
from benchmarks.peers.on_uvicorn import Channels, StarletteLoop
from benchmarks.peers.orderflow import Orderflow
from benchmarks.peers.peer import Lacking, Peer
from benchmarks.progress import Progress

PEERS: Final[Sequence[Peer]] = (
    Orderflow(),
    Nchan(),
    CSends(),
    StarletteLoop(),
    node.ws(),
    node.socket_io(),
    Channels(),
)
# The crowd needs a process that has had no other sockets; the rest share one.
GROUPS: Final = (("crowd",), ("one outstanding", "eight outstanding", "50,000 a second", "highest rate"))
# Of these, an order's way to the last board as well.
MOVING: Final = ("orderflow", "nchan")


class Benchmark:
    """All rounds: what was found, by server and round, and what went wrong."""

    def __init__(self, peers: Sequence[Peer], client: Client, on: Cores, plan: Plan, interrupts: Interrupts) -> None:
        self.found: dict[str, list[Figures]] = {peer.name: [] for peer in peers}
        self.complaints: list[str] = []
        self._peers, self._client, self._on = peers, client, on
        self._plan, self._interrupts = plan, interrupts

    def run(self, rounds: int) -> None:
        """Measure all servers in turn, another one first in each round."""
        progress = Progress(rounds * sum(len(names) for peer in self._peers for names in _groups(peer)))
        for number in range(rounds):
            first = number % len(self._peers)
            for peer in (*self._peers[first:], *self._peers[:first]):
                figures: Figures = {}
                for names in _groups(peer):
                    figures |= self._measured(peer, names, progress, f"round {number + 1} of {rounds}")
                self.found[peer.name].append(figures)

    def _measured(self, peer: Peer, names: Sequence[str], progress: Progress, when: str) -> Figures:
        """Run a server, and measure this of it."""
        found: Figures = {}
        with self._interrupts.allowed(False), self._complaining(f"{when}, {peer.about}"), ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orderflow-bench-", dir="/var/tmp")))
            # PostgreSQL has a user of its own.
            place.chmod(0o755)
            running = stack.enter_context(peer.running(place, self._on))
            for name in names:
                progress.say(f"{when}, {peer.about}: {name}")
                with self._complaining(f"{when}, {peer.about}, {name}"), self._interrupts.allowed(True):
                    found |= measures.MEASURES[name](self._client, running, self._plan)
        return found

    @contextmanager
    def _complaining(self, where: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The other figures are worth having all the same.
            self.complaints.append(f"{where}: {str(error) or type(error).__name__}")


def _groups(peer: Peer) -> Sequence[Sequence[str]]:
    crowd, rest = GROUPS
    return (crowd, (*rest, "orders moved")) if peer.name in MOVING else GROUPS


def installed(peers: Iterable[Peer], cache: Path) -> tuple[list[Peer], dict[str, str], dict[str, str]]:
    """Install what can be had: the servers, their versions, and why others are missing."""
    here, versions, lacking = [], {}, {}
    for peer in peers:
        print(f"  looking for {peer.about}", file=sys.stderr, flush=True)
        try:
            versions[peer.name] = peer.install(cache)
            here.append(peer)
        except Lacking as error:
            lacking[peer.name] = str(error)
    return here, versions, lacking


def machine(plan: Plan, rounds: int, load: float) -> str:
    """Where, when and how long this was measured, and what else the machine was doing as it began."""
    facts = (
        platform.machine(),
        f"{os.cpu_count()} cores",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        time.strftime("%Y-%m-%d"),
        f"{rounds} {'round' if rounds == 1 else 'rounds'} of {plan.seconds:g} s",
        f"{plan.sockets:,} sockets",
        f"{plan.crowd:,} idle ones",
        f"load average {load:.1f} before",
    )
    return ", ".join(facts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="5, or 1 if quick")
    parser.add_argument("--sockets", type=int, help="1,000, or 100 if quick; five times as many when they only wait")
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS], metavar="SERVER")
    parser.add_argument("--quick", action="store_true", help="runs of a second: does it work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures of all rounds")
    given = parser.parse_args()
    rounds, sockets = (1, 100) if given.quick else (5, 1_000)
    given.rounds, given.sockets = given.rounds or rounds, given.sockets or sockets
    return given


def main() -> None:
    given, interrupts, load = _arguments(), Interrupts(), os.getloadavg()[0]
    on, cache, plan = cores.assigned(), installing.cache(), Plan.of(given.sockets, quick=given.quick)
    os.sched_setaffinity(0, on.rest)
    try:
        client = Client(cache, on.loading)
    except Lacking as error:
        raise SystemExit(f"without its load client there is nothing to measure: {error}") from None
    wanted = [peer for peer in PEERS if not given.only or peer.name in given.only]
    peers, versions, lacking = installed(wanted, cache)
    benchmark = Benchmark(peers, client, on, plan, interrupts)
    benchmark.run(given.rounds)
    names, where = {peer.name: peer.about for peer in PEERS}, machine(plan, given.rounds, load)
    print(where, report.goals(benchmark.found, names), report.figures(benchmark.found, names), "", sep="\n\n", end="")
    notes = [f"{names[peer]}: {version}" for peer, version in versions.items()]
    notes += [f"{names[peer]} is lacking: {why}" for peer, why in lacking.items()]
    print(*(f"- {note}" for note in (*notes, *benchmark.complaints)), sep="\n")
    if given.json:
        facts = {"machine": where, "notes": notes, "complaints": benchmark.complaints, "rounds": benchmark.found}
        given.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
