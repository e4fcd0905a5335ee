"""The page's own feed and store on a real server: a snapshot and the events after it are a fresh snapshot."""

import random
from typing import Any, Final

import pytest
from playwright.async_api import Browser

from tests.browsing import visitor
from tests.people import People, Person, Shop
from tests.servers import Server

pytestmark = pytest.mark.server("standing")

STEPS: Final = 60
# Follows a channel with the modules that the pages use, and says what a page would show.
_FOLLOW: Final = """async ([name, path, token]) => {
  const { Feed } = await import("/static/board/feed.js");
  const { activeOrders, apply, empty, soldItems } = await import("/static/board/store.js");
  let state = empty();
  let head = -1;
  const take = (frame) => {
    state = apply(state, frame);
    if (frame.type === "snapshot") window.snapshots = (window.snapshots ?? 0) + 1;
    if (typeof frame.seq === "number") head = Math.max(head, frame.seq);
  };
  const feed = new Feed({ path, take, ...(token ? { token: async () => token } : {}) });
  await feed.start();
  const shown = () => ({ shop: state.shop, orders: activeOrders(state), items: soldItems(state) });
  window[name] = { feed, shown, head: () => head };
}"""
_RESUME: Final = """(names) => {
  for (const name of names) if (window[name].feed.phase === "stopped") window[name].feed.start();
}"""
_REACHED: Final = "([name, seq]) => window[name].head() >= seq"


async def change(chance: random.Random, shop: Shop, customer: Person, orders: list[dict[str, Any]]) -> None:
    """Do one of the things that people do."""
    act = chance.choice(["place", "move", "move", "move", "sell", "price", "shop"])
    if act == "place" or (act == "move" and not orders):
        orders.append(await customer.order(shop.shop, chance.choice(shop.items[:2])))
    elif act == "move":
        order = orders.pop(chance.randrange(len(orders)))
        to = {"pending": "preparing", "preparing": "ready", "ready": "picked_up"}[order["status"]]
        to = "cancelled" if chance.random() < 0.2 else to
        moved = await shop.owner.move(order, to, **({"reason": "Sold out"} if to == "cancelled" else {}))
        if moved["status"] in ("preparing", "ready"):
            orders.append(moved)
    elif act == "shop":
        await shop.owner.patch(shop.path, {"description": f"{chance.random()}"})
    else:
        body = {"available": chance.random() < 0.5} if act == "sell" else {"price_minor": chance.randrange(1, 900)}
        await shop.owner.patch(f"{shop.path}/items/{shop.items[2]['id']}", body)


async def test_what_a_page_has_followed_is_what_a_fresh_page_shows(
    server: Server, browser: Browser, people: People
) -> None:
    chance = random.Random(5)  # noqa: S311 - makes the test repeatable
    shop, customer = await people.shop(), await people.register()
    await shop.add("Cappuccino")
    await shop.add("Espresso")
    page = await (await visitor(browser, server.url)).open(f"/shops/{shop.shop['slug']}/pickup")
    channels = {"shop": ("", shop.owner.token), "menu": ("/menu", None), "pickup": ("/pickup", None)}
    for name, (below, token) in channels.items():
        await page.evaluate(_FOLLOW, [name, f"/ws/shops/{shop.shop['id']}{below}", token])
    orders: list[dict[str, Any]] = []

    for step in range(STEPS):
        await change(chance, shop, customer, orders)
        if step % 12 == 5:
            # Some are away for a while, and resume where they were.
            await page.evaluate("(name) => window[name].feed.stop()", chance.choice(list(channels)))
        if step % 12 == 11:
            await page.evaluate(_RESUME, list(channels))
    listed = (await shop.owner.get(f"{shop.path}/events?after=0&limit=1")).json()

    for name, (below, token) in channels.items():
        await page.wait_for_function(_REACHED, arg=[name, listed["head"]])
        await page.evaluate(_FOLLOW, ["fresh", f"/ws/shops/{shop.shop['id']}{below}", token])
        await page.wait_for_function(_REACHED, arg=["fresh", listed["head"]])
        followed, fresh = [await page.evaluate("(name) => window[name].shown()", one) for one in (name, "fresh")]
        await page.evaluate("window.fresh.feed.stop()")
        assert followed == fresh, name
    assert await page.evaluate("window.snapshots") == 2 * len(channels)
