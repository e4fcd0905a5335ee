"""Orders placed and moved per second through one `orderflow serve`, beside pgbench doing the same in one call.

Run with `python -m benchmarks.orders`. PostgreSQL has one core, the server and its load client (or pgbench) the other;
both sides take turns on the same database, and what is reported are the medians of the rounds and their ratios.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from benchmarks import http_load
from benchmarks.http_load import Load
from orderflow import embedded, migrations, postgresql
from orderflow.credentials import Tokens
from tests.servers import SECRET, Server

SHOPS = 8
CUSTOMERS = 200
LEVELS = (1, 16, 64)
ISSUER = "http://127.0.0.1:8000"
HOLDING, SERVING = {1}, {0}

PLACE = """\\set c random(1, 200)
\\set s random(1, 8)
SELECT * FROM place_order(gen_random_uuid(), (SELECT id FROM bench_shops WHERE n = :s),
  (SELECT id FROM bench_customers WHERE n = :c), (SELECT items FROM bench_shops WHERE n = :s), '{2,1}', '{NULL,warm}',
  NULL, NULL, NULL, NULL, NULL, NULL, 0, 0);
"""
MOVE = """SELECT m.* FROM bench_orders b, move_order(b.id, 1, 'preparing', '{pending}', false, 'shop', b.staff, NULL,
 interval '10 seconds') m WHERE b.n = (SELECT nextval('bench_next'));
"""


MORE = """SELECT count(p.outcome) FROM generate_series(1, $1::int) AS g(n)
  JOIN bench_shops s ON s.n = 1 + g.n % 8 JOIN bench_customers c ON c.n = 1 + g.n % 200,
  LATERAL place_order(gen_random_uuid(), s.id, c.id, s.items, '{2,1}', '{NULL,warm}',
    NULL, NULL, NULL, NULL, NULL, NULL, 0, 0) AS p
"""
# More than any machine of today does: neither side may run out of orders to move.
MOVES_PER_S = 4_000


@dataclass(frozen=True)
class Seeds:
    """What both sides work on."""

    shops: list[tuple[str, str, list[str]]]
    customers: list[str]


@dataclass(frozen=True)
class Measured:
    """One run of one side: per second, and milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float


async def seed(url: str) -> Seeds:
    """Make shops with two items each, their staff, and customers."""
    connection = await asyncpg.connect(url)
    ids = await connection.fetch("SELECT gen_random_uuid()::text AS id FROM generate_series(1, $1)", CUSTOMERS + SHOPS)
    users = [row["id"] for row in ids]
    for n, user in enumerate(users):
        await connection.execute(
            "INSERT INTO users VALUES ($1, $2, 'Bench', 'customer', 'x', now())", user, f"b{n}@example.com"
        )
        await connection.execute("INSERT INTO feeds VALUES ($1, 'bench', 0, 0, NULL, 0)", user)
    shops: list[tuple[str, str, list[str]]] = []
    await connection.execute("CREATE TABLE bench_shops (n int PRIMARY KEY, id uuid, items uuid[])")
    await connection.execute("CREATE TABLE bench_customers (n int PRIMARY KEY, id uuid)")
    await connection.execute("CREATE TABLE bench_orders (n bigint PRIMARY KEY, id uuid, staff uuid)")
    for n in range(SHOPS):
        shop, owner = str(await connection.fetchval("SELECT gen_random_uuid()")), users[CUSTOMERS + n]
        await connection.execute(
            "INSERT INTO shops VALUES ($1, $2, $3, 'Bench', NULL, NULL, NULL, NULL, 'EUR', 'Europe/Berlin', true, "
            "'open', 1, now(), now())",
            shop,
            owner,
            f"bench-{n}",
        )
        await connection.execute("INSERT INTO feeds VALUES ($1, 'bench', 0, 0, NULL, 0)", shop)
        await connection.execute("INSERT INTO shop_staff VALUES ($1, $2, now())", shop, owner)
        items = [str(await connection.fetchval("SELECT gen_random_uuid()")) for _ in range(2)]
        for item in items:
            await connection.execute(
                "INSERT INTO items VALUES ($1, $2, 'Flat white', NULL, NULL, 350, true, NULL, 0, 1, false, now())",
                item,
                shop,
            )
        await connection.execute("INSERT INTO bench_shops VALUES ($1, $2, $3)", n + 1, shop, items)
        shops.append((shop, owner, items))
    for n in range(CUSTOMERS):
        await connection.execute("INSERT INTO bench_customers VALUES ($1, $2)", n + 1, users[n])
    await connection.close()
    return Seeds(shops, users[:CUSTOMERS])


def tokens(users: list[str]) -> dict[str, str]:
    """An access token for each, as a login would give it."""
    made = Tokens(SECRET, "HS256", ISSUER, 3600)
    return {user: made.issue(UUID(user), uuid4())[0] for user in users}


def placements(seeds: Seeds, known: dict[str, str]) -> Callable[[], bytes]:
    """Requests that place orders of two lines."""
    pick = random.Random(1)  # noqa: S311 - no secret
    bodies = {
        shop: json.dumps(
            {"lines": [{"item_id": items[0], "quantity": 2}, {"item_id": items[1], "quantity": 1, "note": "warm"}]}
        ).encode()
        for shop, _, items in seeds.shops
    }

    def make() -> bytes:
        shop = pick.choice(seeds.shops)[0]
        return http_load.request("POST", f"/v1/shops/{shop}/orders", known[pick.choice(seeds.customers)], bodies[shop])

    return make


async def pending(url: str, known: dict[str, str]) -> Iterator[bytes]:
    """Requests that start all orders that are pending now, each once."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT o.id, s.owner_id FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.status = 'pending' "
        "ORDER BY o.id DESC LIMIT 60000"
    )
    await connection.close()
    body = b'{"status":"preparing"}'
    return iter([http_load.request("PATCH", f"/v1/orders/{row[0]}", known[str(row[1])], body) for row in rows])


async def queue_for_pgbench(url: str, wanted: int) -> None:
    """Line up pending orders for the moves of pgbench, and leave as many for the other side."""
    connection = await asyncpg.connect(url)
    missing = 2 * wanted - await connection.fetchval("SELECT count(*) FROM orders WHERE status = 'pending'")
    while missing > 0:
        await connection.execute(MORE, min(missing, 500))
        missing -= 500
    await connection.execute("TRUNCATE bench_orders")
    await connection.execute(
        "INSERT INTO bench_orders SELECT row_number() OVER (ORDER BY random()), o.id, s.owner_id "
        "FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.status = 'pending' ORDER BY o.id LIMIT $1",
        wanted,
    )
    await connection.execute("DROP SEQUENCE IF EXISTS bench_next")
    await connection.execute("CREATE SEQUENCE bench_next CACHE 1")
    await connection.execute("ANALYZE bench_orders")
    await connection.close()


def pgbench(home: Path, script: str, clients: int, seconds: float, url: str) -> Measured:
    """Run pgbench on the server's core; latencies are those of single transactions."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "script.sql"
        file.write_text(script)
        query = dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
        password = url.split("://", 1)[1].split("@")[0].split(":")[1]
        command = [
            str(postgresql.programs(home) / "pgbench"),
            *("-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(int(seconds)), "-f", str(file)),
            *("-l", "-h", query["host"], "-p", query.get("port", "5432"), "-U", "orderflow"),
            url.partition("?")[0].rpartition("/")[2],
        ]
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, "PGPASSWORD": password},
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, SERVING),
        )
        assert done.returncode == 0, done.stderr
        took = [
            int(line.split()[2]) / 1e6
            for log in Path(place).glob("pgbench_log.*")
            for line in log.read_text().splitlines()
        ]
    return _measured(took, len(took) / seconds)


def _measured(seconds: list[float], rate: float) -> Measured:
    ordered = sorted(seconds) or [0.0]
    return Measured(rate, 1e3 * ordered[len(ordered) // 2], 1e3 * ordered[int(len(ordered) * 0.99)])


def _from(load: Load) -> Measured:
    assert not load.failures, load.failures[0]
    return _measured(load.latencies, load.rate)


async def compare(
    home: Path, plain: str, port: int, seeds: Seeds, levels: Sequence[int], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """Let both sides take turns."""
    known = tokens([*seeds.customers, *(owner for _, owner, _ in seeds.shops)])
    make, found = placements(seeds, known), []
    await http_load.run(port, 16, 2, make, b"201")
    for clients in levels:
        runs: dict[str, list[Measured]] = {"place": [], "pg place": [], "move": [], "pg move": []}
        for number in range(rounds):
            print(f"  {clients} clients, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            runs["pg place"].append(await asyncio.to_thread(pgbench, home, PLACE, clients, seconds, plain))
            runs["place"].append(_from(await http_load.run(port, clients, seconds, make, b"201")))
            await queue_for_pgbench(plain, int(MOVES_PER_S * seconds))
            runs["pg move"].append(await asyncio.to_thread(pgbench, home, MOVE, clients, seconds, plain))
            waiting = await pending(plain, known)
            moved = await http_load.run(port, clients, seconds, lambda w=waiting: next(w, None), b"200")  # type: ignore[misc]
            runs["move"].append(_from(moved))
        for work in ("place", "move"):
            ours, theirs = runs[work], runs[f"pg {work}"]
            ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
            found.append({"work": work, "clients": clients, "ours": ours, "pgbench": theirs, "ratios": ratios})
    return found


def table(found: list[dict[str, Any]]) -> str:
    """The result as Markdown: medians of the rounds."""

    def median(runs: list[Measured], name: str) -> float:
        return float(statistics.median(getattr(run, name) for run in runs))

    rows = [
        "| work | clients | orderflow /s | p50 / p99 ms | pgbench /s | p50 / p99 ms | ratio (spread) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found:
        ours, theirs, ratios = row["ours"], row["pgbench"], row["ratios"]
        rows.append(
            f"| {row['work']} | {row['clients']} | {median(ours, 'rate'):,.0f} "
            f"| {median(ours, 'p50_ms'):.1f} / {median(ours, 'p99_ms'):.1f} | {median(theirs, 'rate'):,.0f} "
            f"| {median(theirs, 'p50_ms'):.1f} / {median(theirs, 'p99_ms'):.1f} "
            f"| **{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=LEVELS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, HOLDING)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        with embedded.running(Path(place) / "data") as database:
            asyncio.run(migrations.upgrade(database.url))
            plain = database.url.replace("+asyncpg", "")
            seeds = asyncio.run(seed(plain))
            settings = {"DATABASE_URL": database.url, "OPEN_ORDERS_PER_CUSTOMER": "0", "PUBLIC_URL": ISSUER}
            server = Server(Path(place) / "server", settings)
            server.start()
            for process in (0, server.pid):
                os.sched_setaffinity(process, SERVING)
            try:
                port = int(server.url.rpartition(":")[2])
                home = postgresql.home(Path(place) / "data")
                found = asyncio.run(compare(home, plain, port, seeds, options.clients, options.rounds, options.seconds))
            finally:
                server.stop()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{options.rounds} rounds of {options.seconds:g} s\n"
    )
    print(table(found))


if __name__ == "__main__":
    main()
