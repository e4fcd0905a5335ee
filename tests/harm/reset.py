"""Thousands of sockets that are reset at the same moment and come back at the same moment, without any jitter."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.harm import rest
from tests.harm.figures import Figure, exactly, percentile, within
from tests.harm.site import Site
from tests.harm.sockets import Channel, Listener, all_live
from tests.people import Shop

RESET_S: Final = 0.1
BACK_S: Final = 15.0
P99_S: Final = 1.0
PATIENCE_S: Final = 60.0
CALM_S: Final = 4.0
RATE: Final = 50.0
# What a socket that resumes needs to know: whose channel it is, where its feed is, and what happened since.
READINGS: Final = 3
# Of five sockets at a shop, two are boards, two show numbers, one shows the menu.
VIEWS: Final = ("shop", "shop", "pickup", "pickup", "menu")


@dataclass(frozen=True)
class Plan:
    """How many sockets, at how many shops, and how many changes at each happen while they are away."""

    sockets: int = 2_000
    shops: int = 20
    changes: int = 5


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Reset them, change things meanwhile, and have all of them back."""
    loop = asyncio.get_running_loop()
    shops = [await site.people.shop(f"Shop {number}") for number in range(plan.shops)]
    listeners = [_listener(number, shops) for number in range(plan.sockets)]
    requests = await rest.usual(await site.people.shop("Next door"), await site.people.register())
    await all_live(listeners, site.port)
    say(f"{await site.sockets():.0f} sockets are open")
    calm = await _calm(site, requests)
    reset_s = await _reset(site, listeners)
    for shop in shops:
        for number in range(plan.changes):
            await shop.owner.patch(f"{shop.path}/items/{shop.item['id']}", {"price_minor": 100 + number})
    before = await _queries(site)
    async with rest.asked(site.port, requests, RATE) as answers:
        began = loop.time()
        await all_live(listeners, site.port, at_once=len(listeners))
        back_s = loop.time() - began
    queries = (
        await _queries(site) - before - len(answers.seconds) * calm.a_request - (loop.time() - began) * calm.a_second
    )
    say(f"all are back after {back_s:.1f} s, meanwhile {len(answers.seconds)} requests were answered")
    heads = [(await shop.owner.get(f"{shop.path}/events?limit=1")).json()["head"] for shop in shops]
    behind = sum(each.position < heads[number % len(shops)] for number, each in enumerate(listeners))
    how = Counter(each.began_with for each in listeners)
    for each in listeners:
        if each.visit is not None:
            each.visit.leave()
    return [
        Figure("reset within", reset_s, "s", most=RESET_S, is_timing=True),
        exactly("sockets that went on from their position", how["resumed"], plan.sockets),
        exactly("sockets that were not told everything", behind, 0),
        within("until the last one had caught up", back_s, BACK_S),
        within("p99 of HTTP meanwhile", percentile(answers.seconds, 0.99), P99_S),
        exactly("requests that failed meanwhile", len(answers.failures), 0),
        Figure("queries of the database for all of them", max(0, round(queries))),
        Figure("queries for each socket", max(0.0, queries) / plan.sockets, most=0.5),
        Figure("queries that each would make by itself", READINGS),
    ]


def _listener(number: int, shops: Sequence[Shop]) -> Listener:
    shop, view = shops[number % len(shops)], VIEWS[number // len(shops) % len(VIEWS)]
    path = f"/ws/shops/{shop.shop['id']}"
    if view == "shop":
        return Listener(f"socket {number}", Channel(path, "shop", shop.shop["id"], shop.owner.token))
    return Listener(f"socket {number}", Channel(f"{path}/{view}", view, shop.shop["id"]))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Calm:
    """What the database is asked when nothing of all this happens: each second, and for a request."""

    a_second: float
    a_request: float


async def _calm(site: Site, requests: Sequence[bytes]) -> _Calm:
    loop = asyncio.get_running_loop()
    before, began = await _queries(site), loop.time()
    await asyncio.sleep(CALM_S)
    between = await _queries(site)
    a_second = (between - before) / (loop.time() - began)
    began = loop.time()
    async with rest.asked(site.port, requests, RATE) as answers:
        await asyncio.sleep(CALM_S / 2)
    asked = await _queries(site) - between - a_second * (loop.time() - began)
    return _Calm(a_second, asked / len(answers.seconds))


async def _reset(site: Site, listeners: Sequence[Listener]) -> float:
    """Reset all; return how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    visits = [each.visit for each in listeners if each.visit is not None]
    for each in visits:
        each.reset()
    reset_s = loop.time() - began
    await asyncio.wait([each.ended for each in visits])
    await site.until_sockets(0, PATIENCE_S)
    return reset_s


async def _queries(site: Site) -> float:
    """How often the database was asked, by the server's own figures."""
    return (await site.figures()).value("orderflow_transactions_total")
