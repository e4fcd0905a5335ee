"""Who works at the counter: sees the shop's channel, makes what is ordered, and hands it over to who comes for it."""

import asyncio
import logging
import random
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from orderflow.demo import cafe
from orderflow.demo.agenda import Agenda
from orderflow.demo.api import Refused
from orderflow.demo.counter import Counter
from orderflow.demo.feed import Feed, Frame
from orderflow.demo.opening import Cafe
from orderflow.demo.pace import Pace
from orderflow.demo.person import Person

Order = dict[str, Any]

START_S: Final = (20.0, 60.0)
MAKE_S: Final = (40.0, 150.0)
HAND_OVER_S: Final = (3.0, 10.0)
# A mis-tap is noticed soon, and what it was about is soon in order again.
SLIP_S: Final = (4.0, 8.0)
AGAIN_S: Final = (8.0, 25.0)
# Nobody of the demo comes for it: it was ordered by a visitor, or before a restart.
UNCLAIMED_S: Final = (60.0, 180.0)
FORGOTTEN_S: Final = (900.0, 1_200.0)
NO_HAND_S: Final = (2.0, 6.0)

SLIPS: Final = 0.04
REFUSALS: Final = 0.015
STEPS: Final = ("pending", "preparing", "ready", "picked_up")
NEXT: Final = {"pending": "preparing", "preparing": "ready", "ready": "picked_up"}

logger = logging.getLogger(__name__)


class Barista:
    """One of the staff, at one board: takes every n-th number, and makes several orders at a time."""

    def __init__(self, shop: Cafe, person: Person, share: tuple[int, int], pace: Pace, counter: Counter) -> None:
        self._cafe = shop
        self._person = person
        self._number, self._count = share
        self._pace = pace
        self._counter = counter
        self._hands = -(-pace.hands // self._count)
        # What stands on the board and is for this one to do.
        self._orders: dict[str, Order] = {}
        self._agenda = Agenda()
        counter.on_arrival(self._look_up)

    async def work(self) -> None:
        """Work for as long as the task lives.

        Raises:
            ExceptionGroup: of the staff no more, or signed out for good.
        """
        feed = Feed(self._cafe.url, self._cafe.sockets, self._see, self._person)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed.run(), name="board")
            tasks.create_task(self._agenda.run(), name="work")

    def _see(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            self._see_all(frame["orders"])
        elif frame["type"] == "order" and self._is_mine(frame["order"]):
            self._take(frame["order"], frame["from"])

    def _see_all(self, orders: Iterable[Order]) -> None:
        mine = {order["id"]: order for order in orders if self._is_mine(order)}
        self._orders = {id: order for id, order in self._orders.items() if id in mine}
        self._agenda.keep(mine)
        for order in mine.values():
            known = self._orders.get(order["id"])
            if known is None or known["version"] < order["version"] or not self._agenda.has(order["id"]):
                # It has stood there for a while already.
                self._take(order, None, passed=random.random())

    def _is_mine(self, order: Order) -> bool:
        return bool(order["number"] % self._count == self._number)

    def _take(self, order: Order, before: str | None, passed: float = 0.0) -> None:
        """Keep an order in mind, and mean to do what comes next."""
        status = order["status"]
        self._orders[order["id"]] = order
        if status not in NEXT:
            del self._orders[order["id"]]
        if before in STEPS and status in NEXT and STEPS.index(before) > STEPS.index(status):
            self._mean(order, AGAIN_S, NEXT[status])
        elif status in NEXT:
            self._plan(order, 1 - passed)
        else:
            self._agenda.drop(order["id"])

    def _plan(self, order: Order, share: float) -> None:
        if order["status"] == "pending" and random.random() < REFUSALS:
            self._mean(order, START_S, "cancelled")
        elif order["status"] == "pending":
            self._agenda.put(order["id"], share * self._pace.seconds(*START_S), self._start)
        elif order["status"] == "preparing":
            self._mean(order, MAKE_S, "ready", share)
        elif self._counter.is_here(order["id"]):
            self._mean(order, HAND_OVER_S, "picked_up")
        else:
            self._mean(order, FORGOTTEN_S if self._counter.is_expected(order["id"]) else UNCLAIMED_S, "picked_up")

    def _mean(self, order: Order, time_s: tuple[float, float], to: str, share: float = 1.0) -> None:
        self._agenda.put(order["id"], share * self._pace.seconds(*time_s), partial(self._move, order, to))

    def _look_up(self, order_id: str) -> None:
        order = self._orders.get(order_id)
        if order is not None and order["status"] == "ready":
            self._mean(order, HAND_OVER_S, "picked_up")

    async def _start(self) -> None:
        """Begin with the oldest order, if there is a hand free; come back for what then still waits."""
        waiting = sorted(id for id, order in self._orders.items() if order["status"] == "pending")
        is_free = sum(order["status"] == "preparing" for order in self._orders.values()) < self._hands
        begun = waiting.pop(0) if waiting and is_free else None
        for id in waiting:
            if not self._agenda.has(id):
                self._agenda.put(id, self._pace.seconds(*NO_HAND_S), self._start)
        if begun:
            self._agenda.drop(begun)
            await self._move(self._orders[begun], "preparing")

    async def _move(self, order: Order, to: str) -> None:
        reason = {"reason": random.choice(cafe.REASONS)} if to == "cancelled" else {}
        path = f"/v1/orders/{order['id']}"
        try:
            await self._person.ask("PATCH", path, {"status": to, **reason})
        except Refused as refused:
            logger.debug("order %s could not become %s: %s", order["number"], to, refused)
            # Somebody else was first, which the board tells; if not, it is thought of anew.
            if known := self._orders.get(order["id"]):
                self._plan(known, 1.0)
            return
        if to in ("ready", "picked_up") and random.random() < SLIPS:
            back = partial(self._person.ask, "PATCH", path, {"status": order["status"]})
            self._agenda.put(f"slip {path}", self._pace.seconds(*SLIP_S), back)
