"""`orderflow work` in processes of its own: several at once, killed, and told to end while Resend hangs."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2

from orderflow import mails
from orderflow.db import Database
from tests import mail_faults
from tests.counter import counter_of
from tests.mail_workers import came, everybody_sends, nobody_sends, outbox, ready, settled, working
from tests.people import People
from tests.resend_server import ResendServer
from tests.servers import Server
from tests.stored import stored

RATE = 10
LETTERS = 24
# A request may be on its way for less long than the one before it, on a busy machine.
JITTER_S = 0.2


async def test_letters_are_neither_lost_nor_sent_twice_where_the_worker_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    found = await mail_faults.run(database_url, tmp_path, 12, 2, waits=False)

    assert (found.letters, found.kills) == (24, 2)
    assert found.repeated >= 2
    assert found.unwanted >= 1


async def test_three_workers_at_once_keep_one_rate(database_url: str, tmp_path: Path, resend: ResendServer) -> None:
    await nobody_sends(database_url)
    async with counter_of(database_url) as counter:
        await counter.place(LETTERS)
        await counter.make_ready()
    settings = {"DATABASE_URL": database_url, "EMAIL_RATE_PER_SECOND": str(RATE), **resend.settings}

    with ExitStack() as stack:
        workers = [stack.enter_context(working(tmp_path / str(number), **settings)) for number in range(3)]
        await everybody_sends(database_url)
        await settled(database_url, sent=LETTERS)

    came_at = [each.at for each in resend.received]
    assert len(came_at) == len(resend.accepted) == LETTERS
    for later in range(LETTERS):
        for earlier in range(later):
            assert came_at[later] - came_at[earlier] >= (later - earlier) / RATE - JITTER_S
    assert sum("e-mail accepted" in worker.log() for worker in workers) >= 2


async def test_a_worker_that_is_told_to_end_does_so_in_time_and_lets_go_of_its_letter(
    database_url: str, tmp_path: Path, resend: ResendServer
) -> None:
    settings = {"DATABASE_URL": database_url, **resend.settings}
    resend.trouble(accepts=True, hangs=True, times=1)
    async with counter_of(database_url) as counter:
        await counter.place(1)
        await counter.make_ready()

    with working(tmp_path, **settings) as worker:
        await came(resend, 1)
        began = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - began < 5
    (row,) = await outbox(database_url)
    assert (row["state"], row["leased_until"]) == ("waiting", None)
    with working(tmp_path, **settings) as worker:
        await settled(database_url, sent=1)

    assert resend.received[0].body == resend.received[1].body
    assert resend.keys == [str(row["id"])] * 2
    assert f"e-mails go through {resend.url}" in worker.log()
    assert "person0@example.com" not in worker.log()


async def test_a_server_sends_by_itself_and_ends_in_time_while_resend_hangs(
    make_server: Callable[..., Server], resend: ResendServer
) -> None:
    resend.trouble(hangs=True)
    server = make_server(READY_EMAIL_HOLD_SECONDS="0", **resend.settings)
    async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:
        people = People(client)
        cafe, ada = await people.shop(), await people.register()
        await cafe.owner.move(await ada.order(cafe.shop, cafe.item), "ready")
        await came(resend, 1)

    began = time.monotonic()
    assert server.stop() == 0

    assert time.monotonic() - began < 10
    assert "Traceback" not in server.log()


async def test_mails_shows_what_waits_and_what_was_given_up_and_puts_that_back(
    database_url: str, tmp_path: Path, run_command: Any, resend: ResendServer
) -> None:
    async with counter_of(database_url) as counter:
        await counter.place(4)
        await counter.make_ready()
    waiting, failed, refused, late = [str(row["id"]) for row in await outbox(database_url)]
    for mail, change in (
        (failed, "attempts = 3, error = '500 application_error: x'"),
        (refused, "state = 'given_up', settled_at = now(), attempts = 1, error = '422 validation_error: x'"),
        (
            late,
            "state = 'given_up', settled_at = now(), attempts = 9, error = 'not sent within 20 h', "
            "due_at = now() - interval '30 hours', claimed_at = now() - interval '30 hours', payload = '{}'",
        ),
    ):
        await stored(database_url, f"UPDATE outbox SET {change} WHERE id = $1", mail)  # noqa: S608 - written above

    shown = run_command("mails")
    mistaken = run_command("mails", "--again", waiting)
    again = run_command("mails", "--again", "all")
    with working(tmp_path, DATABASE_URL=database_url, **resend.settings):
        await settled(database_url, sent=4)

    lines = shown.stdout.splitlines()
    assert lines[0] == "waiting 2 (1 after a failure); of the last 90 days: sent 0, withdrawn 0, given up 2"
    assert lines[2].split()[:3] == ["id", "order", "e-mail"]
    assert [line.split()[0] for line in lines[3:]] == [late, waiting, failed, refused]
    assert "p…@example.com" in lines[3]
    assert "person" not in shown.stdout
    assert lines[5].endswith("3         500 application_error: x")
    assert (mistaken.returncode, mistaken.stderr) == (1, f"orderflow: not given up: {waiting}\n")
    assert again.stdout.splitlines() == [
        "put back: 2",
        "1 of them may have arrived more than 24 h ago, and may arrive again now",
    ]
    assert set(resend.keys) == {waiting, failed, refused, late}


async def test_what_was_given_up_is_not_sent_once_its_order_has_moved_on(
    make_sender: Any, resend: ResendServer, database_url: str, run_command: Any
) -> None:
    api = await make_sender()
    cafe, ada = await api.shop(), await api.register()
    resend.trouble(422, "validation_error", times=3)
    picked_up, taken_back, still = [await ready(cafe, ada) for _ in range(3)]
    await settled(database_url, given_up=3)

    await cafe.owner.move(picked_up, "picked_up")
    await cafe.owner.move(taken_back, "pending")
    await cafe.owner.move(taken_back, "ready")
    await settled(database_url, given_up=3, sent=2)
    done = run_command("mails", "--again", "all")
    rows = await settled(database_url, sent=3, withdrawn=2)

    assert done.stdout.splitlines() == ["put back: 1", "withdrawn, since their orders have moved on: 2"]
    told = [(str(row["order_id"]), row["kind"]) for row in rows if row["state"] == "sent"]
    assert sorted(told) == sorted([(picked_up["id"], "picked_up"), (taken_back["id"], "ready"), (still["id"], "ready")])


async def test_mails_shows_one_state_and_how_much_more_there_is(database_url: str) -> None:
    async with counter_of(database_url) as counter:
        await counter.place(mails.SHOWN + 3)
        await counter.make_ready()
    db = Database(database_url, announce=lambda _: None)

    await stored(database_url, "UPDATE outbox SET state = 'given_up', settled_at = now()")
    shown, none = await mails.report(db, "given_up"), await mails.report(db, "waiting")
    await db.close()

    assert shown[0] == none[0] == f"waiting 0; of the last 90 days: sent 0, withdrawn 0, given up {mails.SHOWN + 3}"
    assert (len(shown), shown[-1], none[1:]) == (mails.SHOWN + 4, "and 3 more", [])


async def test_neither_command_works_on_an_older_schema(database_url: str, run_command: Any) -> None:
    await stored(database_url, "DELETE FROM alembic_version")

    for command in ("work", "mails"):
        done = run_command(command)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("run: orderflow migrate\n")
