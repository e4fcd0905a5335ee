"""The clients that docs/feed.md shows, run as they stand there: whatever is cut, they hear every event once."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from orderflow.settings import Settings
from tests.live import Live, running
from tests.people import Shop, good

DOCUMENT = (Path(__file__).parents[1] / "docs" / "feed.md").read_text("utf-8")
START = """async ([source, url, token]) => {
    const { follow } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    window.taken = [];
    window.over = follow(url, async () => token, (frame) => window.taken.push(frame));
}"""


@pytest.fixture
async def live(settings: Settings) -> AsyncIterator[Live]:
    async with running(settings, beat_seconds=0.2, open_orders_per_customer=0) as server:
        yield server


async def test_the_client_in_python_hears_every_event_once_whatever_is_cut(live: Live) -> None:
    cafe, taken, given = await live.shop(), list[dict[str, Any]](), dict[str, Any]()
    exec(_code("python"), given)  # noqa: S102 - our own document

    async def token() -> str:
        return cafe.owner.token

    following = asyncio.create_task(given["follow"](_address(live, cafe), token, taken.append))

    async def seen() -> list[dict[str, Any]]:
        return taken

    await _cut_and_order(live, cafe, seen)
    good(await cafe.owner.patch(cafe.path, {"name": "Another Café"}))
    await _until(seen, lambda frames: frames[-1]["type"] == "shop")
    following.cancel()


async def test_the_client_in_javascript_hears_every_event_once_whatever_is_cut(live: Live, browser: Browser) -> None:
    cafe, page = await live.shop(), await (await browser.new_context(bypass_csp=True)).new_page()
    await page.goto(live.url + "/healthz")
    await page.evaluate(START, [_code("js"), _address(live, cafe), cafe.owner.token])

    async def seen() -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = await page.evaluate("window.taken")
        return taken

    await _cut_and_order(live, cafe, seen)
    await page.context.close()


async def test_both_clients_stay_away_when_they_are_told_to(live: Live, browser: Browser) -> None:
    cafe, ada, given = await live.shop(), await live.register(), dict[str, Any]()
    exec(_code("python"), given)  # noqa: S102 - our own document

    async def token() -> str:
        return ada.token

    page = await (await browser.new_context(bypass_csp=True)).new_page()
    await page.goto(live.url + "/healthz")
    await page.evaluate(START, [_code("js"), _address(live, cafe), ada.token])

    async with asyncio.timeout(10):
        assert await given["follow"](_address(live, cafe), token, pytest.fail) == 4403
        assert await page.evaluate("window.over") == 4403
    await page.context.close()


async def _cut_and_order(live: Live, cafe: Shop, seen: Callable[[], Awaitable[list[dict[str, Any]]]]) -> None:
    """Orders come in while every line is cut three times; then the feed has to be whole."""
    ada, orders = await live.register(), list[dict[str, Any]]()
    await _until(seen, lambda frames: len(frames) == 1)
    for _ in range(3):
        orders += [await ada.order(cafe.shop, cafe.item) for _ in range(3)]
        await _until(seen, partial(_has, order=orders[-2]))
        assert live.server is not None
        for each in list(live.server.server_state.connections):
            # The pages' HTTP connections may stay.
            if type(each).__name__ == "WebSocketProtocol":
                each.transport.abort()
        orders.append(await ada.order(cafe.shop, cafe.item))
    await _until(seen, partial(_has, order=orders[-1]))

    first, *events = await seen()
    assert first["type"] == "snapshot"
    assert [event["seq"] for event in events] == list(range(first["seq"] + 1, first["seq"] + 1 + len(orders)))
    assert [event["order"] for event in events] == orders


def _has(frames: list[dict[str, Any]], order: dict[str, Any]) -> bool:
    return any(frame.get("order") == order for frame in frames)


async def _until(
    seen: Callable[[], Awaitable[list[dict[str, Any]]]], fact: Callable[[list[dict[str, Any]]], bool]
) -> None:
    async with asyncio.timeout(15):
        while not fact(await seen()):  # noqa: ASYNC110 - a browser tells nobody
            await asyncio.sleep(0.01)


def _address(live: Live, cafe: Shop) -> str:
    return f"{live.url.replace('http', 'ws', 1)}/ws/shops/{cafe.shop['slug']}"


def _code(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found, language
    return found[1]
