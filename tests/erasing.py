"""An account with all that somebody may type, its erasure, and a search for its words in the whole database."""

import json
from typing import Any

import httpx2

from orderflow.ids import new_id
from tests.people import PASSWORD, Api, Person, Shop, good
from tests.stored import connected, stored

NAME, ADDRESS = "Ada Lovelace", "ada.lovelace@example.com"
NOTE, LINE_NOTE, CALLED, REASON, KEY = "allergic to nuts", "with oat milk", "Countess", "my train is late", "key-of-ada"
WORDS = frozenset({NAME, ADDRESS, NOTE, LINE_NOTE, CALLED, REASON, KEY})


async def lovelace(api: Api) -> Person:
    """Somebody new whose words are those above."""
    return await api.register(NAME, email=ADDRESS)


async def erase(person: Person, password: Any = PASSWORD) -> httpx2.Response:
    """Ask for the erasure of one's account."""
    return await person.request("DELETE", "/v1/me", {"password": password})


async def everything(database_url: str) -> dict[str, str]:
    """All that each table holds, as text."""
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    async with connected(database_url) as connection:
        names = [row[0] for row in await connection.fetch(tables)]
        whole = "SELECT coalesce(string_agg(t::text, ' '), '') FROM {} t"
        return {name: await connection.fetchval(whole.format(name)) for name in names}


def found(held: dict[str, str], words: frozenset[str] = WORDS) -> set[tuple[str, str]]:
    """Which tables hold which words, in either case."""
    return {(table, word) for table, text in held.items() for word in words if word.lower() in text.lower()}


async def mail(database_url: str, order: dict[str, Any], kind: str, state: str, sent_as: str | None = None) -> str:
    """Write down an e-mail of an order as a worker leaves it; its id."""
    mail_id = str(new_id())
    payload = None if state == "waiting" else json.dumps({"to": ADDRESS, "text": f"Dear {NAME}"})
    await stored(
        database_url,
        """
        INSERT INTO outbox (id, order_id, kind, recipient, state, queued_at, due_at, attempts, payload, settled_at,
                            sent_as, error)
        VALUES ($1, $2, $3, $4, $5, now(), now(), 1, $6, CASE WHEN $5 <> 'waiting' THEN now() END, $7, $8)
        """,
        *(mail_id, order["id"], kind, ADDRESS, state, payload, sent_as, f"{ADDRESS} does not exist"),
    )
    return mail_id


async def wordy_order(customer: Person, cafe: Shop, **more: Any) -> dict[str, Any]:
    """Place an order with a word in every place that has one."""
    lines = [{"item_id": cafe.item["id"], "quantity": 2, "note": LINE_NOTE}]
    body = {"lines": lines, "note": NOTE, "pickup_name": CALLED, **more}
    answer = await customer.post(f"{cafe.path}/orders", body, Idempotency_Key=f"{KEY}-{new_id()}")
    order: dict[str, Any] = good(answer, 201)
    return order


async def finished_order(customer: Person, cafe: Shop, **more: Any) -> dict[str, Any]:
    """The same, picked up."""
    order = await wordy_order(customer, cafe, **more)
    await cafe.owner.move(order, "ready")
    return await cafe.owner.move(order, "picked_up")
