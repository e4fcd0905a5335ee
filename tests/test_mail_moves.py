"""Which e-mails follow from moving an order, to whom, and which are withdrawn: all in the transaction of the move."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from orderflow import orders
from tests.erasing import EMPTIED
from tests.mail_workers import nobody_sends, outbox
from tests.people import Api, Person, Shop, good
from tests.resend_server import KEY
from tests.stored import connected, stored

WAYS: dict[str, list[str]] = {
    "preparing": [],
    "cancelled": [],
    "ready": ["ready waiting"],
    "ready ready": ["ready waiting"],
    "ready pending": ["ready withdrawn"],
    "ready pending ready": ["ready withdrawn", "ready waiting"],
    "preparing ready preparing": ["ready withdrawn"],
    "preparing ready preparing ready": ["ready withdrawn", "ready waiting"],
    "preparing ready preparing cancelled preparing": ["ready withdrawn"],
    "ready cancelled": ["ready withdrawn"],
    "ready cancelled ready": ["ready waiting"],
    "ready cancelled ready pending": ["ready withdrawn"],
    "ready picked_up": ["ready withdrawn", "picked_up waiting"],
    "ready picked_up ready": ["picked_up withdrawn", "ready waiting"],
    "ready picked_up ready pending": ["picked_up withdrawn", "ready withdrawn"],
    "ready picked_up ready pending ready": ["picked_up withdrawn", "ready withdrawn", "ready waiting"],
    "ready picked_up ready picked_up": ["ready withdrawn", "picked_up waiting"],
    "ready picked_up ready picked_up ready": ["picked_up withdrawn", "ready waiting"],
    "ready picked_up ready cancelled": ["picked_up withdrawn", "ready withdrawn"],
    "ready pending ready picked_up ready": ["ready withdrawn", "picked_up withdrawn", "ready waiting"],
}
OLD_CALL = "SELECT outcome FROM move_order($1, $2, $3, $4, $5, $6, $7, $8)"


@pytest.fixture
async def api(make_api: Any, database_url: str) -> Api:
    """The application, whose letters all stay where they are."""
    await nobody_sends(database_url)
    nowhere = {"resend_api_key": KEY, "resend_api_url": "http://127.0.0.1:9"}
    made: Api = await make_api(**nowhere, ready_email_hold_seconds=10, open_orders_per_customer=0)
    return made


async def _moved(who: Person, cafe: Shop, *statuses: str) -> dict[str, Any]:
    order = await who.order(cafe.shop, cafe.item)
    for status in statuses:
        order = await cafe.owner.move(order, status, **({"reason": "no milk"} if status == "cancelled" else {}))
    return order


async def test_a_ready_order_has_a_letter_to_its_customer_that_is_held_back(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()

    order = await _moved(ada, cafe, "preparing", "ready")

    (row,) = await outbox(database_url)
    assert (str(row["order_id"]), row["kind"], row["state"]) == (order["id"], "ready", "waiting")
    assert row["recipient"] == ada.user["email"]
    assert row["due_at"] - row["queued_at"] == timedelta(seconds=10)
    assert abs((row["queued_at"] - datetime.fromisoformat(order["ready_at"])).total_seconds()) < 1
    assert (row["attempts"], row["payload"], row["id"].version) == (0, None, 7)
    assert abs((row["id"].int >> 80) - int(row["queued_at"].timestamp() * 1000)) < 10_000


async def test_letters_follow_a_status_and_are_withdrawn_when_it_is_left(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()

    for way, letters in WAYS.items():
        order = await _moved(ada, cafe, *way.split())
        rows = [row for row in await outbox(database_url) if str(row["order_id"]) == order["id"]]
        assert [f"{row['kind']} {row['state']}" for row in rows] == letters, way
        assert all((row["state"] == "waiting") == (row["settled_at"] is None) for row in rows)


async def test_ready_five_times_is_five_letters_of_which_the_last_is_wanted(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()

    await _moved(ada, cafe, *["ready", "pending"] * 4, "ready")

    rows = await outbox(database_url)
    assert [(row["kind"], row["state"]) for row in rows] == [("ready", "withdrawn")] * 4 + [("ready", "waiting")]
    assert len({row["id"] for row in rows}) == 5


async def test_picked_up_three_times_is_one_letter(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()

    order = await _moved(ada, cafe, "ready", "picked_up")
    (first,) = [row for row in await outbox(database_url) if row["kind"] == "picked_up"]
    for status in ("ready", "picked_up") * 2:
        await cafe.owner.move(order, status)

    (last,) = [row for row in await outbox(database_url) if row["kind"] == "picked_up"]
    assert (last["id"], last["state"]) == (first["id"], "waiting")
    assert last["due_at"] > first["due_at"]


async def test_staff_order_for_somebody_and_the_letter_goes_there_or_nowhere(api: Api, database_url: str) -> None:
    cafe = await api.shop()

    for email in ("bob@example.com", None):
        order = await cafe.owner.order(cafe.shop, cafe.item, email=email)
        await cafe.owner.move(order, "ready")
        await cafe.owner.move(order, "picked_up")

    rows = await outbox(database_url)
    assert {(row["kind"], row["recipient"]) for row in rows} == {
        ("ready", "bob@example.com"),
        ("picked_up", "bob@example.com"),
    }
    assert len(rows) == 2


async def test_a_customer_who_was_staff_when_ordering_gets_no_letter(api: Api, database_url: str) -> None:
    cafe, bob = await api.shop(), await api.register("Bob")
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": bob.user["email"]}), 201)
    order = await bob.order(cafe.shop, cafe.item)
    good(await cafe.owner.delete(f"{cafe.path}/staff/{bob.user['id']}"), 204)

    await cafe.owner.move(order, "ready")

    assert await outbox(database_url) == []


async def test_nobody_is_written_to_whose_account_was_erased(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    await stored(database_url, f"UPDATE users SET {EMPTIED} WHERE id = $1", ada.user["id"])  # noqa: S608

    await cafe.owner.move(order, "ready")

    assert await outbox(database_url) == []


async def test_what_the_system_closes_is_closed_in_silence(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    for way in ("", "preparing", "ready"):
        await _moved(ada, cafe, *way.split())

    later = datetime.now(UTC) + timedelta(hours=49)
    assert await orders.close_abandoned(api.state["db"], later) == 3

    assert [(row["kind"], row["state"]) for row in await outbox(database_url)] == [("ready", "withdrawn")]


async def test_of_many_taps_at_once_one_queues_a_letter(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await ada.order(cafe.shop, cafe.item)

    await asyncio.gather(*(cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": "ready"}) for _ in range(8)))

    assert [row["state"] for row in await outbox(database_url)] == ["waiting"]


async def test_a_ready_order_that_was_picked_up_by_mistake_has_its_letter_again(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "ready")
    (first,) = await outbox(database_url)

    await cafe.owner.move(order, "picked_up")
    await cafe.owner.move(order, "ready")

    _, last = await outbox(database_url)
    assert (last["id"], last["kind"], last["state"]) == (first["id"], "ready", "waiting")
    assert last["due_at"] - last["queued_at"] == timedelta(seconds=10)
    assert last["queued_at"] > first["queued_at"]


async def test_a_letter_that_may_have_been_accepted_comes_back_with_a_recall_in_the_same_words(
    api: Api, database_url: str
) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "ready")
    await stored(
        database_url,
        """UPDATE outbox SET attempts = 1, payload = '{"subject": "as it was"}', claimed_at = now() - interval '1 hour',
           leased_until = now() + interval '1 minute'""",
    )
    (before,) = await outbox(database_url)

    await cafe.owner.move(order, "picked_up")
    await cafe.owner.move(order, "ready")

    _, after = await outbox(database_url)
    assert after["state"] == "waiting"
    assert [after[name] for name in ("id", "payload", "claimed_at")] == [
        before[name] for name in ("id", "payload", "claimed_at")
    ]


async def test_nobody_is_told_eleven_times_that_one_order_is_ready(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "preparing")

    for _ in range(12):
        order = await cafe.owner.move(order, "ready")
        await stored(
            database_url, "UPDATE outbox SET state = 'sent', settled_at = now() WHERE state = 'waiting' RETURNING 1"
        )
        order = await cafe.owner.move(order, "preparing")

    assert len(await outbox(database_url)) == 10


@pytest.mark.parametrize(
    "told",
    [
        "state = 'sent', settled_at = now()",
        # Resend may have forgotten its key.
        "state = 'withdrawn', settled_at = now(), attempts = 1, payload = '{}', claimed_at = now() - '21 h'::interval",
        "state = 'given_up', settled_at = now(), attempts = 1",
        "state = 'withdrawn', settled_at = now(), recipient = NULL",
    ],
)
async def test_a_recall_queues_no_letter_where_one_may_have_told_already_or_must_not_tell(
    api: Api, database_url: str, told: str
) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "ready")
    await stored(database_url, f"UPDATE outbox SET {told}")  # noqa: S608 - written above
    (before,) = await outbox(database_url)

    await cafe.owner.move(order, "picked_up")
    await cafe.owner.move(order, "ready")

    assert [row for row in await outbox(database_url) if row["kind"] == "ready"] == [before]


async def test_a_letter_that_was_sent_is_never_queued_again(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "ready", "picked_up")
    await stored(database_url, "UPDATE outbox SET state = 'sent', settled_at = now() WHERE kind = 'picked_up'")

    await cafe.owner.move(order, "ready")
    await cafe.owner.move(order, "picked_up")

    assert [row["state"] for row in await outbox(database_url) if row["kind"] == "picked_up"] == ["sent"]


@pytest.mark.parametrize(("age", "state"), [("19 hours", "waiting"), ("21 hours", "withdrawn")])
async def test_a_letter_that_may_have_arrived_comes_back_only_while_its_key_is_known(
    api: Api, database_url: str, age: str, state: str
) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await _moved(ada, cafe, "ready", "picked_up")
    tried = "UPDATE outbox SET attempts = 1, payload = '{}', claimed_at = now() - $1::text::interval WHERE kind = $2"
    await stored(database_url, tried, age, "picked_up")

    await cafe.owner.move(order, "ready")
    await cafe.owner.move(order, "picked_up")

    (row,) = [row for row in await outbox(database_url) if row["kind"] == "picked_up"]
    assert (row["state"], row["payload"]) == (state, "{}")


async def test_a_server_of_the_version_before_goes_on_to_move_orders(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    values = (order["id"], 1, "ready", ["pending"], False, "shop", cafe.owner.user["id"], None)

    async with connected(database_url) as connection:
        assert await connection.fetchval(OLD_CALL, *values) == "moved"

    (row,) = await outbox(database_url)
    assert row["due_at"] - row["queued_at"] == timedelta(seconds=10)


async def test_the_database_itself_refuses_letters_that_must_never_be(api: Api, database_url: str) -> None:
    cafe, ada = await api.shop(), await api.register()
    await _moved(ada, cafe, "ready", "picked_up")

    for wrong in ("kind = 'placed'", "state = 'lost'", "state = 'sent', settled_at = NULL"):
        with pytest.raises(asyncpg.CheckViolationError):
            await stored(database_url, f"UPDATE outbox SET {wrong}")  # noqa: S608 - written above
    with pytest.raises(asyncpg.UniqueViolationError):
        await stored(database_url, "UPDATE outbox SET kind = 'picked_up'")
    with pytest.raises(asyncpg.CheckViolationError):
        await stored(database_url, "INSERT INTO mail_rate VALUES (false, now(), 0, NULL)")
