"""Letters do not stay for ever: old ones are removed, and a heap of late ones is given up bit by bit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow import outbox
from orderflow.ids import first_id_at, new_id
from tests.counter import counter_of
from tests.mail_workers import outbox as rows_of
from tests.mail_workers import settled, working
from tests.resend_server import ResendServer
from tests.stored import stored

OLDER, YOUNGER = (datetime.now(UTC) - outbox.KEPT - timedelta(hours=hours) for hours in (1, -1))
SETTLED = "UPDATE outbox SET id = $1, state = $2, settled_at = $3, sent_as = 'x' WHERE id = $4"


def _made_at(moment: datetime) -> UUID:
    return UUID(int=first_id_at(moment).int | new_id().int & (1 << 80) - 1)


async def test_what_was_settled_long_ago_is_removed_with_its_file(
    database_url: str, tmp_path: Path, resend: ResendServer
) -> None:
    async with counter_of(database_url) as counter:
        await counter.place(6)
        await counter.make_ready()
    *done, late, due = [row["id"] for row in await rows_of(database_url)]
    old, young = [_made_at(OLDER) for _ in range(3)], _made_at(OLDER)
    for each, state, was in zip(old, ("sent", "withdrawn", "given_up"), done, strict=False):
        await stored(database_url, SETTLED, each, state, OLDER, was)
    # It was queued as long ago, but settled later.
    await stored(database_url, SETTLED, young, "given_up", YOUNGER, done[3])
    await stored(database_url, SETTLED, late, "sent", YOUNGER, late)
    place = tmp_path / "data" / "emails"
    place.mkdir(parents=True)
    files = {each: place / f"{each}.eml" for each in (*old, young, late)}
    for file in files.values():
        file.touch()

    with working(tmp_path, DATABASE_URL=database_url, **resend.settings) as worker:
        rows = await settled(database_url, sent=2, given_up=1)

    assert {row["id"] for row in rows} == {young, late, due}
    assert [each for each, file in files.items() if file.exists()] == [young, late]
    assert '"count":3' in worker.log().replace(" ", "")


async def test_a_heap_of_late_letters_is_given_up_bit_by_bit_while_others_are_sent(
    make_sender: Any, resend: ResendServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AT_ONCE", 2)
    async with counter_of(database_url) as counter:
        await counter.place(6)
        await counter.make_ready()
    *late, due = [row["id"] for row in await rows_of(database_url)]
    await stored(database_url, "UPDATE outbox SET due_at = due_at - interval '21 hours' WHERE id <> $1", due)

    await make_sender()
    rows = await settled(database_url, given_up=5, sent=1)

    assert resend.keys == [str(due)]
    given_up = [row["settled_at"] for row in rows if row["id"] in late]
    assert len(set(given_up)) >= 3
