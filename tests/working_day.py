"""A counter board that works all day, sped up; in its long form `python -m tests.working_day`, about 4 minutes.

The browser's clock goes on in steps, and the test plays the server: what the board is told of orders, and the answers
to its moves. So twelve hours with 2,000 orders take the time that the board itself needs for them.
"""

import argparse
import asyncio
import json
import platform
import re
import sys
import tempfile
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page, Route, WebSocketRoute, expect

from tests.browsing import visitor
from tests.chromium import running
from tests.live import visiting
from tests.people import Person
from tests.servers import serving

OPENING: Final = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
NEXT: Final = {"pending": "preparing", "preparing": "ready", "ready": "picked_up"}


@dataclass(frozen=True)
class Hour:
    """What the board's page was after one hour, once its garbage was collected."""

    heap_kib: int
    nodes: int
    listeners: int
    # Time of the page's thread for each event that it was told, with the seconds that went by meanwhile.
    busy_ms: float


@dataclass
class Day:
    """The board of a shop on one day, and all its orders."""

    page: Page
    shop: dict[str, Any]
    orders: int = 2000
    hours: int = 12
    step_s: int = 120
    left_alone: int = 7
    figures: list[Hour] = field(default_factory=list)
    _socket: WebSocketRoute | None = None
    _log: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=1000))
    _active: dict[str, dict[str, Any]] = field(default_factory=dict)
    _placed: int = 0
    _seq: int = 0
    _told: int = 0
    _now: datetime = OPENING

    async def run(self, url: str) -> list[Hour]:
        """The figures of each hour."""
        await self.page.clock.install(time=self._now)
        await self.page.route_web_socket("**/ws/**", self._begin)
        await self.page.route("**/v1/orders/*", self._answer)
        await self.page.goto(f"{url}/shops/{self.shop['slug']}/board")
        await expect(self.page.locator(".light")).to_have_attribute("data-level", "live")
        cdp = await self.page.context.new_cdp_session(self.page)
        await cdp.send("Performance.enable")
        before = await _busy_s(cdp)
        for _ in range(self.hours):
            self._told = 0
            await self._hour()
            after = await _busy_s(cdp)
            self.figures.append(await _figures(cdp, 1000 * (after - before) / self._told))
            before = await _busy_s(cdp)
        return self.figures

    async def _hour(self) -> None:
        # Somebody is there once an hour, and once an hour the network is not.
        await self.page.evaluate("() => document.querySelectorAll('#notices button').forEach((each) => each.click())")
        await self.page.locator("#title").click()
        for step in range(3600 // self.step_s):
            due = round(self.orders * ((self._now - OPENING).total_seconds() + self.step_s) / (self.hours * 3600))
            while self._placed < due:
                self._place()
            self._work_off()
            self._now += timedelta(seconds=self.step_s)
            await self.page.clock.fast_forward(self.step_s * 1000)
            self._send({"type": "beat", "seq": self._seq, "head": self._seq, "every_s": self.step_s})
            if step % 5 == 0:
                await self.page.evaluate("() => document.querySelector('#column-pending .move')?.click()")
            if step == 3:
                await self._cut()
        await expect(self.page.locator("#columns .card")).to_have_count(len(self._active))
        await expect(self.page.locator(".light")).to_have_attribute("data-level", "live")

    async def _cut(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(code=1012)

    def _begin(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        known = re.search(r"after=(\d+)", socket.url)
        if known is None:
            self._send({"type": "snapshot", "epoch": "e", "seq": 0, "shop": self.shop, "orders": [], "items": []})
        else:
            self._send({"type": "resumed", "epoch": "e", "seq": int(known[1])})
            for seq, text in self._log:
                if seq > int(known[1]):
                    socket.send(text)
        self._send({"type": "beat", "seq": self._seq, "head": self._seq, "every_s": self.step_s})

    async def _answer(self, route: Route) -> None:
        """What the server would answer to a move, and tell everybody."""
        order = self._active.get(route.request.url.rpartition("/")[2])
        wanted = json.loads(route.request.post_data or "{}").get("status")
        if order is None or wanted != NEXT.get(order["status"]):
            await route.fulfill(status=409, json={"code": "invalid_transition", "allowed": []})
            return
        self._move(order)
        await route.fulfill(json=order)

    def _place(self) -> None:
        self._placed += 1
        self._seq += 1
        at, id = self._at(), str(uuid.UUID(int=self._placed))
        lines = [
            {
                "item_id": str(uuid.UUID(int=item)), "name": f"Flat white {item}", "quantity": 1 + item,
                "unit_price_minor": 350, "amount_minor": 350, "note": "oat milk" if item else None,
            }
            for item in range(1 + self._placed % 3)
        ]  # fmt: skip
        order = {
            "id": id, "number": self._placed, "business_day": "2026-11-27", "status": "pending", "version": 1,
            "shop": {"id": self.shop["id"], "slug": self.shop["slug"], "name": self.shop["name"]},
            "customer": {"id": str(uuid.UUID(int=9)), "name": f"Guest {self._placed}"}, "pickup_name": None,
            "lines": lines, "note": None, "currency": "EUR", "total_minor": 350 * len(lines),
            "placed_at": at, "preparing_at": None, "ready_at": None, "picked_up_at": None, "cancelled_at": None,
            "cancelled_by": None, "reason": None, "updated_at": at,
        }  # fmt: skip
        self._active[id] = order
        self._tell(order, "placed", None)

    def _work_off(self) -> None:
        """Move on all but the newest orders; one in twenty is cancelled."""
        for order in list(self._active.values())[: max(0, len(self._active) - self.left_alone)]:
            if order["number"] % 20 == 0 and order["status"] == "preparing":
                order.update(cancelled_by="customer" if order["number"] % 40 else "shop", reason="sold out")
                self._move(order, "cancelled")
            else:
                self._move(order)

    def _move(self, order: dict[str, Any], to: str = "") -> None:
        came_from, to = order["status"], to or NEXT[order["status"]]
        self._seq += 1
        order.update({"status": to, "version": order["version"] + 1, "updated_at": self._at(), f"{to}_at": self._at()})
        self._tell(order, "moved", came_from)
        if to not in NEXT:
            del self._active[order["id"]]

    def _tell(self, order: dict[str, Any], event: str, came_from: str | None) -> None:
        self._told += 1
        told = {"event": event, "from": came_from, "to": order["status"], "by": "shop", "reason": order["reason"]}
        self._log.append((self._seq, self._send({"type": "order", "seq": self._seq, **told, "order": order})))

    def _send(self, frame: dict[str, Any]) -> str:
        text = json.dumps({**frame, "at": self._at()})
        if self._socket is not None:
            self._socket.send(text)
        return text

    def _at(self) -> str:
        return self._now.isoformat(timespec="milliseconds")[:-6] + "Z"


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    answer = await cdp.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in answer["metrics"]}


async def _busy_s(cdp: CDPSession) -> float:
    metrics = await _metrics(cdp)
    return metrics["ScriptDuration"] + metrics["LayoutDuration"] + metrics["RecalcStyleDuration"]


async def _figures(cdp: CDPSession, busy_ms: float) -> Hour:
    for _ in range(2):
        await cdp.send("HeapProfiler.collectGarbage")
    found = await _metrics(cdp)
    return Hour(round(found["JSHeapUsedSize"] / 1024), int(found["Nodes"]), int(found["JSEventListeners"]), busy_ms)


async def board_of(browser: Browser, url: str, owner: Person) -> Page:
    """A page on the counter, whose owner is signed in."""
    return await (await visitor(browser, url, owner)).page()


async def _long(url: str, orders: int, hours: int, step_s: int) -> list[Hour]:
    async with visiting(url) as people, running() as browser:
        shop = await people.shop()
        return await Day(await board_of(browser, url, shop.owner), shop.shop, orders, hours, step_s).run(url)


def main(orders: int, hours: int, step_s: int) -> None:
    """Run the long form at a server of its own and print a table."""
    with tempfile.TemporaryDirectory(prefix="orderflow-day-") as directory:
        Path(directory).chmod(0o755)
        with serving(Path(directory) / "server") as server:
            figures = asyncio.run(_long(server.url, orders, hours, step_s))
    lines = [
        f"{orders} orders in {hours} h, in steps of {step_s} s, {platform.machine()}\n",
        "| after | JS heap, KiB | DOM nodes | listeners | the page's thread, ms an event |",
        "|---|---|---|---|---|",
        *(
            f"| {number} h | {hour.heap_kib:,} | {hour.nodes:,} | {hour.listeners:,} | {hour.busy_ms:.2f} |"
            for number, hour in enumerate(figures, 1)
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--hours", type=int, default=12)
    parser.add_argument("--step-s", type=int, default=10, help="how far the browser's clock goes on at once")
    given = parser.parse_args()
    main(given.orders, given.hours, given.step_s)
