"""How soon the pages are live on a device that has kept nothing and is four times slower: `python -m benchmarks.pages`.

Beside them, in turn, a page that does nothing but open a socket: what is above it is ours. Chromium, the servers and
the database share the machine, as a browser and its network do not, so the ratios tell more than the milliseconds.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2

from benchmarks.peers import process
from benchmarks.progress import Progress
from orderflow import embedded, migrations
from tests.browsing import Visitor, visitor
from tests.chromium import running
from tests.loading import SLOWER, cafe, load
from tests.people import People
from tests.servers import serving

BARE: Final = "only opens a socket"
CHECKOUT: Final = Path(__file__).parents[1]

Pages = dict[str, tuple[Visitor, str]]
"""Who opens which path, by what is said of it."""


@contextlib.asynccontextmanager
async def scene(place: Path) -> AsyncIterator[Pages]:
    """A shop with 13 items and three orders, and the page that is the limit, each on a server of its own."""
    async with contextlib.AsyncExitStack() as stack:
        database = stack.enter_context(embedded.running(place / "database"))
        await migrations.upgrade(database.url)
        server = stack.enter_context(serving(place / "server", DATABASE_URL=database.url))
        port = process.free_port()
        command = [sys.executable, "-m", "uvicorn", "benchmarks.peers.apps.bare_page:app", "--port", str(port)]
        (place / "bare").mkdir()
        here = {"PYTHONPATH": str(CHECKOUT)}
        stack.enter_context(process.serving(command, port, place / "bare", os.sched_getaffinity(0), here))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=server.url, timeout=30))
        shop = await cafe(People(client))
        order = await shop.owner.order(shop.shop, shop.item)
        browser = await stack.enter_async_context(running())
        owner = await visitor(browser, server.url, shop.owner)
        at = f"/shops/{shop.shop['slug']}"
        yield {
            BARE: (await visitor(browser, f"http://127.0.0.1:{port}"), "/"),
            "menu": (owner, at),
            "an order": (owner, f"/orders/{order['id']}"),
            "my orders": (owner, "/orders"),
            "counter board": (owner, f"{at}/board"),
            "pickup screen": (owner, f"{at}/pickup"),
            "manage": (owner, f"{at}/manage"),
        }


async def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds until each page is live, round by round."""
    found: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as directory:
        async with scene(Path(directory)) as pages:
            progress = Progress(rounds)
            # The first load of each finds a browser and a server that have not done it before; a single one has to do.
            for turn in range(-1 if rounds > 1 else 0, rounds):
                if turn >= 0:
                    progress.say("all pages, one after the other")
                for name, (who, path) in pages.items():
                    view = await load(who, path)
                    await view.page.close()
                    if turn >= 0:
                        found[name].append(view.live_ms)
    return found


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median of some values, and from where to where they go."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Print a table of all pages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each page is loaded (9)")
    found = asyncio.run(measure(parser.parse_args().rounds))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}"
    print(f"CPU {SLOWER} times slower, nothing kept; {machine}")
    print("\n| page | live after, ms | × a page that only opens a socket |\n|---|---|---|")
    for name, values in found.items():
        ratios = [ours / theirs for ours, theirs in zip(values, found[BARE], strict=True)]
        print(f"| {name} | {spread(values)} | {spread(ratios, 2)} |")


if __name__ == "__main__":
    main()
