"""How long it takes to erase an account with many orders: `python -m benchmarks.erasure 10000`.

Each order has two lines with notes, was placed, made ready and picked up (one in ten: cancelled by its customer), and
was told of in two e-mails, which have been sent.
"""

import asyncio
import platform
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from orderflow import accounts, embedded, erasure, items, migrations, shops
from orderflow.db import Database
from orderflow.schemas import ItemNew, Register, ShopNew
from tests.stored import connected

ADDRESS = "ada@example.com"
# In one transaction, each order makes the next one slower: they all raise the same two rows.
AT_ONCE = 500
PLACE = """
    SELECT count(p.outcome)
    FROM generate_series($1::int, $1::int + $4) AS g(n), (SELECT array_agg(id) AS ids FROM items) i,
    LATERAL place_order(uuidv7(), $2, $3, i.ids, '{2,1}', '{no sugar,with oat milk}', 'allergic to nuts', 'Countess',
        NULL, NULL, 'key-' || g.n, sha256('body'), 0, 0) AS p
"""
MOVE = """
    SELECT count(m.outcome) FROM (
        SELECT * FROM orders WHERE version = $1 AND (number % 10 = 0) = ($2 = 'cancelled') LIMIT $6
    ) o, LATERAL move_order(o.id, $1, $2, ARRAY[o.status], false, $3, $4, $5) AS m
"""
SENT = """
    UPDATE outbox SET state = 'sent', attempts = 1, claimed_at = now(), settled_at = now(), sent_as = 're_123'
"""


async def seed(db: Database, url: str, count: int) -> None:
    """Make a shop, and a customer with so many orders."""
    hasher, people = accounts.Hasher(), {}
    for email, role in ((ADDRESS, "customer"), ("grace@example.com", "shop_owner")):
        wanted = Register.model_validate({"email": email, "password": "correct horse", "name": email, "role": role})
        people[role] = UUID((await accounts.register(db, hasher, wanted)).id)
    ada, grace = people["customer"], people["shop_owner"]
    await shops.create(db, grace, ShopNew(name="Café", slug="cafe", currency="EUR", time_zone="Europe/Berlin"))
    for name in ("Flat white", "Cake"):
        await items.create(db, grace, "cafe", ItemNew(name=name, price_minor=350))
    async with connected(url) as connection:
        shop = await connection.fetchval("SELECT id FROM shops")
        for first in range(1, count + 1, AT_ONCE):
            await connection.execute(PLACE, first, shop, ada, min(AT_ONCE, count + 1 - first) - 1)
        for move in (
            (1, "cancelled", "customer", ada, "my train is late"),
            (1, "ready", "shop", grace, None),
            (2, "picked_up", "shop", grace, None),
        ):
            while await connection.fetchval(MOVE, *move, AT_ONCE):
                pass
        await connection.execute(SENT)
        await connection.execute("ANALYZE")
        await connection.execute("CHECKPOINT")


async def measure(url: str, count: int) -> float:
    """Seconds that the erasure takes, from the call to its COMMIT."""
    await migrations.upgrade(url)
    db = Database(url, lambda _: None)
    try:
        await seed(db, url, count)
        began = time.perf_counter()
        await erasure.erase_address(db, ADDRESS, None)
        return time.perf_counter() - began
    finally:
        await db.close()


def main() -> None:
    """Erase an account with as many orders as the command line says, on a database of its own."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="orderflow-bench-") as directory:
        Path(directory).chmod(0o755)
        with embedded.running(Path(directory) / "data") as server:
            seconds = asyncio.run(measure(server.url, count))
    print(f"{count:,} orders erased in {seconds:.2f} s ({platform.machine()}, Python {platform.python_version()})")


if __name__ == "__main__":
    main()
