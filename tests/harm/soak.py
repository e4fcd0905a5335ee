"""An evening of everything at once, and whether the service is at its end what it was after it had warmed up."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from tests.faults.load import Crowd, Desk, come
from tests.harm import rest, samples
from tests.harm.chart import draw, svg
from tests.harm.figures import Figure, exactly
from tests.harm.site import Site
from tests.harm.sockets import Channel, Listener
from tests.people import PASSWORD, Person, Shop
from tests.servers import CHECKOUT

WORKERS: Final = 2
CHART: Final = CHECKOUT / "docs" / "soak.png"
# Until rings and caches have what they will have.
WARM_UP: Final = 1 / 3
PAGE_RATE: Final = 10.0
SIGN_IN_S: Final = 2.0
STAY_S: Final = 30.0
FINISH_S: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """How long, and how much of everything; a sample is taken every so often."""

    minutes: float = 30.0
    sockets: int = 300
    shops: int = 6
    customers: int = 8
    pause_s: float = 0.8
    sample_s: float = 5.0
    chart: Path = CHART


@dataclass
class _Mix:
    """What was done, in all."""

    visits: int = 0
    snapshots: int = 0
    resumes: int = 0
    sign_ins: int = 0


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Do everything for so long, look at what it takes every few seconds, draw it and judge it."""
    mix = _Mix()
    async with httpx2.AsyncClient(base_url=site.url, timeout=30) as client:
        desk = Desk([client], random.Random(1))  # noqa: S311 - has no choice here
        shops, customers = await come(site.people, desk, plan.shops, plan.customers)
        crowd, pages = Crowd(desk, shops, customers, plan.pause_s), _pages(shops)
        async with _everybody(site, plan, shops, customers, mix), rest.asked(site.port, pages, PAGE_RATE) as asked:
            working = asyncio.create_task(crowd.work(), name="crowd")
            taken = await samples.taken(site, plan.minutes, plan.sample_s, say)
            crowd.stop()
            await asyncio.wait_for(working, FINISH_S)
    letters = _letters(site)
    say(
        f"{len(desk.changes)} changes, {mix.visits} visits of sockets with {mix.snapshots} snapshots and {mix.resumes} "
        f"resumes, {mix.sign_ins} sign-ins, {len(asked.seconds)} pages, {letters} e-mails"
    )
    warm_up, rate = WARM_UP * taken[-1].minute, len(desk.changes) / plan.minutes / 60
    title = (
        f"{plan.minutes:g} minutes, {plan.sockets} sockets, {rate:.0f} changes a second, {time.strftime('%Y-%m-%d')}"
    )
    await draw(svg(title, samples.panels(site, taken), warm_up), plan.chart)
    return [
        *samples.verdict(site, [each for each in taken if each.minute >= warm_up]),
        Figure("e-mails written", letters, least=1),
        exactly("requests for pages that failed", len(asked.failures), 0),
    ]


def _letters(site: Site) -> int:
    """How many e-mails have become files."""
    assert site.server is not None
    return len(list((site.server.directory / "data" / "emails").glob("*.eml")))


@asynccontextmanager
async def _everybody(
    site: Site, plan: Plan, shops: Sequence[Shop], customers: Sequence[Person], mix: _Mix
) -> AsyncIterator[None]:
    """Sockets come and go, and people sign in and out, for as long as the context lasts."""
    listeners = [_listener(number, shops, customers) for number in range(plan.sockets)]
    work = [_come_and_go(each, site.port, random.Random(each.record.name), mix) for each in listeners]  # noqa: S311
    tasks = [asyncio.create_task(each, name="come and go") for each in (*work, _sign_in_and_out(site, customers, mix))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for each in listeners:
            if each.visit is not None:
                each.visit.transport.abort()


def _listener(number: int, shops: Sequence[Shop], customers: Sequence[Person]) -> Listener:
    shop, who = shops[number % len(shops)], customers[number % len(customers)]
    path, feed = f"/ws/shops/{shop.shop['id']}", shop.shop["id"]
    return Listener(
        f"socket {number}",
        (
            Channel(path, "shop", feed, shop.owner.token),
            Channel(f"{path}/pickup", "pickup", feed),
            Channel(f"{path}/menu", "menu", feed),
            Channel("/ws/customers/me", "customer", who.user["id"], who.token),
        )[number // len(shops) % 4],
    )


async def _come_and_go(listener: Listener, port: int, chance: random.Random, mix: _Mix) -> None:
    """Listen for a while, go as a page does or without a word, and come back with a position or without."""
    while True:
        await asyncio.sleep(chance.uniform(0, 2))
        visit = await listener.open(port, resumes=chance.random() < 0.7)
        await asyncio.wait([visit.ended], timeout=chance.uniform(0, 2 * STAY_S))
        mix.visits += 1
        mix.snapshots += listener.began_with == "snapshot"
        mix.resumes += listener.began_with == "resumed"
        if chance.random() < 0.5:
            visit.leave()
        else:
            visit.reset()
        await visit.ended


async def _sign_in_and_out(site: Site, customers: Sequence[Person], mix: _Mix) -> None:
    for who in itertools.cycle(customers):
        await asyncio.sleep(SIGN_IN_S)
        body = {"email": who.user["email"], "password": PASSWORD}
        answer = await site.client.post("/v1/auth/login", json=body)
        token = answer.json()["refresh_token"]
        await site.client.post("/v1/auth/logout", json={"refresh_token": token})
        mix.sign_ins += 1


def _pages(shops: Sequence[Shop]) -> list[bytes]:
    """What browsers ask for."""
    fixed = (
        "/",
        "/orders",
        "/openapi.json",
        "/v1/shops",
        "/readyz",
        "/static/board/style.css",
        "/static/board/board.js",
    )
    named = [
        path
        for shop in shops
        for path in (
            f"/shops/{shop.shop['slug']}",
            f"/shops/{shop.shop['slug']}/board",
            f"{shop.path}/items",
        )
    ]
    return [rest.request("GET", path) for path in (*fixed, *named)]
