"""Who orders: looks at the menu, orders from it, watches the order, and comes for it. Some change their mind."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from orderflow.demo import cafe
from orderflow.demo.api import Refused
from orderflow.demo.counter import Counter
from orderflow.demo.feed import Feed, Frame, listening
from orderflow.demo.opening import Cafe
from orderflow.demo.pace import Pace
from orderflow.demo.person import Person

Order = dict[str, Any]

BROWSE_S: Final = (5.0, 20.0)
WALK_S: Final = (12.0, 60.0)
LATE_S: Final = (240.0, 420.0)
REGRET_S: Final = (4.0, 15.0)
# Longer than the staff lets anything stand.
PATIENCE_S: Final = 3_600.0

LATE, REGRETS, NOTES, LINE_NOTES, OTHER_NAMES = 0.05, 0.04, 0.1, 0.3, 0.1
LOOKS: Final = 3
# The menu was another one than the page showed a moment ago.
LOOK_AGAIN: Final = frozenset({"item_unavailable", "out_of_stock", "total_changed"})
FINISHED: Final = ("picked_up", "cancelled")


class Menu:
    """The menu as a customer's page shows it."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.is_there = asyncio.Event()

    def take(self, frame: Frame) -> None:
        """See what the server says of it."""
        if frame["type"] == "snapshot":
            self.items = {item["id"]: item for item in frame["items"]}
            self.is_there.set()
        elif frame["type"] == "item":
            self.items[frame["item"]["id"]] = frame["item"]

    def basket(self) -> dict[str, Any] | None:
        """What somebody may want of it; None when there is nothing to be had."""
        sold = [item for item in self.items.values() if not item["sold_out"] and not item["archived"]]
        if not sold:
            return None
        demands = [known.demand if (known := cafe.item(item["name"])) else 1 for item in sold]
        chosen = {item["id"]: item for item in random.choices(sold, demands, k=random.choice((1, 1, 2, 2, 3)))}
        lines = [_line(item) for item in chosen.values()]
        total = sum(line["quantity"] * chosen[line["item_id"]]["price_minor"] for line in lines)
        return {"lines": lines, "expected_total_minor": total, **_wishes()}


def _line(item: dict[str, Any]) -> dict[str, Any]:
    line = {"item_id": item["id"], "quantity": random.choice((1, 1, 1, 1, 2))}
    known = cafe.item(item["name"])
    if known and known.notes and random.random() < LINE_NOTES:
        line["note"] = random.choice(known.notes)
    return line


def _wishes() -> dict[str, str]:
    wishes = {}
    if random.random() < NOTES:
        wishes["note"] = random.choice(cafe.SHOP_NOTES)
    if random.random() < OTHER_NAMES:
        wishes["pickup_name"] = random.choice(cafe.PICKUP_NAMES)
    return wishes


class Customer:
    """Somebody with a phone; one visit at a time."""

    def __init__(self, shop: Cafe, person: Person, pace: Pace, counter: Counter) -> None:
        self._cafe = shop
        self.person = person
        self._pace = pace
        self._counter = counter
        self._order: Order | None = None
        self._changed = asyncio.Event()

    async def visit(self) -> None:
        """Order something, and come for it."""
        if order := await self.order():
            await self.follow(order)

    async def order(self, browse_s: tuple[float, float] = BROWSE_S) -> Order | None:
        """Choose from the live menu and order; None when the shop has nothing, or wants nothing ordered."""
        menu = Menu()
        async with listening(Feed(self._cafe.url, f"{self._cafe.sockets}/menu", menu.take)):
            await menu.is_there.wait()
            for _ in range(LOOKS):
                await self._pace.pause(*browse_s)
                if (basket := menu.basket()) is None:
                    return None
                try:
                    return await self._place(basket)
                except Refused as refused:
                    if refused.code not in LOOK_AGAIN:
                        return None
        return None

    async def _place(self, basket: dict[str, Any]) -> Order:
        placed: Order = await self.person.ask("POST", f"{self._cafe.path}/orders", basket, key=uuid4().hex)
        return placed

    async def follow(self, order: Order) -> None:
        """Watch an order until it is finished: cancel it, or come for it when it is ready."""
        self._order = order
        self._counter.expect(order["id"])
        feed = Feed(self._cafe.url, "/ws/customers/me", self._see, self.person)
        try:
            async with asyncio.timeout(self._pace.seconds(PATIENCE_S, PATIENCE_S)), listening(feed):
                if random.random() < REGRETS:
                    await self._cancel(order)
                await self._until(lambda status: status == "ready" or status in FINISHED)
                await self._pace.pause(*(LATE_S if random.random() < LATE else WALK_S))
                self._counter.arrive(order["id"])
                await self._until(lambda status: status in FINISHED)
        except TimeoutError:
            # It is the staff's by now.
            return
        finally:
            self._counter.leave(order["id"])

    async def _cancel(self, order: Order) -> None:
        await self._pace.pause(*REGRET_S)
        try:
            await self.person.ask("PATCH", f"/v1/orders/{order['id']}", {"status": "cancelled"})
        except Refused:
            # They have begun with it: then it will be drunk.
            return

    def _see(self, frame: Frame) -> None:
        seen = frame["orders"] if frame["type"] == "snapshot" else [frame["order"]] if "order" in frame else []
        for order in seen:
            if self._order and order["id"] == self._order["id"] and order["version"] >= self._order["version"]:
                self._order = order
                self._changed.set()

    async def _until(self, fact: Callable[[str], bool]) -> None:
        while self._order and not fact(self._order["status"]):
            self._changed.clear()
            await self._changed.wait()
