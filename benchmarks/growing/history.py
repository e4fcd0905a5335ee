"""A shop's past: finished orders, written straight into the tables as placing and moving them would have left them.

One order after the other, a thousand a day up to some minutes ago. The counter places every second one, for people who
have no phone with them, regular customers place the others; of twenty one is cancelled by its customer, the rest were
taken up, made ready and picked up, and told by e-mail.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

TABLES: Final = ("orders", "order_lines", "events", "outbox", "feeds")

_PAST: Final = """
    CREATE TEMP TABLE past (
        n integer, id uuid, customer_id uuid, by_staff boolean, is_cancelled boolean, number integer, business_day date,
        shop_seq bigint, customer_seq bigint, placed_at timestamptz, over_at timestamptz,
        placed text, preparing text, ready text, over text)
"""
# Each order is over before the next is placed, so both feeds go on by its two or four events. Times as text are what
# events keep.
_PLAN: Final = """
    INSERT INTO past
    WITH turns AS (
        SELECT n, n % 2 = 0 AS by_staff, n % 20 = 7 AS is_cancelled,
               CASE WHEN n % 2 = 0 THEN $2 ELSE ($3::uuid[])[1 + n / 2 % cardinality($3)] END AS customer_id,
               date_trunc('milliseconds', now()) - interval '10 minutes' - ($4 - n) * interval '86.4 s' AS placed_at
        FROM generate_series(1, $4::integer) AS g(n)
    ), days AS (
        SELECT t.*, (t.placed_at AT TIME ZONE s.time_zone)::date AS business_day,
               t.placed_at + CASE WHEN is_cancelled THEN interval '5 s' ELSE interval '75 s' END AS over_at,
               CASE WHEN is_cancelled THEN 2 ELSE 4 END AS events
        FROM turns t JOIN shops s ON s.id = $1
    )
    SELECT d.n,
           (lpad(to_hex((extract(epoch FROM placed_at) * 1000)::bigint), 12, '0') || '7' || substr(md5(d.n::text), 1, 3)
               || '8' || substr(md5(d.n::text), 4, 15))::uuid,
           d.customer_id, d.by_staff, d.is_cancelled, row_number() OVER (PARTITION BY business_day ORDER BY d.n),
           d.business_day, f.head + sum(events) OVER (ORDER BY d.n) - events,
           own.head + sum(events) OVER (PARTITION BY d.customer_id ORDER BY d.n) - events,
           d.placed_at, d.over_at, instant(d.placed_at), instant(d.placed_at + interval '15 s'),
           instant(d.placed_at + interval '45 s'), instant(d.over_at)
    FROM days d JOIN feeds f ON f.id = $1 JOIN feeds own ON own.id = d.customer_id ORDER BY d.n
"""
_ORDERS: Final = """
    INSERT INTO orders (
        id, shop_id, customer_id, number, business_day, status, trail, version, shop_slug, shop_name, customer_name,
        currency, total_minor, pickup_name, by_staff, idempotency_key, body_hash, placed_at, preparing_at, ready_at,
        picked_up_at, cancelled_at, cancelled_by, updated_at)
    SELECT p.id, s.id, p.customer_id, p.number, p.business_day,
           CASE WHEN is_cancelled THEN 'cancelled' ELSE 'picked_up' END,
           CASE WHEN is_cancelled THEN '{pending}' ELSE '{pending,preparing,ready}'::text[] END,
           CASE WHEN is_cancelled THEN 2 ELSE 4 END, s.slug, s.name, u.name, s.currency,
           (SELECT sum(i.price_minor) FROM items i WHERE i.id = ANY ($2)), CASE WHEN by_staff THEN 'Countess' END,
           by_staff, 'past-' || n, sha256(p.id::text::bytea), placed_at,
           CASE WHEN NOT is_cancelled THEN placed_at + interval '15 s' END,
           CASE WHEN NOT is_cancelled THEN placed_at + interval '45 s' END,
           CASE WHEN NOT is_cancelled THEN over_at END, CASE WHEN is_cancelled THEN over_at END,
           CASE WHEN is_cancelled THEN 'customer' END, over_at
    FROM past p JOIN users u ON u.id = p.customer_id JOIN shops s ON s.id = $1
"""
_LINES: Final = """
    INSERT INTO order_lines (order_id, position, item_id, name, quantity, unit_price_minor, note, stock)
    SELECT p.id, w.position, i.id, i.name, 1, i.price_minor, CASE WHEN w.position = 2 THEN 'warm' END, 'none'
    FROM past p, unnest($1::uuid[]) WITH ORDINALITY AS w(id, position) JOIN items i ON i.id = w.id
"""
_EVENTS: Final = """
    INSERT INTO events (
        shop_id, shop_seq, customer_id, customer_seq, kind, order_id, from_status, to_status, "by", actor_id, state, at)
    SELECT $1, p.shop_seq + v, p.customer_id, p.customer_seq + v, CASE WHEN v = 1 THEN 'placed' ELSE 'moved' END, p.id,
           e.before, e.after, CASE WHEN v = 1 OR is_cancelled THEN 'customer' ELSE 'shop' END,
           CASE WHEN v = 1 OR is_cancelled THEN p.customer_id ELSE $2 END,
           ('{"status":"' || e.after || '","version":' || v || e.times || ',"updated_at":"' || e.told || '"}')::json,
           e.at
    FROM past p, LATERAL (VALUES
        (1, NULL, 'pending', '', placed, placed_at),
        (2, 'pending', 'preparing', ',"preparing_at":"' || preparing || '"', preparing, placed_at + interval '15 s'),
        (3, 'preparing', 'ready', ',"preparing_at":"' || preparing || '","ready_at":"' || ready || '"', ready,
            placed_at + interval '45 s'),
        (4, 'ready', 'picked_up', ',"preparing_at":"' || preparing || '","ready_at":"' || ready
            || '","picked_up_at":"' || over || '"', over, over_at),
        (-2, 'pending', 'cancelled', ',"cancelled_at":"' || over || '","cancelled_by":"customer"', over, over_at)
    ) AS a(step, before, after, times, told, at), LATERAL (SELECT abs(step) AS v, before, after, times, told, at) AS e
    WHERE step = 1 OR (step < 0) = is_cancelled
"""
_LETTERS: Final = """
    INSERT INTO outbox (
        id, order_id, kind, recipient, state, queued_at, due_at, attempts, claimed_at, settled_at, sent_as)
    SELECT overlay(p.id::text PLACING k.number::text FROM 36)::uuid, p.id, k.kind, u.email, 'sent', k.at, k.at, 1, k.at,
           k.at, 're_' || n
    FROM past p JOIN users u ON u.id = p.customer_id,
         LATERAL (VALUES (1, 'ready', ready::timestamptz), (2, 'picked_up', over_at)) AS k(number, kind, at)
    WHERE NOT by_staff AND NOT is_cancelled
"""
_COUNTERS: Final = """
    UPDATE feeds f
    SET head = told.head, day = coalesce(told.day, f.day), number = coalesce(told.number, f.number)
    FROM (
        SELECT $1::uuid AS id, shop_seq + CASE WHEN is_cancelled THEN 2 ELSE 4 END AS head, business_day AS day, number
        FROM past WHERE n = (SELECT max(n) FROM past)
        UNION ALL
        SELECT customer_id, max(customer_seq + CASE WHEN is_cancelled THEN 2 ELSE 4 END), NULL, NULL
        FROM past GROUP BY customer_id
    ) told
    WHERE f.id = told.id
"""
# Of these tables, those that no constraint stands for: made anew at the end they cost half.
_INDEXES: Final = """
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
    WHERE i.indrelid = ANY ($1::text[]::regclass[]) AND c.oid IS NULL
"""


async def fill(
    connection: "asyncpg.Connection[asyncpg.Record]",
    shop: UUID,
    counter: UUID,
    customers: Sequence[UUID],
    items: Sequence[UUID],
    orders: int,
) -> None:
    """Give a shop so many finished orders of these items; `counter` is of its staff. It must have had none before.

    Needs a superuser, since what points at other rows is not looked up for each of millions.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica; SET LOCAL work_mem = '256MB'")
        await connection.execute(_PAST)
        await connection.execute(_PLAN, shop, counter, customers, orders)
        await connection.execute("ANALYZE past")
        indexes = await connection.fetch(_INDEXES, TABLES)
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        await connection.execute(_ORDERS, shop, items)
        await connection.execute(_LINES, items)
        await connection.execute(_EVENTS, shop, counter)
        await connection.execute(_LETTERS)
        await connection.execute(_COUNTERS, shop)
        await connection.execute("DROP TABLE past")
        for index in indexes:
            await connection.execute(index["definition"])
    # Now, and not by itself while something is measured.
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    await connection.execute("CHECKPOINT")
