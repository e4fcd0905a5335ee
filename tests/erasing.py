"""An account with all that somebody may type, its erasure, a search for its words, and requests in a certain order."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from orderflow.credentials import NO_HASH
from orderflow.ids import new_id
from tests.people import PASSWORD, Api, Person, Shop, good
from tests.stored import connected, stored

NAME, ADDRESS = "Ada Lovelace", "ada.lovelace@example.com"
NOTE, LINE_NOTE, CALLED, REASON, KEY = "allergic to nuts", "with oat milk", "Countess", "my train is late", "key-of-ada"
WORDS = frozenset({NAME, ADDRESS, NOTE, LINE_NOTE, CALLED, REASON, KEY})
# What an erasure leaves of an account.
EMPTIED = f"email = NULL, name = 'erased', password_hash = '{NO_HASH}', erased_at = now()"
Act = Callable[[], Awaitable[httpx2.Response]]
# How many wait for this connection, or for who waits for it.
BEHIND_US = """
    WITH RECURSIVE behind AS (
        SELECT pg_backend_pid() AS pid
        UNION SELECT l.pid FROM pg_locks l JOIN behind b ON NOT l.granted AND b.pid = ANY (pg_blocking_pids(l.pid))
    )
    SELECT count(*) - 1 FROM behind
"""


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
    """Write down an e-mail of an order as a worker leaves it, or has put it off; its id."""
    payload = json.dumps({"to": ADDRESS, "text": f"Dear {NAME}"})
    written = await stored(
        database_url,
        """
        INSERT INTO outbox (id, order_id, kind, recipient, state, queued_at, due_at, attempts, payload, settled_at,
                            sent_as, error)
        VALUES ($1, $2, $3, $4, $5, now(), now() + interval '1 hour', 1, $6,
                CASE WHEN $5 <> 'waiting' THEN now() END, $7, $8)
        ON CONFLICT (order_id) WHERE kind = 'picked_up' DO UPDATE
        SET state = excluded.state, due_at = excluded.due_at, payload = excluded.payload,
            settled_at = excluded.settled_at, sent_as = excluded.sent_as, error = excluded.error
        RETURNING id
        """,
        *(new_id(), order["id"], kind, ADDRESS, state, payload, sent_as, f"{ADDRESS} does not exist"),
    )
    return str(written[0]["id"])


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


async def in_turn(database_url: str, held: str, *acts: Act) -> list[httpx2.Response]:
    """Let requests queue up in this order behind a lock that the statement takes, then let go; their answers."""
    async with connected(database_url) as connection, asyncio.TaskGroup() as tasks:
        begun = []
        async with connection.transaction(), asyncio.timeout(10):
            await connection.execute(held)
            for act in acts:
                begun.append(tasks.create_task(_answer(act)))
                while await connection.fetchval(BEHIND_US) < len(begun):
                    pass
    return [task.result() for task in begun]


async def _answer(act: Act) -> httpx2.Response:
    return await act()
