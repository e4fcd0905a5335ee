"""Peers that vanish without a word: no end of the connection comes, and nothing is ever acknowledged by them again."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.proxy import Proxy, before
from tests.harm import rest
from tests.harm.figures import Figure, exactly, within
from tests.harm.site import LOOK_S, Site
from tests.harm.sockets import Channel, Listener, all_live
from tests.people import Shop

FREED_S: Final = 45.0
PATIENCE_S: Final = 60.0
RATE: Final = 10.0


@dataclass(frozen=True)
class Plan:
    """How many vanish: half of them on a board where nothing happens, half on one where much does.

    By then they have answered their first ping: the next one, which nobody answers, comes latest.
    """

    vanished: int = 200
    settle_s: float = 5.0


async def run(site: Site, plan: Plan, say: Callable[[str], None]) -> list[Figure]:
    """Have them vanish behind a proxy that swallows everything, and wait until the server has let go of them."""
    quiet, busy = await site.people.shop("Quiet"), await site.people.shop("Busy")
    descriptors = site.descriptors()
    async with before(site.port) as proxy:
        listeners = [_listener(number, (quiet, busy)[number % 2]) for number in range(plan.vanished)]
        await all_live(listeners, proxy.port)
        # And some that vanish in the middle of a request, or before they have asked for anything.
        asking = [await _half_asked(proxy, part) for part in (b"", b"GET / HTTP/1.1\r\n") for _ in range(10)]
        await asyncio.sleep(plan.settle_s)
        opened = await site.sockets()
        say(f"{opened:.0f} sockets are open; now their peers vanish")
        for link in proxy.links:
            link.hold()
        sockets_s, descriptors_s = await _freed(site, busy, descriptors)
        left = max(0, site.descriptors() - descriptors - 2)
        for each in asking:
            each.close()
    return [
        exactly("sockets that were open", opened, plan.vanished),
        within("until the server counts none of them", sockets_s, FREED_S),
        within("until all their descriptors are back", descriptors_s, FREED_S),
        exactly("descriptors that were left behind", left, 0),
    ]


async def _freed(site: Site, busy: Shop, descriptors: int) -> tuple[float, float]:
    """Seconds until no socket is counted, and until no descriptor is left, while things go on at one shop."""
    loop, sockets_s = asyncio.get_running_loop(), math.inf
    order = await busy.owner.order(busy.shop, busy.item)
    moves = [
        rest.request("PATCH", f"/v1/orders/{order['id']}", busy.owner, {"status": to}) for to in ("ready", "pending")
    ]
    began = loop.time()
    async with rest.asked(site.port, moves, RATE, connections=1):
        while loop.time() < began + PATIENCE_S:
            if sockets_s == math.inf and not await site.sockets():
                sockets_s = loop.time() - began
            # Who changes things has a connection, and so may the database.
            if sockets_s < math.inf and site.descriptors() <= descriptors + 3:
                return sockets_s, loop.time() - began
            await asyncio.sleep(LOOK_S)
    return sockets_s, math.inf


def _listener(number: int, shop: Shop) -> Listener:
    channel = Channel(f"/ws/shops/{shop.shop['id']}", "shop", shop.shop["id"], shop.owner.token)
    return Listener(f"vanishing {number}", channel)


async def _half_asked(proxy: Proxy, part: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(part)
    await writer.drain()
    return writer
