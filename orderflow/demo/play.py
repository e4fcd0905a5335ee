"""The demo as a whole: opens the café, fills its board at once, and keeps everybody going until it is cancelled."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx2

from orderflow.demo import cafe, letters
from orderflow.demo.api import TIMEOUT_S, Api, is_near, persist
from orderflow.demo.counter import Counter
from orderflow.demo.customers import Customer, Order
from orderflow.demo.opening import Cafe, planned
from orderflow.demo.owner import Owner
from orderflow.demo.pace import Arrivals, Pace
from orderflow.demo.person import Person
from orderflow.demo.poster import poster
from orderflow.demo.staff import STEPS, Barista

# Where the first orders stand when a visitor first looks.
FIRST: Final = ("picked_up", "ready", "ready", "preparing", "preparing", "preparing", "pending", "pending")
FULL: Final = 5
AGAIN_S: Final = (5.0, 20.0)
# A wrong address is told to who typed it; once they are there, people wait for as long as it takes.
PATIENCE_S: Final = 10.0
# Who is signed in as the visitor's customer is to find something under "My orders".
SHOWN: Final = 0.25

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: on which server, how fast, under which address people find it, where its e-mails are files."""

    url: str
    pace: Pace
    shown_at: str
    emails: Path | None = None


async def play(wanted: Play, say: Callable[[str], None]) -> NoReturn:
    """Play for as long as the task lives; what a visitor needs to know is said once the café is open.

    Raises:
        NoAnswer: nothing answers at this address.
        Refused: the accounts are there with other passwords, or this is no orderflow.
    """
    async with httpx2.AsyncClient(
        base_url=wanted.url,
        timeout=TIMEOUT_S,
        trust_env=not is_near(wanted.url),
        headers={"User-Agent": "orderflow-demo"},
    ) as client:
        api = Api(client)
        await persist(lambda: api.once("GET", "/healthz"), PATIENCE_S)
        company = Company(planned(wanted.url, api), wanted.pace)
        await company.open()
        say(poster(wanted.shown_at, company.cafe.shop["slug"], company.cafe.shop["name"]))
        async with asyncio.TaskGroup() as tasks:
            if wanted.emails:
                tasks.create_task(letters.tidy(wanted.emails, company.addresses), name="e-mails")
            await company.live()


class Company:
    """Everybody of the demo."""

    def __init__(self, shop: Cafe, pace: Pace) -> None:
        self.cafe = shop
        accounts = cafe.customers(pace.customers)
        self.addresses = [account.email for account in accounts]
        self._pace = pace
        counter, count = Counter(), len(shop.staff)
        self._workers = [
            Owner(shop, pace).work,
            *(Barista(shop, person, (number, count), pace, counter).work for number, person in enumerate(shop.staff)),
        ]
        self._idle = [Customer(shop, Person(shop.api, account), pace, counter) for account in accounts]
        self._shown = self._idle[0]
        self._waiting: list[tuple[Customer, Order]] = []

    async def open(self) -> None:
        """Open the café, with orders at each stage on its board.

        Raises:
            Refused: as `play` says.
        """
        await self.cafe.open()
        standing = await self.cafe.owner.ask("GET", f"{self.cafe.path}/orders?status=active")
        if len(standing["data"]) >= FULL:
            return
        first = self._idle[1 : len(FIRST)]
        first.insert(FIRST.index("preparing"), self._shown)
        await asyncio.gather(*(customer.person.token() for customer in first))
        # One after the other, so that who came first is further on.
        for customer, status in zip(first, FIRST, strict=True):
            await self._begin(customer, status)

    async def _begin(self, customer: Customer, status: str) -> None:
        """Have an order of theirs stand at this status, and have them wait for it."""
        order = await customer.order((0, 0))
        if order is None:
            return
        for step in STEPS[1 : STEPS.index(status) + 1]:
            await self.cafe.staff[0].ask("PATCH", f"/v1/orders/{order['id']}", {"status": step})
        self._idle.remove(customer)
        self._waiting.append((customer, order))

    async def live(self) -> NoReturn:
        """Work, come and go for as long as the task lives."""
        async with asyncio.TaskGroup() as tasks:
            for work in self._workers:
                tasks.create_task(self._ever(work), name="work")
            for customer, order in self._waiting:
                tasks.create_task(self._visit(customer, customer.follow(order)), name="visit")
            self._waiting.clear()
            await self._come(tasks)

    async def _come(self, tasks: asyncio.TaskGroup) -> NoReturn:
        loop = asyncio.get_running_loop()
        arrivals = Arrivals(self._pace, loop.time())
        while True:
            await asyncio.sleep(arrivals.gap_s(loop.time()))
            # With nobody left to come there are more orders than the staff can make, or no server: no use to pile up.
            if self._idle:
                is_shown = self._shown in self._idle and random.random() < SHOWN
                customer = self._shown if is_shown else random.choice(self._idle)
                self._idle.remove(customer)
                tasks.create_task(self._visit(customer, customer.visit()), name="visit")

    async def _visit(self, customer: Customer, visit: Awaitable[None]) -> None:
        try:
            await visit
        except Exception:
            # One customer less is no reason to close; they come again.
            logger.warning("a visit to the demo's café went wrong", exc_info=True)
        finally:
            self._idle.append(customer)

    async def _ever(self, work: Callable[[], Awaitable[Any]]) -> NoReturn:
        while True:
            try:
                await work()
            except Exception:
                # Somebody has taken away the right, the shop or the account: make it good, and begin again.
                logger.warning("somebody of the demo's staff begins again", exc_info=True)
            await self._pace.pause(*AGAIN_S)
            try:
                await self.cafe.open()
            except Exception:
                logger.warning("the demo's café cannot be opened", exc_info=True)
