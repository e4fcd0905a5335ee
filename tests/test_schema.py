"""The schema: the migrations make what the tables say, and every key and index has what it needs."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from orderflow import mail_tables, migrations, tables
from orderflow.credentials import NO_HASH
from tests.people import Api
from tests.stored import connected, stored

T = TypeVar("T")

METADATA = tables.orders.metadata
assert mail_tables.outbox.metadata is METADATA

# Items are archived, never deleted, and nobody asks for all lines of one.
UNINDEXED = {("order_lines", "item_id")}


async def _with(database_url: str, step: Callable[[Connection], T]) -> T:
    engine = create_async_engine(database_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(step)
    finally:
        await engine.dispose()


async def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    # Raises where a migration that is missing would have something to do.
    await _with(database_url, lambda connection: command.check(migrations.config(connection)))


async def test_the_migrations_make_the_checks_and_indexes_that_the_tables_say(database_url: str) -> None:
    def make_beside(connection: Connection) -> None:
        connection.execute(text("CREATE SCHEMA beside"))
        METADATA.create_all(connection.execution_options(schema_translate_map={None: "beside"}))

    await _with(database_url, make_beside)
    rows = await stored(
        database_url,
        """
        SELECT connamespace::regnamespace::text AS place, conname AS name, pg_get_constraintdef(oid) AS definition
        FROM pg_constraint WHERE conrelid <> 0
        UNION ALL SELECT schemaname, indexname, indexdef FROM pg_indexes
        """,
    )

    made = {
        place: {
            (row["name"], row["definition"].replace(f"{place}.", ""))
            for row in rows
            if row["place"] == place and "alembic" not in row["name"]
        }
        for place in ("public", "beside")
    }
    assert made["public"] == made["beside"]
    assert len(made["public"]) > 40


async def test_a_migrated_database_misses_nothing_and_migrating_again_does_nothing(database_url: str) -> None:
    assert await migrations.pending(database_url) == []
    assert await migrations.upgrade(database_url) == []


async def test_orders_go_on_while_a_migration_waits_for_another_table(database_url: str) -> None:
    await _make_anew(database_url, "0001")
    todo = await migrations.pending(database_url)
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted)"

    async with connected(database_url) as shop, connected(database_url) as onlooker:
        async with shop.transaction(), asyncio.timeout(10):
            await shop.execute("SELECT FROM users")
            migrating = asyncio.create_task(migrations.upgrade(database_url))
            while not await onlooker.fetchval(waits):
                pass
            # As the order does that is being placed: this would be a deadlock if the migration held it.
            await shop.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE NOWAIT")

        assert await migrating == todo


async def test_a_name_that_older_code_gave_back_to_somebody_erased_is_migrated_away(database_url: str) -> None:
    await _make_anew(database_url, "0005")
    erased = """
        INSERT INTO users (id, name, role, password_hash, created_at, erased_at)
        VALUES (gen_random_uuid(), 'Ada', 'customer', 'another', now(), now())
    """
    await stored(database_url, erased)

    await migrations.upgrade(database_url)

    (row,) = await stored(database_url, "SELECT name, password_hash FROM users")
    assert tuple(row) == ("erased", NO_HASH)


async def _make_anew(database_url: str, revision: str) -> None:
    """Have nothing in the database but the schema as it was at a revision."""
    await stored(database_url, "DROP SCHEMA public CASCADE")
    await stored(database_url, "CREATE SCHEMA public")
    await _with(database_url, lambda connection: command.upgrade(migrations.config(connection), revision))


def test_the_migrations_are_one_line_and_numbered() -> None:
    script = ScriptDirectory.from_config(migrations.config())

    revisions = [each.revision for each in reversed(list(script.walk_revisions()))]

    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert len(script.get_heads()) == 1


def test_every_constraint_and_index_follows_the_naming_convention() -> None:
    for table in METADATA.tables.values():
        names = [*(each.name for each in table.constraints), *(each.name for each in table.indexes)]
        for name in names:
            assert str(name).partition(f"_{table}")[0] in ("pk", "uq", "ck", "fk", "ix")


def test_what_may_be_null_is_what_has_a_reason_to() -> None:
    nullable = {f"{table}.{column.name}" for table in METADATA.tables.values() for column in table.c if column.nullable}

    assert nullable == {
        "users.email",
        "users.erased_at",
        "sessions.ended_at",
        "refresh_tokens.used_at",
        *(f"shops.{name}" for name in ("description", "address", "phone", "email")),
        *(f"items.{name}" for name in ("description", "category", "stock", "photo_url")),
        *(f"orders.{name}" for name in ("pickup_name", "note", "email", "idempotency_key", "body_hash")),
        *(f"orders.{name}_at" for name in ("preparing", "ready", "picked_up", "cancelled")),
        *(f"orders.{name}" for name in ("cancelled_by", "reason")),
        "order_lines.note",
        "feeds.day",
        *(f"events.{name}" for name in ("customer_id", "customer_seq", "order_id", "item_id")),
        *(f"events.{name}" for name in ("from_status", "to_status", "actor_id", "reason")),
        *(f"outbox.{name}" for name in ("recipient", "payload", "claimed_at", "leased_until", "settled_at")),
        *(f"lineage.{name}" for name in ("system_identifier", "timeline", "database_oid", "feeds_oid")),
        *(f"outbox.{name}" for name in ("retry_at", "sent_as", "error", "owner_id", "excused_at")),
        *(f"mail_rate.{name}" for name in ("probing_until", "looked_to")),
        "lineage.sessions_since",
        "late_erasures.done_at",
    }


async def test_every_foreign_key_has_an_index_that_begins_with_it(database_url: str) -> None:
    rows = await stored(
        database_url,
        """
        SELECT c.conrelid::regclass::text AS of, a.attname AS name
        FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
        """,
    )

    assert {(row["of"], row["name"]) for row in rows} == UNINDEXED


async def test_no_index_is_the_beginning_of_another(database_url: str) -> None:
    rows = await stored(
        database_url,
        """
        SELECT i.indexrelid::regclass::text AS short, j.indexrelid::regclass::text AS long
        FROM pg_index i JOIN pg_index j ON i.indrelid = j.indrelid AND i.indexrelid <> j.indexrelid
        WHERE NOT i.indisunique AND (j.indkey::text || ' ') LIKE (i.indkey::text || ' %')
          AND pg_get_expr(i.indpred, i.indrelid) IS NOT DISTINCT FROM pg_get_expr(j.indpred, j.indrelid)
          AND i.indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        """,
    )

    assert [tuple(row) for row in rows] == []


async def test_the_database_itself_refuses_what_must_never_be(api: Api, database_url: str) -> None:
    cafe = await api.shop(stock=5)
    ada = await api.register()
    await ada.order(cafe.shop, cafe.item)

    for table, wrong in (
        ("orders", "status = 'lost'"),
        ("orders", "status = 'cancelled'"),
        ("orders", "cancelled_by = 'shop'"),
        ("orders", "total_minor = -1"),
        ("items", "price_minor = -1"),
        ("items", "price_minor = 100000001"),
        ("items", "stock = -1"),
        ("items", "stock = 1000001"),
        ("items", "position = -1"),
        ("order_lines", "quantity = 0"),
        ("order_lines", "quantity = 100"),
        ("order_lines", "unit_price_minor = -1"),
        ("order_lines", "stock = 'lost'"),
        ("shops", "ordering = 'closed'"),
        ("shops", "currency = 'eur'"),
        ("users", "email = 'Ada@example.com'"),
        ("users", "role = 'admin'"),
        ("events", "kind = 'deleted'"),
        ("events", "\"by\" = 'nobody'"),
        ("users", "email = NULL"),
        ("users", "email = NULL, erased_at = now()"),
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await stored(database_url, f"UPDATE {table} SET {wrong}")  # noqa: S608 - written above
