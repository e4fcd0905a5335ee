"""A server on one of the databases, and what is done there: orders move, are placed, screens and people come and go."""

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks import http_load, messages
from benchmarks.cores import Cores, on
from benchmarks.growing import visits
from benchmarks.growing.databases import MISSED, Prepared
from benchmarks.growing.points import Point
from benchmarks.load import Client, Failed, Run
from benchmarks.measures import Figures
from benchmarks.orders import ISSUER, tokens
from benchmarks.peers.orderflow import SETTINGS
from benchmarks.peers.peer import Board
from tests.servers import Server, serving

# Orders that moved on are recalled much later; the count of a customer's open orders is a part of placing one.
HERE: Final = {**SETTINGS, "PUBLIC_URL": ISSUER, "RECALL_MINUTES": "600", "OPEN_ORDERS_PER_CUSTOMER": "1000"}


@dataclass(frozen=True)
class Plan:
    """How much of everything: seconds of moves, orders placed, times that somebody comes."""

    seconds: float
    warm_up_s: float
    placed: int
    visits: int


@contextlib.contextmanager
def playing(prepared: Prepared, place: Path, cores: Cores) -> Iterator["Scene"]:
    """Run a server on this database, for as long as the context lasts."""
    with contextlib.ExitStack() as stack:
        with on(cores.serving):
            server = stack.enter_context(serving(place, **HERE, DATABASE_URL=prepared.url))
        yield stack.enter_context(contextlib.closing(Scene(server, prepared)))


class Scene:
    """What can be measured there."""

    def __init__(self, server: Server, prepared: Prepared) -> None:
        self._prepared, self._shop = prepared, prepared.shop
        self._port, self._pid = int(server.url.rpartition(":")[2]), server.pid
        self._tokens = tokens([str(self._shop.counter), *map(str, self._shop.customers)])
        self._token = self._tokens[str(self._shop.counter)]
        self._call = visits.Caller(self._port, self._token)

    def close(self) -> None:
        self._call.close()

    def measure(self, client: Client, point: Point, plan: Plan) -> Figures:
        """All figures of a point.

        Raises: Failed if sockets do not open, stay open or get all.
        """
        found: Figures = {}
        with client.holding(self._board("/ws/shops/other-*", []), point.shops - 1):
            self._warm_up(plan)
            found |= self._moves(client, point, plan)
            found |= self._placed(client, point, plan)
            self._tidy()
        return found

    def _warm_up(self, plan: Plan) -> None:
        """Have the database's connections know what they are asked: where little is, the first times weigh most."""
        for status, order in itertools.islice(itertools.cycle(self._ways()), plan.placed):
            self._call("PATCH", f"/v1/orders/{order}", {"status": status})

    def _ways(self) -> list[tuple[str, UUID]]:
        """The orders that move: all to one status, then all back."""
        return list(itertools.product(("preparing", "pending"), self._prepared.moving))

    def _moves(self, client: Client, point: Point, plan: Plan) -> Figures:
        """A status change: its answer, the last board, and what it costs the server and the database."""
        requests = [
            http_load.request("PATCH", f"/v1/orders/{order}", self._token, json.dumps({"status": status}).encode())
            for status, order in self._ways()
        ]
        usage = Usage(self._prepared.name, min(1.0, plan.seconds))
        how = {"seconds": plan.seconds, "warm_up_s": plan.warm_up_s}
        run = self._publish(client, point.sockets, requests, usage.begin, **how)
        if not run["deliveries"]:
            raise Failed(f"no change reached a board within {plan.seconds:g} s")
        return {
            "move_ms": run["answered_p50_ms"],
            "move_last_ms": run["last_p50_ms"],
            "move_cpu_us": 1e6 * run["cpu_s"] * point.sockets / run["deliveries"],
            "move_db_us": 1e6 * usage.end() / run["published"],
        }

    def _placed(self, client: Client, point: Point, plan: Plan) -> Figures:
        """Orders that are placed, and before that all who come and look."""
        lines = [{"item_id": str(item), "quantity": 1} for item in self._shop.items]
        body = json.dumps({"lines": lines}).encode()
        requests = [
            http_load.request("POST", f"/v1/shops/{self._shop.id}/orders", self._tokens[str(customer)], body)
            for customer in self._shop.customers
        ]
        found: Figures = {}
        run = self._publish(
            client,
            point.sockets,
            requests,
            lambda: found.update(self._visits(plan)),
            seconds=visits.PATIENCE_S,
            warm_up_s=0,
            at_most=plan.placed,
        )
        return found | {"place_ms": run["answered_p50_ms"]}

    def _visits(self, plan: Plan) -> Figures:
        board, port, token = f"/ws/shops/{self._shop.id}", self._port, self._token
        feed = self._feed()
        epoch, head, path = feed["epoch"], feed["head"], f"/v1/shops/{self._shop.id}"
        works: dict[str, Callable[[], float]] = {
            "board_ms": lambda: visits.snapshot_s(port, board, token),
            "pickup_ms": lambda: visits.snapshot_s(port, f"{board}/pickup", token),
            "customer_ms": lambda: visits.snapshot_s(port, "/ws/customers/me", token),
            "resume_ms": lambda: visits.resume_s(port, board, token, epoch, head, MISSED),
            "list_ms": lambda: self._call.get_s(f"{path}/orders?status=active"),
            "events_ms": lambda: self._call.get_s(f"{path}/events?after={head - MISSED}&limit={MISSED}"),
        }
        return {name: visits.median_ms(plan.visits, work) for name, work in works.items()}

    def _tidy(self) -> None:
        """Leave the open orders as they were found."""
        known = {str(order) for order in (*self._prepared.moving, *self._prepared.waiting)}
        reason = {"status": "cancelled", "reason": "of a benchmark"}
        while placed := [order for order in self._active("pending") if order["id"] not in known]:
            for order in placed:
                self._call("PATCH", f"/v1/orders/{order['id']}", reason)

    def _publish(
        self, client: Client, sockets: int, requests: list[bytes], before: Callable[[], None], **how: Any
    ) -> Run:
        """Have requests sent, each once the one before has reached all sockets."""
        moved = {str(order) for order in self._prepared.moving}
        for order in self._active("preparing"):
            if order["id"] in moved:
                self._call("PATCH", f"/v1/orders/{order['id']}", {"status": "pending"})
        first = self._feed()["head"] + 1
        board = self._board(f"/ws/shops/{self._shop.id}", requests, first_number=first, before_publishing=before)
        return client.publish(board, sockets, window=1, **how).checked()

    def _board(self, path: str, requests: list[bytes], **more: Any) -> Board:
        headers = (f"Authorization: Bearer {self._token}", "Sec-WebSocket-Protocol: orderflow.v1")
        return Board(
            self._port,
            path,
            self._port,
            requests,
            [self._pid],
            number_after=messages.ORDER_BEGINS,
            outstanding=1,
            headers=headers,
            ready='{"type":"snapshot"',
            **more,
        )

    def _active(self, status: str) -> list[dict[str, Any]]:
        page = self._call("GET", f"/v1/shops/{self._shop.id}/orders?status={status}&limit=100")
        found: list[dict[str, Any]] = page["data"]
        return found

    def _feed(self) -> dict[str, Any]:
        return self._call("GET", f"/v1/shops/{self._shop.id}/events?limit=1")


class Usage:
    """The CPU that PostgreSQL uses for a database, without what it uses there while nothing is asked of it."""

    def __init__(self, database: str, idle_s: float) -> None:
        self._title = f"postgres: orderflow {database} ".encode()
        self._idle_s, self._idle, self._ran_s, self._began = idle_s, 0.0, 0.0, 0.0

    def begin(self) -> None:
        """Look at what it uses while it is idle, and count from now on."""
        before = self._cpu_s()
        time.sleep(self._idle_s)
        self._ran_s, self._began = self._cpu_s(), time.monotonic()
        self._idle = (self._ran_s - before) / self._idle_s

    def end(self) -> float:
        """Seconds of CPU since then."""
        ran_s, took_s = self._cpu_s() - self._ran_s, time.monotonic() - self._began
        return max(0.0, ran_s - self._idle * took_s)

    def _cpu_s(self) -> float:
        """By the scheduler's own clock, of the processes that serve this database."""
        ran_ns = 0
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if (process / "cmdline").read_bytes().startswith(self._title):
                    ran_ns += int((process / "schedstat").read_text().split()[0])
        return ran_ns / 1e9
