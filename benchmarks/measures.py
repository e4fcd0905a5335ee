"""What is measured of a server that runs, and the figures that come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.load import Client, Failed, Run
from benchmarks.peers.peer import Running

# Deliveries a second that are tried one after the other in an open loop.
THOUSANDS: Final = (25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 350, 400, 500, 600, 800)
STEPS: Final = tuple(1_000 * k for k in THOUSANDS)
HELD_MS: Final = 50.0
STEADY: Final = 50_000
# Orders moved a second: so few that each has reached all before the next.
MOVES_PER_S: Final = 10.0

Figures = dict[str, float]
"""By name; a server that did not get there has none."""


@dataclass(frozen=True)
class Plan:
    """How many sockets, and how long a measurement lasts."""

    sockets: int
    crowd: int
    seconds: float
    warm_up_s: float
    settle_s: float

    @classmethod
    def of(cls, sockets: int, *, quick: bool) -> "Plan":
        """The plan for so many sockets; the crowd that only waits is five times as many."""
        seconds, warm_up_s, settle_s = (1.0, 0.3, 0.3) if quick else (3.0, 0.7, 1.0)
        return cls(sockets, 5 * sockets, seconds, warm_up_s, settle_s)


Measure = Callable[[Client, Running, Plan], Figures]
"""Raises: Failed where the server does not get there."""


def crowd(client: Client, running: Running, plan: Plan) -> Figures:
    """A crowd that opens and waits: handshakes a second, and KB for each idle socket."""
    board = running.board()
    # What is loaded at the first handshakes is no socket's memory.
    client.open(board, 50, 0.1)
    run = client.open(board, plan.crowd, plan.settle_s)
    return {"handshakes": plan.crowd / run["opening_s"], "memory_kb": run["memory_kb"] / plan.crowd}


def one(client: Client, running: Running, plan: Plan) -> Figures:
    """Deliveries a second with one message outstanding."""
    return _saturated(client, running, plan, 1, "one")


def eight(client: Client, running: Running, plan: Plan) -> Figures:
    """Deliveries a second with eight messages outstanding."""
    return _saturated(client, running, plan, 8, "eight")


def steady(client: Client, running: Running, plan: Plan) -> Figures:
    """At 50,000 deliveries a second: the server's CPU for each, and milliseconds from publishing to a delivery."""
    run = _open_loop(client, running, plan, STEADY).checked()
    return {"cpu_us": 1e6 * run["cpu_s"] / run["deliveries"], "p50_ms": run["p50_ms"], "p99_ms": run["p99_ms"]}


def held(client: Client, running: Running, plan: Plan) -> Figures:
    """The highest step of deliveries a second at which none is lost and 99 of 100 take at most 50 ms; by bisection."""
    low, high = -1, len(STEPS)
    while high - low > 1:
        middle = (low + high) // 2
        # A hiccup of the machine is no limit of the server: each step has two tries.
        is_held = any(_holds(client, running, plan, STEPS[middle]) for _ in range(2))
        low, high = (middle, high) if is_held else (low, middle)
    if low < 0:
        raise Failed(f"it did not hold {STEPS[0]:,} a second")
    return {"held": STEPS[low]}


def _holds(client: Client, running: Running, plan: Plan, deliveries_per_s: int) -> bool:
    run = _open_loop(client, running, plan, deliveries_per_s)
    return not run.trouble and run["p99_ms"] <= HELD_MS


def moves(client: Client, running: Running, plan: Plan) -> Figures:
    """An order moves: milliseconds until the last board shows it, from the request and from its answer.

    An answer that comes after the last board counts as 0.
    """
    seconds = 4 * plan.seconds
    run = client.publish(running.order_board(), plan.sockets, seconds, warm_up_s=plan.warm_up_s, rate=MOVES_PER_S)
    names = ("last_p50_ms", "last_p99_ms", "answer_last_p50_ms", "answer_last_p99_ms")
    return {name: run.checked()[name] for name in names}


MEASURES: Final[Mapping[str, Measure]] = {
    "crowd": crowd,
    "one outstanding": one,
    "eight outstanding": eight,
    "50,000 a second": steady,
    "highest rate": held,
    "orders moved": moves,
}


def _saturated(client: Client, running: Running, plan: Plan, window: int, name: str) -> Figures:
    """Deliveries a second, and how busy that kept the load client: near 1 it is the client that was measured."""
    run = client.publish(running.board(), plan.sockets, plan.seconds, warm_up_s=plan.warm_up_s, window=window)
    seconds = run.checked()["seconds"]
    return {name: run["deliveries"] / seconds, f"{name}_client_busy": run["own_cpu_s"] / seconds}


def _open_loop(client: Client, running: Running, plan: Plan, deliveries_per_s: int) -> Run:
    rate = deliveries_per_s / plan.sockets
    return client.publish(running.board(), plan.sockets, plan.seconds, warm_up_s=plan.warm_up_s, rate=rate)
