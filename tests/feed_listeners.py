"""Subscribers who are held against a model of the feed: each frame as REST has it, each page as the model has it."""

import asyncio
import socket
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx2

from tests.faults.fold import SHOWN_AT_PICKUP, Frame, Picture, View, shown
from tests.feed_model import ACTIVE, Model
from tests.live import Live, Socket
from tests.people import Person, Shop, good

T = TypeVar("T")
PATIENCE_S = 30.0


@dataclass
class World:
    """Two processes on one database, the second of which hears of the first only by looking, and who comes to them."""

    loop: asyncio.AbstractEventLoop
    lives: list[Live]
    owner: Person
    customers: list[Person]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the servers' loop do something, and wait for it in another thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def ask(self, who: Person, place: int, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One request to one of the processes."""
        return self.do(replace(who, client=self.lives[place].client).request(method, path, body, **headers))


class Listener:
    """One subscriber of the first customer, or of the shop; `socket` is None while it is away."""

    def __init__(self, world: World, shop: Shop, model: Model, view: View) -> None:
        channel = "" if view == "shop" else f"/{view}"
        self.socket: Socket | None = None
        self.view = view
        self._path = "/ws/customers/me" if view == "customer" else f"/ws/shops/{shop.shop['id']}{channel}"
        self._who = {"shop": world.owner, "customer": world.customers[0]}.get(view)
        self._world = world
        self._shop = shop
        self._model = model
        self._picture = Picture(view)
        # Up to where in the shop's feed it was told, and where it was when it left.
        self._told = len(model.feed)
        self._position = 0
        self._resume = ""

    def begin(self, place: int) -> None:
        """Connect for the first time: to the state as it is."""
        snapshot = self._connect(place)
        assert snapshot["type"] == "snapshot"
        self._picture.begin(snapshot)
        self._check()

    def leave(self) -> None:
        """Go without a word, with whatever has come and was not read yet."""
        if self.socket is not None:
            self._position, self._resume = self.socket.position, self.socket.resume()
            self._world.loop.call_soon_threadsafe(self.socket.connection.transport.abort)
            self.socket = None

    def stall(self) -> None:
        """Take nothing more in, until it reads."""
        if self.socket is not None:
            self._world.loop.call_soon_threadsafe(self.socket.connection.transport.pause_reading)

    def come_back(self, place: int) -> None:
        """Connect again, where it was, if it is away."""
        if self.socket is None:
            first = self._connect(place)
            assert (first["type"], first["seq"]) == ("resumed", self._position)

    def read(self) -> None:
        """Read what it was not told yet, if it is here."""
        if self.socket is None:
            return
        self._world.loop.call_soon_threadsafe(self.socket.connection.transport.resume_reading)
        told = self._feed()
        for event in told:
            if (frame := self._shown(event)) is not None:
                if self.view == "customer":
                    frame = {**frame, "seq": self.socket.position + 1}
                got = self._world.do(self.socket.event())
                assert got == frame
                self._picture.take(got)
        self._told += len(told)
        self._check()

    def finish(self) -> None:
        """Read the rest; then nothing comes but beats, which say that this was all."""
        self.come_back(0)
        self.read()
        self._world.do(self._quiet())

    async def _quiet(self) -> None:
        assert self.socket is not None
        # What a channel does not show may still be on its way; of a customer's own there is no such thing.
        head = self.socket.position if self.view == "customer" else len(self._model.feed)
        beat = await self.socket.beat()
        while beat["seq"] < head:
            beat = await self.socket.beat()
        assert beat["head"] == beat["seq"] == head
        await self.socket.connection.close()

    def _connect(self, place: int) -> Frame:
        """Open a socket where it was; its first frame."""

        async def connect() -> Frame:
            live = self._world.lives[place]
            raw = socket.socket()
            # So that it is soon full when nobody reads.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            await self._world.loop.sock_connect(raw, ("127.0.0.1", int(live.url.rpartition(":")[2])))
            self.socket = await live.socket(self._path + self._resume, self._who, sock=raw)
            return await self.socket.frame()

        return self._world.do(connect())

    def _feed(self) -> list[Frame]:
        """What stands in the shop's feed after what it was told, by REST, which has to be what the model has."""
        path = f"{self._shop.path}/events?limit=100&after={self._told}"
        page = good(self._world.ask(self._world.owner, 0, "GET", path))
        events: list[Frame] = page["data"]
        assert page["head"] == len(self._model.feed)
        for event, (kind, facts) in zip(events, self._model.feed[self._told :], strict=True):
            assert event["type"] == kind
            assert facts.items() <= event[kind].items()
        assert [event["seq"] for event in events] == list(range(self._told + 1, len(self._model.feed) + 1))
        return events

    def _shown(self, event: Frame) -> Frame | None:
        is_anothers = (
            event["type"] == "order" and event["order"]["customer"]["id"] != self._world.customers[0].user["id"]
        )
        return None if self.view == "customer" and is_anothers else shown(self.view, event)

    def _check(self) -> None:
        """Hold what its page shows against the model."""
        state, model = self._picture.state(), self._model
        if self.view in ("shop", "menu"):
            items = {item["id"]: item for item in state["items"]}
            assert items.keys() == {item.id for item in model.items.values() if not item.archived}
            assert all(model.items[each].shown().items() <= items[each].items() for each in items)
            assert model.shop.items() <= state["shop"].items()
        if self.view in ("shop", "customer"):
            # A customer has ordered at the shops before this one as well.
            here = [order for order in state["orders"] if order["shop"]["id"] == self._shop.shop["id"]]
            orders = {order["id"]: order for order in here if order["status"] in ACTIVE}
            mine = [each for each in model.orders.values() if self.view == "shop" or each.customer == 0]
            assert orders.keys() == {order.id for order in mine if order.status in ACTIVE}
            assert all(model.orders[each].shown().items() <= orders[each].items() for each in orders)
        if self.view == "pickup":
            statuses = sorted(order.status for order in model.orders.values() if order.status in SHOWN_AT_PICKUP)
            assert sorted(order["status"] for order in state["orders"]) == statuses
