"""Customers who order, staff who move, owners who change the menu: what was answered, and what was only asked for.

An answer that was lost is unknown until it is known: an order is asked for again with its key, everything else is asked
for again until there is an answer. All unknowns stay in the ledger, since a frozen server may yet do them.
"""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import httpx2

from tests.faults.ledger import Attempt, Change
from tests.people import People, Person, Shop

PATIENCE_S: Final = 3.0
AGAIN_S: Final = 0.3
# An order that others move as well is left alone after so many moves.
MOVES: Final = 12
# So many wait at a counter before people go elsewhere.
QUEUE: Final = 20

# Where staff take an order from each status, with how many of a hundred; a recall goes back.
NEXT: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "pending": (("preparing", 80), ("ready", 12), ("cancelled", 8)),
    "preparing": (("ready", 90), ("cancelled", 4), ("pending", 6)),
    "ready": (("picked_up", 90), ("cancelled", 2), ("preparing", 8)),
    "picked_up": (("ready", 4), ("", 96)),
    "cancelled": (("pending", 15), ("", 85)),
}


@dataclass
class Desk:
    """How requests are sent, to any of the servers, and what came of them."""

    clients: Sequence[httpx2.AsyncClient]
    chance: random.Random
    changes: list[Change] = field(default_factory=list)
    attempts: Counter[Attempt] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    # Why there was no answer at all.
    failures: Counter[str] = field(default_factory=Counter)

    async def ask(
        self,
        who: Person,
        method: str,
        path: str,
        body: Any,
        attempt: Attempt,
        *,
        client: httpx2.AsyncClient | None = None,
        key: str | None = None,
    ) -> httpx2.Response | None:
        """Ask once, this server or any; None if it is unknown what came of it, as 503 says no more than silence."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await self._send(who, client or self.chance.choice(self.clients), method, path, body, headers)
        if answer is not None:
            self.answers[answer.status_code] += 1
        if answer is None or answer.status_code == 503:
            self.attempts[attempt] += 1
            self.unanswered += 1
            return None
        return answer

    async def settle(
        self, who: Person, method: str, path: str, body: Any, attempt: Attempt, *, key: str | None = None
    ) -> httpx2.Response:
        """Ask until there is an answer, each time any of the servers."""
        while (answer := await self.ask(who, method, path, body, attempt, key=key)) is None:
            await asyncio.sleep(self.chance.uniform(0, AGAIN_S))
        return answer

    async def read(self, who: Person, path: str) -> Any:
        """Read until there is an answer."""
        while True:
            answer = await self._send(who, self.chance.choice(self.clients), "GET", path, None, {})
            if answer is not None and answer.status_code == 200:
                return answer.json()
            await asyncio.sleep(self.chance.uniform(0, AGAIN_S))

    def done(self, kind: str, thing: dict[str, Any], *, is_silent: bool = False) -> None:
        """A change was acknowledged, with the order, item or shop as it is after it."""
        key = (kind, thing["id"], thing["version"])
        self.changes.append(Change(key, asyncio.get_running_loop().time(), is_silent))

    async def _send(
        self, who: Person, client: httpx2.AsyncClient, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx2.Response | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await replace(who, client=client).request(method, path, body, **headers)
        except (httpx2.TransportError, TimeoutError) as error:
            self.failures[type(error).__name__] += 1
            return None


async def come(people: People, desk: Desk, shop_count: int, customer_count: int) -> tuple[list[Shop], list[Person]]:
    """Open the shops, each with something of a limited stock, something of a changing price, something now and then."""
    shops = []
    for number in range(shop_count):
        shop = await people.shop(f"Shop {number}", stock=5)
        await shop.add("Tea", 250)
        await shop.add("Cake", 420)
        for item in shop.items:
            desk.done("item", item)
        shops.append(shop)
    return shops, [await people.register(f"Customer {number}") for number in range(customer_count)]


class Crowd:
    """Everybody who changes anything."""

    def __init__(self, desk: Desk, shops: Sequence[Shop], customers: Sequence[Person], pause_s: float) -> None:
        self.desk = desk
        self.shops = shops
        self._backlogs: dict[str, asyncio.Queue[dict[str, Any]]] = {shop.shop["id"]: asyncio.Queue() for shop in shops}
        self._customers = customers
        self._pause_s = pause_s
        self._chance = desk.chance
        self._numbers = itertools.count(1)
        self._is_over = asyncio.Event()

    async def work(self) -> None:
        """Go on until told to stop; what was begun is finished."""
        async with asyncio.TaskGroup() as tasks:
            for who in self._customers:
                tasks.create_task(self._keep(partial(self._order, who), self._pause_s), name="customer")
            for shop in self.shops:
                for _ in range(3):
                    tasks.create_task(self._keep(partial(self._serve, shop), 0), name="clerk")
                if shop is not self.quiet_shop:
                    tasks.create_task(self._keep(partial(self._manage, shop), 10 * self._pause_s), name="owner")

    def stop(self) -> None:
        """Begin nothing any more."""
        self._is_over.set()

    @property
    def quiet_shop(self) -> Shop:
        """Where nobody orders by himself, and little happens that would make up for a lost bell."""
        return self.shops[-1]

    def serve_later(self, shop: Shop, order: dict[str, Any]) -> None:
        """Put an order into the backlog of a shop's clerks."""
        self._backlogs[shop.shop["id"]].put_nowait(order)

    async def _keep(self, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        while not self._is_over.is_set():
            await work()
            await asyncio.sleep(self._chance.uniform(0, 2 * pause_s))

    async def _order(self, who: Person) -> None:
        shop = self._chance.choice(self.shops[:-1])
        if self._backlogs[shop.shop["id"]].qsize() > QUEUE:
            return
        wanted = self._chance.sample(shop.items[:3], self._chance.randint(1, 2))
        body = {"lines": [{"item_id": item["id"], "quantity": self._chance.randint(1, 2)} for item in wanted]}
        attempt, key = ("placed", who.user["id"], "pending"), f"key {next(self._numbers)}"
        before = self.desk.attempts[attempt]
        answer = await self.desk.settle(who, "POST", f"{shop.path}/orders", body, attempt, key=key)
        if answer.status_code != 201:
            return
        # One key, one order: those without an answer were this one, or nothing.
        self.desk.attempts[attempt] = before
        order = answer.json()
        self.desk.done("order", order)
        self.serve_later(shop, order)
        if self._chance.random() < 0.05:
            await self._move(who, order, "cancelled")

    async def _serve(self, shop: Shop) -> None:
        """Take an order through its life, with mistakes, and without knowing what others do with it meanwhile."""
        backlog = self._backlogs[shop.shop["id"]]
        try:
            async with asyncio.timeout(0.2):
                order = await backlog.get()
        except TimeoutError:
            return
        for _ in range(MOVES):
            to = self._chance.choices(*zip(*NEXT[order["status"]], strict=True))[0]
            if not to:
                return
            moved = await self._move(shop.owner, order, to)
            if moved is None:
                return
            order = moved

    async def _move(self, who: Person, order: dict[str, Any], to: str) -> dict[str, Any] | None:
        """Move an order, or find out where it stands instead; None if there is no such order, though it was placed."""
        body = {"status": to, "reason": "sold out"} if to == "cancelled" else {"status": to}
        path = f"/v1/orders/{order['id']}"
        answer = await self.desk.settle(who, "PATCH", path, body, ("order", order["id"], to))
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            return dict(await self.desk.read(who, path))
        moved = dict(answer.json())
        self.desk.done("order", moved)
        return moved

    async def _manage(self, shop: Shop) -> None:
        """What an owner does now and then: stock, prices, what is to be had, the shop itself, specials."""
        number = next(self._numbers)
        stocked, priced, offered = shop.items[:3]
        work = self._chance.choices(("stock", "price", "offer", "facts", "pause", "new"), (50, 15, 10, 10, 5, 10))[0]
        if work == "stock":
            await self._change_item(shop, stocked, {"stock": self._chance.randint(5, 30)})
        elif work == "price":
            await self._change_item(shop, priced, {"price_minor": 100 + number})
        elif work == "offer":
            await self._change_item(shop, offered, {"available": number % 4 != 0})
        elif work == "facts":
            await self._change_shop(shop, {"description": f"number {number}"})
        elif work == "pause":
            await self._change_shop(shop, {"ordering": "paused"})
            await self._change_shop(shop, {"ordering": "open"})
        else:
            await self._replace_item(shop, f"Special {number}")

    async def _change_item(self, shop: Shop, item: dict[str, Any], body: dict[str, Any]) -> None:
        path, attempt = f"{shop.path}/items/{item['id']}", ("item", item["id"], "")
        answer = await self.desk.settle(shop.owner, "PATCH", path, body, attempt)
        if answer.status_code == 200:
            self.desk.done("item", answer.json())

    async def _change_shop(self, shop: Shop, body: dict[str, Any]) -> None:
        answer = await self.desk.settle(shop.owner, "PATCH", shop.path, body, ("shop", shop.shop["id"], ""))
        if answer.status_code == 200:
            self.desk.done("shop", answer.json())

    async def _replace_item(self, shop: Shop, name: str) -> None:
        """Put a special on the menu, and take the one before it off."""
        for old in shop.items[3:]:
            attempt = ("item", old["id"], "")
            await self.desk.settle(shop.owner, "DELETE", f"{shop.path}/items/{old['id']}", None, attempt)
            # The answer has no body; the next version of an item that nobody changes otherwise is its end.
            self.desk.done("item", {"id": old["id"], "version": old["version"] + 1})
            shop.items.remove(old)
        wanted = {"name": name, "price_minor": 500, "position": 9}
        answer = await self.desk.settle(shop.owner, "POST", f"{shop.path}/items", wanted, ("item", name, ""))
        if answer.status_code == 201:
            self.desk.done("item", answer.json())
            shop.items.append(answer.json())
