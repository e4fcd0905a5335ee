"""orderflow itself: `orderflow serve` on its own PostgreSQL and Redis, reached by its API, its sockets and Redis alone.

Items change by what its bus would publish, without a transaction: the fan-out alone, as the other servers do it. The
process looks once a second at the heads that the database has, so the feed's head is put far ahead of what will be
published, once all sockets are open: a head behind the bells would be a restored database, and end them. Orders move
by PATCH, the whole path.
"""

import asyncio
import contextlib
import http.client
import itertools
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks import http_load, messages
from benchmarks.cores import Cores, on
from benchmarks.peers import redis_server
from benchmarks.peers.peer import Board, Running
from orderflow import embedded, frames, migrations, wire
from orderflow.frames import Position
from tests.servers import Server, serving

OWNER = {"email": "owner@example.com", "password": "correct horse", "name": "Bench", "role": "shop_owner"}
SHOP = {"name": "Bench", "currency": "EUR", "time_zone": "Europe/Berlin"}
ITEM = {"name": "Flat white", "price_minor": 350}
ORDERS = 8
# All sockets are those of one person at one machine.
UNLIMITED = ("OPEN_ORDERS_PER_CUSTOMER", "SOCKETS_PER_USER", "SOCKETS_PER_ADDRESS", "SOCKETS_PER_PROCESS")
SETTINGS = {"ACCESS_TOKEN_EXPIRE_MINUTES": "600", **dict.fromkeys(UNLIMITED, "0")}
# Farther than any run publishes.
AHEAD = 2 * messages.FIRST


class Orderflow:
    """The checkout that this benchmark stands in."""

    name = "orderflow"
    about = "orderflow"

    def install(self, cache: Path) -> str:
        return f"orderflow {version('orderflow')}, {redis_server.install(cache)}"

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        with contextlib.ExitStack() as stack:
            with on(cores.rest):
                bus = stack.enter_context(redis_server.RedisServer())
                database = stack.enter_context(embedded.running(place / "database"))
                asyncio.run(migrations.upgrade(database.url))
            with on(cores.serving):
                urls = {"DATABASE_URL": database.url, "REDIS_URL": bus.url}
                server = stack.enter_context(serving(place / "server", **SETTINGS, **urls))
            yield _Serving(server, bus, database.url.replace("+asyncpg", ""))


class _Serving:
    """One `orderflow serve`; each board is that of a new shop, so that none hears of another."""

    def __init__(self, server: Server, bus: redis_server.RedisServer, database: str) -> None:
        self._server, self._bus, self._database = server, bus, database
        self._port = int(server.url.rpartition(":")[2])
        self._headers = {"Content-Type": "application/json"}
        self._ahead: list[str] = []
        self._call("POST", "/v1/auth/register", OWNER)
        self._token = self._call("POST", "/v1/auth/login", {key: OWNER[key] for key in ("email", "password")})[
            "access_token"
        ]
        self._headers["Authorization"] = f"Bearer {self._token}"

    def board(self) -> Board:
        """A new shop, one of whose items changes again and again."""
        self._forget()
        shop = self._call("POST", "/v1/shops", SHOP)["id"]
        self._set_head(shop, messages.FIRST - 1)
        position = Position(UUID(shop), self._epoch(shop), messages.FIRST)
        bell = frames.message_of(messages.item(position)).replace(b"%d" % messages.FIRST, messages.MARK.encode())

        def run_ahead() -> None:
            self._ahead.append(shop)
            self._set_head(shop, AHEAD)

        publishing = messages.redis_publish(wire.PREFIX + shop, bell)
        return self._board(shop, self._bus.port, [publishing], answers="redis", before_publishing=run_ahead)

    def order_board(self) -> Board:
        """A new shop with orders that are taken up and recalled in turn, one request at a time."""
        shop = self._call("POST", "/v1/shops", SHOP)["id"]
        item = self._call("POST", f"/v1/shops/{shop}/items", ITEM)["id"]
        lines = [{"item_id": item, "quantity": 2}, {"item_id": item, "quantity": 2, "note": "warm"}]
        orders = [self._call("POST", f"/v1/shops/{shop}/orders", {"lines": lines})["id"] for _ in range(ORDERS)]
        requests = [
            http_load.request("PATCH", f"/v1/orders/{order}", self._token, json.dumps({"status": status}).encode())
            for status, order in itertools.product(("preparing", "pending"), orders)
        ]
        head = self._call("GET", f"/v1/shops/{shop}/events?limit=1")["head"]
        begins = messages.ORDER_BEGINS
        return self._board(shop, self._port, requests, number_after=begins, first_number=head + 1, outstanding=1)

    def _board(self, shop: str, publish_port: int, requests: list[bytes], **more: Any) -> Board:
        headers = (f"Authorization: Bearer {self._token}", "Sec-WebSocket-Protocol: orderflow.v1")
        ready, pids = '{"type":"snapshot"', [self._server.pid]
        return Board(
            self._port, f"/ws/shops/{shop}", publish_port, requests, pids, headers=headers, ready=ready, **more
        )

    def _forget(self) -> None:
        """Have the process drop the feeds of earlier boards, each of which it would look for every second."""
        while self._ahead:
            self._set_head(self._ahead.pop(), 0)

    def _epoch(self, shop: str) -> str:
        return str(self._call("GET", f"/v1/shops/{shop}/events?limit=1")["epoch"])

    def _set_head(self, shop: str, head: int) -> None:
        async def update() -> None:
            connection = await asyncpg.connect(self._database)
            await connection.execute("UPDATE feeds SET head = $2 WHERE id = $1", UUID(shop), head)
            await connection.close()

        asyncio.run(update())

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to the API, which has to be granted."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        found: dict[str, Any] = json.loads(text)
        return found
