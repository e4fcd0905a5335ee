"""Whose letter is next: shops take turns, and while Resend fails those go first that have not failed yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from orderflow import migrations, outbox
from orderflow.db import Database
from orderflow.letters import Kind, Letter
from orderflow.outbox import OUTAGE, Claim, Setback
from tests.counter import counter_of
from tests.mail_workers import came, everybody_sends, nobody_sends, settled
from tests.mail_workers import outbox as rows_of
from tests.mail_workers import ready as made_ready
from tests.people import Api, Person, Shop, good
from tests.resend_server import KEY, ResendServer
from tests.stored import connected, stored

OLD_PLACE = """
    SELECT outcome FROM shops s, items i, place_order(
        uuidv7(), s.id, s.owner_id, ARRAY[i.id], '{1}', '{NULL}', NULL, NULL, $1, NULL, NULL, NULL, 0)
"""
OLD_MOVE = """
    SELECT outcome FROM orders o, move_order(o.id, 1, 'ready', '{pending}', false, 'shop', o.customer_id, NULL)
"""
NOT_ACCEPTED = Setback("500 application_error", alone_s=0.0, pause_s=0.0)


@pytest.fixture
async def api(make_api: Any, database_url: str) -> Api:
    """The application, whose letters all stay where they are."""
    await nobody_sends(database_url)
    nowhere = {"resend_api_key": KEY, "resend_api_url": "http://127.0.0.1:9"}
    made: Api = await make_api(**nowhere, ready_email_hold_seconds=0, open_orders_per_customer=0)
    return made


class Worker:
    """What claims letters one by one, as quickly as it is asked to."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def next(self) -> Claim | None:
        return await outbox.claim(self._db, _letter, None)

    async def send(self, count: int) -> list[str]:
        """Send so many; to whom they went."""
        claims = [await self._claimed() for _ in range(count)]
        for each in claims:
            await outbox.sent(self._db, each, "x")
        return [each.letter.recipient for each in claims]

    async def fail(self, count: int) -> list[str]:
        """Have so many attempts fail, each for what may be the letter's own fault; of which letters."""
        told = []
        for _ in range(count):
            claim = await self._claimed()
            await outbox.not_sent(self._db, claim, NOT_ACCEPTED)
            told.append(claim.letter.recipient)
        return told

    async def _claimed(self) -> Claim:
        claim = await self.next()
        assert claim is not None
        return claim


def _letter(_kind: Kind, _order: dict[str, Any], recipient: str, _reply_to: str | None) -> Letter:
    return Letter("orders@example.com", recipient, None, "subject", "text", "html")


@asynccontextmanager
async def _working(database_url: str) -> AsyncIterator[Worker]:
    db = Database(database_url, announce=lambda _: None)
    try:
        yield Worker(db)
    finally:
        await db.close()


async def _told(cafe: Shop, *names: str) -> list[str]:
    """Have letters to these fall due, one after the other; their addresses."""
    addresses = [f"{name}@example.com" for name in names]
    for address in addresses:
        await cafe.owner.move(await cafe.owner.order(cafe.shop, cafe.item, email=address), "ready")
    return addresses


async def _second_shop(owner: Person) -> Shop:
    body = {"name": "Second", "currency": "EUR", "time_zone": "Europe/Berlin"}
    made = Shop(owner, good(await owner.post("/v1/shops", body), 201))
    await made.add()
    return made


async def test_a_shop_with_few_letters_does_not_wait_for_one_with_many(api: Api, database_url: str) -> None:
    bulk, cafe, bar = await api.shop("Bulk"), await api.shop("Café"), await api.shop("Bar")
    many = await _told(bulk, *(f"s{n}" for n in range(6)))
    ada, bob = await _told(cafe, "ada", "bob")
    (eve,) = await _told(bar, "eve")

    async with _working(database_url) as worker:
        assert await worker.send(9) == [many[0], ada, eve, many[1], bob, *many[2:]]
        assert await worker.next() is None


async def test_shops_of_one_owner_share_a_turn(api: Api, database_url: str) -> None:
    first, cafe = await api.shop("First"), await api.shop("Café")
    second = await _second_shop(first.owner)
    s = [*await _told(first, "s0", "s1"), *await _told(second, "s2", "s3")]
    ada, bob = await _told(cafe, "ada", "bob")

    async with _working(database_url) as worker:
        assert await worker.send(6) == [s[0], ada, s[1], bob, s[2], s[3]]


async def test_the_shop_that_was_served_longest_ago_is_next(api: Api, database_url: str) -> None:
    bulk, cafe, bar = await api.shop("Bulk"), await api.shop("Café"), await api.shop("Bar")

    async with _working(database_url) as worker:
        (old,) = await _told(cafe, "old")
        assert await worker.send(1) == [old]
        many = await _told(bulk, *(f"s{n}" for n in range(4)))
        (eve,) = await _told(bar, "eve")
        # Its letter is the youngest, but it has had none since those of others fell due.
        (ada,) = await _told(cafe, "ada")
        assert await worker.send(2) == [ada, many[0]]
        (bob,) = await _told(cafe, "bob")
        assert await worker.send(5) == [eve, bob, *many[1:]]


async def test_a_shop_whose_next_letter_is_being_moved_does_not_hold_up_the_others(api: Api, database_url: str) -> None:
    bulk, cafe = await api.shop("Bulk"), await api.shop("Café")
    many = await _told(bulk, "s0", "s1")
    (ada,) = await _told(cafe, "ada")

    async with _working(database_url) as worker, connected(database_url) as mover:
        async with mover.transaction():
            await mover.execute("SELECT FROM outbox WHERE recipient = $1 FOR UPDATE", many[0])
            assert await worker.send(1) == [ada]
            assert await worker.next() is None
        assert await worker.send(2) == many


@pytest.mark.parametrize("seen", [2, 3, 4])
async def test_all_come_in_turn_where_more_wait_than_are_looked_at_at_once(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch, seen: int
) -> None:
    monkeypatch.setattr(outbox, "OWNERS_SEEN", seen)
    shops = [await api.shop(f"Shop {number}") for number in range(4)]
    for number, shop in enumerate(shops):
        await _told(shop, *(f"{n}-of-{number}" for n in range(3)))

    async with _working(database_url) as worker:
        told = await worker.send(12)

    rounds = [told[n : n + 4] for n in range(0, 12, 4)]
    assert [{name.partition("-")[0] for name in each} for each in rounds] == [{"0"}, {"1"}, {"2"}]


async def test_while_resend_fails_what_was_not_tried_yet_or_longest_ago_shows_whether_it_is_back(
    api: Api, database_url: str
) -> None:
    cafe = await api.shop("Café")
    people = await _told(cafe, *(f"p{n}" for n in range(OUTAGE + 2)))

    async with _working(database_url) as worker:
        assert await worker.fail(OUTAGE + 2) == people
        assert await worker.fail(2) == people[:2]
        (late,) = await _told(cafe, "late")
        assert await worker.send(1) == [late]
        # It was an outage: they come in the order in which they fell due.
        assert await worker.send(OUTAGE + 2) == people


async def test_letters_that_fail_by_themselves_pass_for_an_outage_once(api: Api, database_url: str) -> None:
    cafe = await api.shop("Café")
    bad = await _told(cafe, *(f"bad{n}" for n in range(OUTAGE)))
    good_ones = await _told(cafe, "ada", "bob", "eve")
    put_off = "UPDATE outbox SET retry_at = now() + interval '1 minute' WHERE retry_at IS NOT NULL"

    async with _working(database_url) as worker:
        assert await worker.fail(OUTAGE) == bad
        await stored(database_url, put_off)
        assert await worker.send(1) == good_ones[:1]
        assert await worker.fail(1) == bad[:1]
        assert await worker.fail(1) == good_ones[1:2]
        assert await worker.fail(1) == good_ones[2:]
        await stored(database_url, put_off)
        # Those that failed for the first time are excused, the one that failed before that is not.
        assert await worker.send(1) == bad[1:2]
        assert await worker.send(3) == [bad[2], *good_ones[1:]]
        assert await worker.next() is None


async def test_letters_that_fail_do_not_keep_those_behind_them_untried(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe = await api.shop()
    people = [await api.register() for _ in range(8)]
    for who in people[:3]:
        resend.trouble(500, to=who.user["email"])
    await nobody_sends(database_url)
    for who in people:
        await made_ready(cafe, who)

    await everybody_sends(database_url)
    await came(resend, 4)
    rows = await settled(database_url, waiting=3, sent=5)

    ids = [str(row["id"]) for row in rows]
    assert resend.keys[:4] == ids[:4]
    assert [key for key in resend.keys if key in ids[3:]] == ids[3:]
    assert max(resend.keys.count(key) for key in ids[:3]) <= 4


async def test_letters_from_before_the_upgrade_have_their_turns_after_it(database_url: str) -> None:
    await stored(database_url, "DROP SCHEMA public CASCADE")
    await stored(database_url, "CREATE SCHEMA public")
    engine = create_async_engine(database_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(lambda old: command.upgrade(migrations.config(old), "0007"))
    await engine.dispose()
    async with counter_of(database_url):
        for address in ("ada@example.com", "bob@example.com", "eve@example.com"):
            await stored(database_url, OLD_PLACE, address)
        await stored(database_url, OLD_MOVE)
    await stored(database_url, "UPDATE outbox SET due_at = now()")
    withdrawn = "UPDATE outbox SET state = 'withdrawn', settled_at = now() WHERE recipient = 'eve@example.com'"
    await stored(database_url, withdrawn)

    await migrations.upgrade(database_url)
    # As a server of the version before brings one back.
    await stored(database_url, "UPDATE outbox SET state = 'waiting', settled_at = NULL WHERE state = 'withdrawn'")

    async with _working(database_url) as worker:
        assert sorted(await worker.send(3)) == ["ada@example.com", "bob@example.com", "eve@example.com"]


async def test_a_letter_that_is_put_back_is_as_good_as_new(api: Api, database_url: str, run_command: Any) -> None:
    await _told(await api.shop(), "ada")
    spent = "UPDATE outbox SET state = 'given_up', settled_at = now(), excused_at = now(), attempts = 9"
    await stored(database_url, spent)

    assert run_command("mails", "--again", "all").returncode == 0

    (row,) = await rows_of(database_url)
    assert (row["state"], row["excused_at"], row["attempts"]) == ("waiting", None, 0)
