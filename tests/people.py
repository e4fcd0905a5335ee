"""The people of the tests and what they do: register, make a shop, order. Each helper is one honest request.

Where a test has the server's database at hand, accounts are made there, since it is not about making them: by what
answers the request, with a hash that costs next to nothing instead of a thirtieth of a second. A login stays a login; a
hash names its cost, and the service goes by that.
"""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from passlib.hash import argon2

from orderflow import accounts
from orderflow.db import Database
from orderflow.schemas import Register

PASSWORD = "correct horse battery"

_LEAST: Final = argon2.using(type="ID", memory_cost=8, time_cost=1, parallelism=1)
_numbers = itertools.count(1)


def new_email() -> str:
    """An address that nobody has registered yet, on a server shared with other tests either."""
    return f"person{next(_numbers)}@example.com"


class _Quick(accounts.Hasher):
    async def hash(self, password: str) -> str:
        hashed: str = _LEAST.hash(password)
        return hashed


_QUICK: Final = _Quick()


@dataclass
class Person:
    """Somebody who is signed in."""

    client: httpx2.AsyncClient
    user: dict[str, Any]
    token: str

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One request with their token; `If_Match` becomes If-Match."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {self.token}", **given}
        )

    async def get(self, path: str) -> httpx2.Response:
        return await self.request("GET", path)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.request("POST", path, body if body is not None else {}, **headers)

    async def patch(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return await self.request("PATCH", path, body, **headers)

    async def delete(self, path: str) -> httpx2.Response:
        return await self.request("DELETE", path)

    async def order(self, shop: dict[str, Any], item: dict[str, Any], quantity: int = 1, **more: Any) -> dict[str, Any]:
        """Place an order of one line; it has to succeed."""
        body = {"lines": [{"item_id": item["id"], "quantity": quantity}], **more}
        placed: dict[str, Any] = good(await self.post(f"/v1/shops/{shop['id']}/orders", body), 201)
        return placed

    async def move(self, order: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
        """Move an order; it has to succeed."""
        moved: dict[str, Any] = good(await self.patch(f"/v1/orders/{order['id']}", {"status": status, **more}))
        return moved


@dataclass
class Shop:
    """A shop with its owner and one item."""

    owner: Person
    shop: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def item(self) -> dict[str, Any]:
        return self.items[0]

    @property
    def path(self) -> str:
        return f"/v1/shops/{self.shop['id']}"

    async def add(self, name: str = "Flat white", price_minor: int = 350, **more: Any) -> dict[str, Any]:
        """Put an item on the menu."""
        made: dict[str, Any] = good(
            await self.owner.post(f"{self.path}/items", {"name": name, "price_minor": price_minor, **more}), 201
        )
        self.items.append(made)
        return made


class People:
    """Who comes to a server, reached through one client; `db` is its database, where that is at hand."""

    def __init__(self, client: httpx2.AsyncClient, db: Database | None = None) -> None:
        self.client = client
        self.db = db

    async def register(self, name: str = "Ada", role: str = "customer", email: str = "") -> Person:
        """Somebody new, signed in."""
        email = email or new_email()
        body = {"email": email, "password": PASSWORD, "name": name, "role": role}
        if self.db is None:
            good(await self.client.post("/v1/auth/register", json=body), 201)
        else:
            await accounts.register(self.db, _QUICK, Register.model_validate_json(json.dumps(body)))
        session = await self.login(email)
        return Person(self.client, session["user"], session["access_token"])

    async def login(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        """The answer to a login, which has to succeed."""
        body = {"email": email, "password": password}
        session: dict[str, Any] = good(await self.client.post("/v1/auth/login", json=body))
        return session

    async def shop(self, name: str = "Corner Café", stock: int | None = None, **more: Any) -> Shop:
        """A new owner's shop with one item on its menu."""
        owner = await self.register("Grace", "shop_owner")
        body = {"name": name, "currency": "EUR", "time_zone": "Europe/Berlin", **more}
        made = Shop(owner, good(await owner.post("/v1/shops", body), 201))
        await made.add(stock=stock)
        return made


class Api(People):
    """The application of a test, and the people who come to it."""

    def __init__(self, client: httpx2.AsyncClient, state: dict[str, Any]) -> None:
        super().__init__(client, state["db"])
        self.state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def good(answer: httpx2.Response, status: int = 200) -> Any:
    """The body of an answer that has to have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json() if answer.content else None


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer that has to be this refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    return problem
