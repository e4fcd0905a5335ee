"""What happens to letters when Resend does not do it, does it unseen, asks for time, or will never do it."""

from typing import Any

import pytest

from orderflow import delivery
from orderflow.settings import Settings
from tests.live import running
from tests.mail_workers import came, everybody_sends, failures, nobody_sends, outbox, ready, settled
from tests.people import Api, good
from tests.resend_server import KEY, ResendServer
from tests.stored import away, stored

MOVED_BACK = """
    UPDATE outbox SET due_at = due_at - make_interval(mins => $1), queued_at = queued_at - make_interval(mins => $1),
        claimed_at = claimed_at - make_interval(mins => $1), retry_at = retry_at - make_interval(mins => $1)
"""


async def test_a_letter_that_failed_is_not_tried_again_once_it_is_withdrawn(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    resend.trouble(500, to=ada.user["email"])
    order = await ready(cafe, ada)
    await came(resend, 1)

    await cafe.owner.move(order, "pending")
    resend.well()
    await everybody_sends(database_url)
    await ready(cafe, bob)
    await settled(database_url, withdrawn=1, sent=1)

    assert [each.body["to"] for each in resend.received] == [[ada.user["email"]], [bob.user["email"]]]


@pytest.mark.parametrize(
    "trouble", [{"status": 200}, {"status": 307}, {"status": 500}, {"status": 503}, {"status": 0}, {"accepts": True}]
)
async def test_what_resend_does_not_do_is_tried_again_in_the_same_words(
    make_sender: Any, resend: ResendServer, database_url: str, trouble: dict[str, Any]
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    resend.trouble(**trouble, times=1)

    await ready(cafe, ada)
    await came(resend, 1)
    # Its words are fixed: what changes at the shop meanwhile is for the next letter.
    good(await cafe.owner.patch(cafe.path, {"email": "new@corner.example"}))
    (row,) = await settled(database_url, sent=1)

    assert resend.keys == [str(row["id"])] * 2
    assert resend.received[0].body == resend.received[1].body == resend.letters[0]
    assert (row["attempts"], row["error"], row["payload"]) == (2, None, None)
    assert 0.4 < resend.received[1].at - resend.received[0].at < 5


async def test_a_resend_that_hangs_is_left_after_a_while_and_holds_up_nobody_else(
    make_sender: Any, resend: ResendServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 3.0)
    api: Api = await make_sender()
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    resend.trouble(hangs=True, accepts=True, times=1, to=ada.user["email"])

    await ready(cafe, ada)
    await came(resend, 1)
    await ready(cafe, bob)
    first, second = await settled(database_url, sent=2)

    assert resend.keys == [str(first["id"]), str(second["id"]), str(first["id"])]
    assert (first["attempts"], second["attempts"]) == (2, 1)
    assert resend.received[1].at - resend.received[0].at < 3 < resend.received[2].at - resend.received[0].at


async def test_when_resend_asks_for_time_everybody_waits_for_so_long(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    resend.trouble(429, "rate_limit_exceeded", headers={"Retry-After": "2"}, times=1)
    await nobody_sends(database_url)
    for _ in range(3):
        await ready(cafe, ada)

    await everybody_sends(database_url)
    rows = await settled(database_url, sent=3)

    ids = [str(row["id"]) for row in rows]
    assert resend.keys == [ids[0], *ids]
    assert resend.received[1].at - resend.received[0].at >= 2
    assert [row["attempts"] for row in rows] == [2, 1, 1]


async def test_what_is_wrong_with_a_letter_itself_is_given_up_and_kept(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    wrong = f"Invalid `to`: {ada.user['email']}"
    resend.trouble(422, "validation_error", message=wrong, to=ada.user["email"])

    await ready(cafe, ada)
    await ready(cafe, bob)
    first, second = await settled(database_url, given_up=1, sent=1)

    assert resend.keys == [str(first["id"]), str(second["id"])]
    assert first["error"] == "422 validation_error: Invalid `to`: …"
    assert first["recipient"] == ada.user["email"]


async def test_a_wrong_key_gives_up_nothing_and_keeps_the_order(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    resend.trouble(403, "invalid_api_key")
    await nobody_sends(database_url)
    for _ in range(2):
        await ready(cafe, ada)

    await everybody_sends(database_url)
    await failures(database_url, 1)
    assert [(row["state"], row["payload"]) for row in await outbox(database_url)] == [("waiting", None)] * 2
    resend.well()
    await everybody_sends(database_url)
    first, second = await settled(database_url, sent=2)

    assert resend.keys == [str(first["id"]), str(first["id"]), str(second["id"])]


async def test_a_sender_that_is_put_right_is_the_sender_of_what_waits(
    settings: Settings, make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    resend.trouble(403, "validation_error", message="The domain is not verified.")
    wrong = {"email_from": "orders@example.com", "resend_api_key": KEY, "resend_api_url": resend.url}
    async with running(settings, **wrong, ready_email_hold_seconds=0) as server:
        await ready(await server.shop(), await server.register())
        await came(resend, 1)

    resend.well()
    await make_sender(email_from="Corner Café <orders@example.com>")
    await everybody_sends(database_url)
    (row,) = await settled(database_url, sent=1)

    assert resend.keys == [str(row["id"])] * 2
    assert [each.body["from"] for each in resend.received] == ["orders@example.com", "Corner Café <orders@example.com>"]


async def test_a_key_that_is_under_way_elsewhere_is_asked_again_and_one_used_otherwise_is_not(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    resend.trouble(409, "concurrent_idempotent_requests", to=ada.user["email"], times=1)
    resend.trouble(409, "invalid_idempotent_request", to=bob.user["email"])

    await ready(cafe, ada)
    await ready(cafe, bob)
    first, second = await settled(database_url, sent=1, given_up=1)

    assert resend.keys == [str(first["id"]), str(second["id"]), str(first["id"])]
    assert resend.received[0].body == resend.received[2].body
    assert second["error"].startswith("409 invalid_idempotent_request")
    assert second["payload"] is not None


async def test_a_letter_that_fails_alone_does_not_hold_up_the_others(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    others = [await api.register() for _ in range(3)]
    resend.trouble(500, to=ada.user["email"])

    for who in (ada, *others):
        await ready(cafe, who)
    rows = await settled(database_url, waiting=1, sent=3)

    assert rows[0]["state"] == "waiting"
    assert rows[0]["error"] == "500 application_error: told to fail"


async def test_what_cannot_be_read_does_not_hold_up_the_others(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender(ready_email_hold_seconds=3_600)
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    await ready(cafe, ada)
    broken = "UPDATE outbox SET due_at = now(), attempts = 1, claimed_at = now(), payload = '{}'"
    await stored(database_url, broken)
    await ready(cafe, bob)
    await stored(database_url, "UPDATE outbox SET due_at = now() WHERE payload IS NULL")

    first, second = await settled(database_url, waiting=1, sent=1)

    assert resend.keys == [str(second["id"])]
    assert "cannot be made" in first["error"]


async def test_after_an_outage_all_is_sent_in_the_order_in_which_it_fell_due(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe = await api.shop()
    people = [await api.register() for _ in range(6)]
    placed = [await who.order(cafe.shop, cafe.item) for who in people * 2]

    with resend.away():
        for order in placed:
            await cafe.owner.move(order, "ready")
        await failures(database_url, 3)
        await stored(database_url, MOVED_BACK, 30)
    await everybody_sends(database_url)
    rows = await settled(database_url, sent=len(placed))

    assert resend.keys == [str(row["id"]) for row in sorted(rows, key=lambda row: row["due_at"])]
    assert [str(row["order_id"]) for row in rows] == [order["id"] for order in placed]


async def test_what_failed_in_an_outage_does_not_wait_for_long_after_it(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    resend.trouble(500)
    await nobody_sends(database_url)
    for _ in range(3):
        await ready(cafe, ada)
    await everybody_sends(database_url)
    await failures(database_url, 3)

    *first, last = [row["id"] for row in await outbox(database_url)]
    later = "UPDATE outbox SET retry_at = CASE WHEN id <> $1 THEN now() + interval '5 minutes' END"
    await stored(database_url, later, last)
    resend.well()
    await settled(database_url, sent=3)

    assert list(resend.accepted) == [str(row) for row in (last, *first)]


async def test_after_twenty_hours_a_letter_is_given_up_and_says_why(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada, bob = await api.shop(), await api.register(), await api.register("Bob")
    resend.trouble(500)
    await ready(cafe, ada)
    await came(resend, 1)
    await stored(database_url, MOVED_BACK, 19 * 60 + 58)
    await everybody_sends(database_url)
    await came(resend, 2)

    await stored(database_url, MOVED_BACK, 3)
    (row,) = await settled(database_url, given_up=1)
    resend.well()
    await ready(cafe, bob)
    await settled(database_url, given_up=1, sent=1)

    assert row["error"] == "not sent within 20 h; at last: 500 application_error: told to fail"
    assert len(resend.received) == 3


async def test_while_the_database_is_away_nothing_is_lost(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender(ready_email_hold_seconds=1)
    cafe, ada = await api.shop(), await api.register()
    await ready(cafe, ada)

    async with away(database_url):
        assert (await api.get("/readyz")).status_code == 503
    await settled(database_url, sent=1)

    assert len(resend.keys) == 1
