"""Opens the café on a server: accounts, shop, staff and menu, as far as they are not there already."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from orderflow.demo import cafe
from orderflow.demo.api import Api, Refused, persist
from orderflow.demo.person import Person


@dataclass(slots=True)
class Cafe:
    """The café on one server."""

    url: str
    api: Api
    owner: Person
    staff: list[Person]
    shop: dict[str, Any] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/v1/shops/{self.shop['id']}"

    @property
    def sockets(self) -> str:
        """Where its channels are."""
        return f"/ws/shops/{self.shop['id']}"

    async def open(self) -> None:
        """Make what is missing; doing it again does no harm, and heals what somebody has taken away.

        Raises:
            Refused: the accounts are there with other passwords.
        """
        async with self._opening:
            await persist(self._open)

    async def _open(self) -> None:
        self.shop = await self._find() or await self._make()
        await self._fill_menu()
        for member in self.staff:
            await member.token()
            await self.owner.ask("POST", f"{self.path}/staff", {"email": member.account.email})

    async def _find(self) -> dict[str, Any] | None:
        shops = (await self.owner.ask("GET", "/v1/me/shops?limit=100"))["data"]
        return min(shops, key=lambda shop: str(shop["id"]), default=None)

    async def _make(self) -> dict[str, Any]:
        try:
            made: dict[str, Any] = await self.owner.once("POST", "/v1/shops", cafe.SHOP)
        except Refused as refused:
            if refused.code != "slug_taken":
                raise
            without = {name: value for name, value in cafe.SHOP.items() if name != "slug"}
            made = await self.owner.once("POST", "/v1/shops", without)
        return made

    async def _fill_menu(self) -> None:
        there = {item["name"] for item in (await self.owner.ask("GET", f"{self.path}/items"))["data"]}
        for position, item in enumerate(cafe.MENU, start=1):
            if item.name not in there:
                await self.owner.once("POST", f"{self.path}/items", item.facts(position))


def planned(url: str, api: Api) -> Cafe:
    """The café as it is meant to be, not open yet."""
    return Cafe(url, api, Person(api, cafe.OWNER), [Person(api, account) for account in cafe.STAFF])
