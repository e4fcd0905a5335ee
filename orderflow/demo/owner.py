"""The owner: sees to the menu. Something is out for a while and comes back, and the last bun brings the next tray."""

import asyncio
import random
from functools import partial
from typing import Any, Final

from orderflow.demo import cafe
from orderflow.demo.agenda import Agenda
from orderflow.demo.feed import Feed, Frame
from orderflow.demo.opening import Cafe
from orderflow.demo.pace import Pace

SELL_OUT_S: Final = (300.0, 700.0)
COME_BACK_S: Final = (90.0, 240.0)
REOPEN_S: Final = (240.0, 360.0)
SELL_OUT, REOPEN = "sell out", "reopen"


class Owner:
    """The owner of the café, with a board open at the back."""

    def __init__(self, shop: Cafe, pace: Pace) -> None:
        self._cafe = shop
        self._pace = pace
        self._items: dict[str, dict[str, Any]] = {}
        self._agenda = Agenda()

    async def work(self) -> None:
        """Work for as long as the task lives.

        Raises:
            ExceptionGroup: signed out for good.
        """
        self._agenda.put(SELL_OUT, self._pace.seconds(*SELL_OUT_S), self._sell_out)
        feed = Feed(self._cafe.url, self._cafe.sockets, self._see, self._cafe.owner)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed.run(), name="board")
            tasks.create_task(self._agenda.run(), name="work")

    def _see(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            self._items.clear()
        for item in frame["items"] if frame["type"] == "snapshot" else [frame["item"]] if "item" in frame else []:
            self._look_at(item)
        if "shop" in frame:
            self._look_at_shop(frame["shop"])

    def _look_at(self, item: dict[str, Any]) -> None:
        known = cafe.item(item["name"])
        if known is None or known.is_sold_out or item["archived"]:
            self._items.pop(item["id"], None)
            return
        self._items[item["id"]] = item
        if not item["sold_out"]:
            self._agenda.drop(item["id"])
        elif not self._agenda.has(item["id"]):
            stock = {} if known.stock is None else {"stock": known.stock}
            again = partial(self._change, f"/items/{item['id']}", {"available": True, **stock})
            self._agenda.put(item["id"], self._pace.seconds(*COME_BACK_S), again)

    def _look_at_shop(self, shop: dict[str, Any]) -> None:
        if shop["ordering"] == "open":
            self._agenda.drop(REOPEN)
        elif not self._agenda.has(REOPEN):
            # Paused by a visitor, and the next one is to find it alive.
            self._agenda.put(REOPEN, self._pace.seconds(*REOPEN_S), partial(self._change, "", {"ordering": "open"}))

    async def _sell_out(self) -> None:
        self._agenda.put(SELL_OUT, self._pace.seconds(*SELL_OUT_S), self._sell_out)
        sold = [item for item in self._items.values() if not item["sold_out"]]
        # Something is always left to order.
        if len(sold) > len(self._items) // 2:
            await self._change(f"/items/{random.choice(sold)['id']}", {"available": False})

    async def _change(self, path: str, body: dict[str, Any]) -> None:
        await self._cafe.owner.ask("PATCH", f"{self._cafe.path}{path}", body)
