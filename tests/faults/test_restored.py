"""A database that was restored from a backup: all begin anew from a snapshot, and nobody keeps a wrong order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.engine import make_url

from orderflow.settings import Settings
from tests.faults import verdict
from tests.faults.load import Desk
from tests.faults.proxy import Proxy, before
from tests.faults.subscribers import Subscriber
from tests.live import Live, running
from tests.people import Person, Shop
from tests.stored import away, connected, stored

BEAT_S = 2.0
ORIGIN = "http://orderflow.example"


async def test_after_a_restore_every_client_begins_anew_and_shows_what_is_there_now(settings: Settings) -> None:
    url = settings.database_url
    assert url is not None
    async with _servers(settings) as (live, gates):
        cafe, ada = await live.shop(), await live.register()
        desk = Desk([live.client], random.Random(1))  # noqa: S311 - has no choice here
        desk.done("item", cafe.item)
        await _business(desk, cafe, ada, 5)
        kept = list(desk.changes)
        async with _listening(_subscribers(cafe, ada, gates)) as subscribers:
            await _all_told(url, subscribers)
            old = await _epochs(url)
            await _back_up(url)
            await _business(desk, cafe, ada, 5)
            await _all_told(url, subscribers)
            # One in four is away when it happens; by the time it is back, the new numbering has passed its place.
            for each in subscribers[::4]:
                each.leave(2)
            before_it = [len(each.record.sessions) for each in subscribers]

            await _restore(url)
            desk.changes = kept
            # Before the servers have noticed it, and afterwards.
            await _business(desk, cafe, ada, 9)
            async with asyncio.timeout(20):
                while await _epochs(url) & old:
                    await asyncio.sleep(0.05)
            await _all_told(url, subscribers)

        for each, count in zip(subscribers, before_it, strict=True):
            each.finish()
            told = [session for session in each.record.sessions[count:] if session.frames]
            # Who comes back before the restore is noticed may be resumed for that long; then all begin anew.
            while told and told[0].frames[0].type == "resumed":
                told.pop(0)
            each.record.sessions = told
            assert [session.frames[0].type for session in told[:1]] == ["snapshot"], each.record.name
        found = await verdict.judge(url, desk, [cafe], [ada], subscribers)
        assert (found.counts.six, found.counts.notes) == ((0,) * 6, [])


@asynccontextmanager
async def _servers(settings: Settings) -> AsyncIterator[tuple[Live, list[Proxy]]]:
    """Two processes on one database, who hear of each other by looking."""
    async with AsyncExitStack() as stack:
        lives = [
            await stack.enter_async_context(
                running(settings, public_url=ORIGIN, beat_seconds=BEAT_S, open_orders_per_customer=0)
            )
            for _ in range(2)
        ]
        gates = [await stack.enter_async_context(before(int(each.url.rpartition(":")[2]))) for each in lives]
        yield lives[0], gates


def _subscribers(cafe: Shop, ada: Person, gates: Sequence[Proxy]) -> list[Subscriber]:
    shop, path = cafe.shop["id"], f"/ws/shops/{cafe.shop['id']}"
    found = []
    for number in range(4):
        found += [
            Subscriber(f"shop {number}", "shop", shop, path, cafe.owner.token, gates, BEAT_S),
            Subscriber(f"pickup {number}", "pickup", shop, f"{path}/pickup", "", gates, BEAT_S),
            Subscriber(f"menu {number}", "menu", shop, f"{path}/menu", "", gates, BEAT_S),
            Subscriber(f"ada {number}", "customer", ada.user["id"], "/ws/customers/me", ada.token, gates, BEAT_S),
        ]
    # Each fourth of another channel.
    return sorted(found, key=lambda each: each.record.name[::-1])


@asynccontextmanager
async def _listening(subscribers: list[Subscriber]) -> AsyncIterator[list[Subscriber]]:
    async with asyncio.TaskGroup() as tasks:
        running_tasks = [tasks.create_task(each.run(), name=each.record.name) for each in subscribers]
        yield subscribers
        for task in running_tasks:
            task.cancel()


async def _business(desk: Desk, cafe: Shop, ada: Person, count: int) -> None:
    """So many orders, most of them moved, and a price that changes; asked for until it is answered."""
    for number in range(count):
        body = {"lines": [{"item_id": cafe.item["id"], "quantity": 1}]}
        placed = ("placed", ada.user["id"], "pending")
        order = (await desk.settle(ada, "POST", f"{cafe.path}/orders", body, placed)).json()
        desk.done("order", order)
        for status in ("preparing", "ready", "picked_up")[: number % 4]:
            move = ("order", order["id"], status)
            path = f"/v1/orders/{order['id']}"
            desk.done("order", (await desk.settle(cafe.owner, "PATCH", path, {"status": status}, move)).json())
    price = {"price_minor": 300 + len(desk.changes)}
    path = f"{cafe.path}/items/{cafe.item['id']}"
    answer = await desk.settle(cafe.owner, "PATCH", path, price, ("item", cafe.item["id"], ""))
    desk.done("item", answer.json())


async def _all_told(url: str, subscribers: Sequence[Subscriber]) -> None:
    """Wait until everybody has caught up, in the numbering that there is now."""
    feeds = {str(row["id"]): row for row in await stored(url, "SELECT id, epoch, head FROM feeds")}
    async with asyncio.timeout(30):
        for each in subscribers:
            feed = feeds[each.record.feed]
            while (each.epoch, each.position) != (feed["epoch"], feed["head"]) or not each.is_live:
                await asyncio.sleep(0.02)


async def _epochs(url: str) -> set[str]:
    return {row["epoch"] for row in await stored(url, "SELECT epoch FROM feeds")}


async def _back_up(url: str) -> None:
    """Copy the database as it is."""
    name = make_url(url).database
    async with away(url), connected(_other(url, "template1")) as connection:
        await connection.execute(f"CREATE DATABASE {name}_saved TEMPLATE {name}_away")


async def _restore(url: str) -> None:
    """Put the copy in the place of the database, as it was: with the old numbering, and lower heads."""
    name = make_url(url).database
    async with away(url), connected(_other(url, "template1")) as connection:
        await connection.execute(f"DROP DATABASE {name}_away")
        await connection.execute(f"ALTER DATABASE {name}_saved RENAME TO {name}_away")


def _other(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
