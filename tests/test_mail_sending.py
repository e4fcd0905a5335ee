"""Sending through Resend: what arrives there, in which form, and what never does."""

import asyncio
from typing import Any

from orderflow.db import Database
from orderflow.outbox import look
from tests.counter import counter_of
from tests.mail_workers import came, ready, settled
from tests.people import Api, good
from tests.resend_server import ResendServer
from tests.stored import stored

SENT_AND_HELD = """
    INSERT INTO outbox (id, order_id, kind, recipient, state, queued_at, due_at, attempts, settled_at)
    SELECT gen_random_uuid(), o.id, 'ready', 'ada@example.com', s.state, now(), s.due_at, 0, s.settled_at
    FROM orders o, generate_series(1, 3000),
         (VALUES ('sent', now() - interval '1 day', now()), ('waiting', now() + interval '1 hour', NULL))
             AS s(state, due_at, settled_at)
"""


async def test_a_letter_is_one_request_under_the_id_of_its_row(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender(email_from="Corner Café <orders@example.com>")
    cafe = await api.shop("Corner Café", email="hello@corner.example")
    plain = await api.shop("Plain")
    ada = await api.register("Ada")

    order = await ready(cafe, ada)
    await came(resend, 1)
    await cafe.owner.move(order, "picked_up")
    await came(resend, 2)
    await ready(plain, ada)
    rows = await settled(database_url, sent=3)

    assert [str(row["id"]) for row in rows] == resend.keys
    assert [row["sent_as"] for row in rows] == [resend.ids[key] for key in resend.keys]
    assert [(row["kind"], row["attempts"], row["error"]) for row in rows] == [
        ("ready", 1, None),
        ("picked_up", 1, None),
        ("ready", 1, None),
    ]
    first, second, third = resend.letters
    for letter in (first, second, third):
        assert letter["from"] == "Corner Café <orders@example.com>"
        assert letter["to"] == [ada.user["email"]]
        assert all(letter[part] for part in ("subject", "text", "html"))
    assert f"/orders/{order['id']}" in first["text"]
    assert "Corner Café" in first["subject"]
    assert first["subject"] != second["subject"]
    assert (first["reply_to"], "reply_to" in third) == ("hello@corner.example", False)


async def test_an_order_recalled_within_the_hold_is_not_written_about(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender(ready_email_hold_seconds=1)
    cafe, ada = await api.shop(), await api.register()
    recalled, toggled = await ready(cafe, ada), await ada.order(cafe.shop, cafe.item)

    await cafe.owner.move(recalled, "pending")
    for status in (*["ready", "pending"] * 4, "ready"):
        await cafe.owner.move(toggled, status)
    rows = await settled(database_url, withdrawn=5, sent=1)

    assert resend.keys == [str(rows[-1]["id"])]
    assert rows[-1]["settled_at"] - rows[-1]["queued_at"] >= rows[-1]["due_at"] - rows[-1]["queued_at"]
    assert [row["attempts"] for row in rows] == [0, 0, 0, 0, 0, 1]


async def test_a_letter_that_was_accepted_while_it_was_withdrawn_counts_as_sent(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    loop = asyncio.get_running_loop()

    async def take_back() -> None:
        await cafe.owner.move(order, "pending")

    def withdraw(_key: str) -> bool:
        asyncio.run_coroutine_threadsafe(take_back(), loop).result(10)
        return False

    order = await ada.order(cafe.shop, cafe.item)
    resend.after_accepting = withdraw
    await cafe.owner.move(order, "ready")
    rows = await settled(database_url, sent=1)

    assert rows[0]["sent_as"] == resend.ids[str(rows[0]["id"])]
    assert good(await ada.get(f"/v1/orders/{order['id']}"))["status"] == "pending"


async def test_what_people_wrote_does_no_harm_in_a_letter(
    make_sender: Any, resend: ResendServer, database_url: str
) -> None:
    api: Api = await make_sender()
    cafe = await api.shop("<script>alert('shop')</script>", email="hello@corner.example")
    await cafe.add("<img src=x onerror=alert(1)>")
    mallory = await api.register("</pre><b>Mallory")
    order = await mallory.order(
        cafe.shop, cafe.items[-1], note="<a href='http://evil.example'>now</a>", pickup_name="<i>"
    )
    # The API lets no line break into a name: here one has come in on another way.
    broken = "UPDATE orders SET shop_name = shop_name || E'\\r\\nBcc: eve@example.com', customer_name = E'a\\r\\nX: y'"
    await stored(database_url, broken)

    await cafe.owner.move(order, "ready")
    await settled(database_url, sent=1)

    (letter,) = resend.letters
    assert set(letter) == {"from", "to", "subject", "text", "html", "reply_to"}
    assert letter["to"] == [mallory.user["email"]]
    assert "\n" not in letter["subject"]
    assert "\r" not in letter["subject"]
    for raw in ("<script>", "<img src=x", "<b>Mallory", "<a href='http://evil"):
        assert raw not in letter["html"]


async def test_a_look_into_a_long_outbox_reads_no_more_than_what_is_due(database_url: str) -> None:
    async with counter_of(database_url) as counter:
        await counter.place(1)
    await stored(database_url, SENT_AND_HELD)
    await stored(database_url, "ANALYZE outbox")
    before = await _read(database_url)

    db = Database(database_url, announce=lambda _: None)
    sights = [await look(db) for _ in range(5)]
    await db.close()

    assert not any(sight.is_due or sight.is_late for sight in sights)
    async with asyncio.timeout(20):
        # What a connection has read is counted once it has ended.
        while (read := await _read(database_url))["scans"] < before["scans"] + 10:
            pass
    assert read["rows"] == before["rows"]


async def _read(database_url: str) -> Any:
    counted = """
        SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS scans, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows
        FROM pg_stat_user_tables WHERE relname = 'outbox'
    """
    return (await stored(database_url, counted))[0]
