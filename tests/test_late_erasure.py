"""An order that staff placed for somebody who is erased meanwhile: the counter finishes it, and then its words go."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderflow import orders
from orderflow.schemas import Order
from orderflow.settings import Settings
from tests.erasing import (
    ADDRESS,
    CALLED,
    KEY,
    LINE_NOTE,
    NAME,
    NOTE,
    REASON,
    WORDS,
    Act,
    erase,
    everything,
    found,
    in_turn,
    lovelace,
    mail,
    wordy_order,
)
from tests.live import Live, running
from tests.people import Api, Person, Shop, good
from tests.stored import stored

# The key is of who placed it, and says nothing of whom it is for.
OF_STAFF = {("orders", KEY)}
SHOWN = {CALLED, NOTE, LINE_NOTE}


@pytest.fixture
async def cafe(api: Api) -> Shop:
    return await api.shop()


@pytest.fixture
async def ada(api: Api) -> Person:
    return await lovelace(api)


@pytest.fixture
async def order(database_url: str, ada: Person, cafe: Shop) -> dict[str, Any]:
    """What staff ordered for Ada, whose account has been erased since."""
    made = await wordy_order(cafe.owner, cafe, email=ADDRESS)
    await mail(database_url, made, "ready", "waiting")
    good(await erase(ada), 204)
    return made


def _words(told: Any) -> set[str]:
    return {word for word in WORDS if word in str(told)}


async def test_the_counter_sees_until_the_end_what_it_makes_and_whom_it_calls(
    database_url: str, cafe: Shop, order: dict[str, Any]
) -> None:
    assert good(await cafe.owner.get(f"/v1/orders/{order['id']}")) == order
    assert found(await everything(database_url), frozenset({NAME, ADDRESS})) == set()
    assert {row["state"] for row in await stored(database_url, "SELECT state FROM outbox")} == {"withdrawn"}

    for status in ("preparing", "ready", "preparing"):
        assert _words(await cafe.owner.move(order, status)) == SHOWN


@pytest.mark.parametrize(
    "moves",
    [
        [("ready", None), ("picked_up", None)],
        # By who placed it, as its customer.
        [("cancelled", None)],
        [("preparing", None), ("cancelled", "out of beans")],
    ],
)
async def test_the_move_that_finishes_it_takes_the_words_out_and_tells_none(
    database_url: str, cafe: Shop, order: dict[str, Any], moves: list[tuple[str, str | None]]
) -> None:
    for status, reason in moves:
        finished = await cafe.owner.move(order, status, **({"reason": reason} if reason else {}))

    Order.model_validate(finished)
    assert _words(finished) == set()
    # What the shop wrote itself stays.
    assert finished["reason"] == moves[-1][1]
    assert found(await everything(database_url)) == OF_STAFF
    assert _words(good(await cafe.owner.get(f"{cafe.path}/events"))) == set()
    assert await stored(database_url, "SELECT FROM orders WHERE body_hash IS NOT NULL") == []


async def test_the_system_that_closes_it_takes_the_words_out_too(
    api: Api, database_url: str, order: dict[str, Any]
) -> None:
    assert await orders.close_abandoned(api.state["db"], datetime.now(UTC) + timedelta(days=3)) == 1

    (row,) = await stored(database_url, "SELECT status, pickup_name FROM orders WHERE id = $1", order["id"])
    assert tuple(row) == ("cancelled", None)
    assert found(await everything(database_url)) == OF_STAFF


async def test_a_reason_of_its_customer_goes_with_the_rest(
    api: Api, database_url: str, ada: Person, cafe: Shop
) -> None:
    bob = await api.register("Bob")
    good(await cafe.owner.post(f"{cafe.path}/staff", {"email": bob.user["email"]}), 201)
    made = await wordy_order(bob, cafe, email=ADDRESS)
    # From now on only the customer of what he placed.
    good(await cafe.owner.delete(f"{cafe.path}/staff/{bob.user['id']}"), 204)
    good(await erase(ada), 204)

    cancelled = await bob.move(made, "cancelled", reason=REASON)

    assert (cancelled["cancelled_by"], cancelled["reason"]) == ("customer", None)
    assert found(await everything(database_url)) == OF_STAFF


async def test_a_recall_brings_it_back_without_the_words(database_url: str, cafe: Shop, order: dict[str, Any]) -> None:
    for status in ("ready", "picked_up"):
        await cafe.owner.move(order, status)

    recalled = await cafe.owner.move(order, "ready")

    blank = {"pickup_name": None, "note": None, "lines": [{**line, "note": None} for line in order["lines"]]}
    kept = ("id", "number", "customer", "lines", "total_minor", "pickup_name", "note")
    assert {name: recalled[name] for name in kept} == {name: {**order, **blank}[name] for name in kept}
    assert (await cafe.owner.move(order, "picked_up"))["status"] == "picked_up"
    assert found(await everything(database_url)) == OF_STAFF


def _row(order: dict[str, Any]) -> str:
    return f"SELECT FROM orders WHERE id = '{order['id']}' FOR NO KEY UPDATE"


def _finish(cafe: Shop, order: dict[str, Any]) -> Act:
    return lambda: cafe.owner.patch(f"/v1/orders/{order['id']}", {"status": "cancelled", "reason": "out of beans"})


@pytest.mark.parametrize("is_erased_first", [True, False])
async def test_the_words_go_whichever_of_the_two_comes_first_by_a_moment(
    database_url: str, ada: Person, cafe: Shop, is_erased_first: bool
) -> None:
    made = await wordy_order(cafe.owner, cafe, email=ADDRESS)
    acts: list[Act] = [lambda: erase(ada), _finish(cafe, made)]

    answers = await in_turn(database_url, _row(made), *(acts if is_erased_first else acts[::-1]))

    assert sorted(answer.status_code for answer in answers) == [200, 204]
    assert found(await everything(database_url)) == OF_STAFF


async def test_what_staff_order_for_others_keeps_its_words(database_url: str, ada: Person, cafe: Shop) -> None:
    other = await wordy_order(cafe.owner, cafe, email="bob@example.com")
    good(await erase(ada), 204)

    for status in ("ready", "picked_up"):
        other = await cafe.owner.move(other, status)

    assert _words(other) == SHOWN
    assert ("orders", CALLED) in found(await everything(database_url))


async def test_boards_that_come_back_to_any_process_are_told_no_word_of_it_once_it_is_finished(
    settings: Settings,
) -> None:
    assert settings.database_url is not None
    async with running(settings) as live, running(settings, public_url=live.url, beat_seconds=0.3) as other:
        cafe, ada = await live.shop(), await live.register(NAME, email=ADDRESS)
        paths = (f"/ws/shops/{cafe.shop['id']}", "/ws/customers/me")
        kept = [await other.socket(path, cafe.owner) for path in paths]
        firsts = [await socket.frame() for socket in kept]
        order = await wordy_order(cafe.owner, cafe, email=ADDRESS)
        good(await erase(ada), 204)
        await cafe.owner.move(order, "ready")
        # As if the account had been erased long ago: nobody looks for that any more.
        await stored(settings.database_url, "UPDATE users SET erased_at = erased_at - interval '1 hour'")
        for socket in kept:
            assert _words(await socket.until(lambda event: event["to"] == "ready")) == SHOWN

        await cafe.owner.move(order, "picked_up")

        for socket in kept:
            assert _words(await socket.event()) == set()
        for path, first in zip(paths, firsts, strict=True):
            async with asyncio.timeout(5):
                while _words(await _replayed(other, path, cafe, first)):
                    pass
        for socket in kept:
            assert (await socket.beat())["seq"] == socket.position


async def _replayed(place: Live, path: str, cafe: Shop, first: dict[str, Any]) -> str:
    """All that a board is told which comes back to where the feed was."""
    query = f"?after={first['seq']}&epoch={first['epoch']}"
    async with await place.socket(path + query, cafe.owner) as again:
        return str(await again.until(lambda event: event.get("to") == "picked_up"))
