"""Without a key of Resend's, letters are files: whole ones, for nobody else to read."""

import asyncio
import email
import email.policy
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.mail_workers import everybody_sends, ready, settled
from tests.people import Api
from tests.stored import stored


async def test_a_letter_is_a_file_of_its_own_in_the_data_directory(
    make_api: Any, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    api: Api = await make_api(ready_email_hold_seconds=0, email_from="Corner Café <orders@example.com>")
    cafe, ada = await api.shop("Corner Café", email="hello@corner.example"), await api.register()

    order = await ready(cafe, ada)
    await settled(database_url, sent=1)
    await cafe.owner.move(order, "picked_up")
    rows = await settled(database_url, sent=2)

    place = tmp_path / "emails"
    paths = [place / f"{row['id']}.eml" for row in rows]
    assert sorted(place.iterdir()) == sorted(paths)
    assert [row["sent_as"] for row in rows] == [str(path) for path in paths]
    assert all(str(path) in caplog.text for path in paths)
    assert ada.user["email"] not in caplog.text
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, *paths)] == [0o700, 0o600, 0o600]
    message = email.message_from_bytes(paths[0].read_bytes(), policy=email.policy.default)
    assert (message["From"], message["To"]) == ("Corner Café <orders@example.com>", ada.user["email"])
    assert (message["Reply-To"], message.get_content_type()) == ("hello@corner.example", "multipart/alternative")
    assert "Corner Café" in message["Subject"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert order["id"] in text
    assert "<" in html


async def test_files_are_as_quick_as_the_disk(make_api: Any, database_url: str) -> None:
    api: Api = await make_api(ready_email_hold_seconds=0, email_rate_per_second=0.1, open_orders_per_customer=0)
    cafe, ada = await api.shop(), await api.register()

    await asyncio.gather(*(ready(cafe, ada) for _ in range(20)))

    assert len(await settled(database_url, sent=20)) == 20


async def test_a_letter_that_cannot_be_written_waits_until_it_can(
    make_api: Any, database_url: str, tmp_path: Path
) -> None:
    api: Api = await make_api(ready_email_hold_seconds=0)
    cafe, ada = await api.shop(), await api.register()
    (tmp_path / "emails").write_text("in the way")

    await ready(cafe, ada)
    async with asyncio.timeout(10):
        while not (await settled(database_url, waiting=1))[0]["error"]:
            pass
    (tmp_path / "emails").unlink()
    await everybody_sends(database_url)
    (row,) = await settled(database_url, sent=1)

    assert (tmp_path / "emails" / f"{row['id']}.eml").exists()


async def test_no_header_comes_into_a_file_by_a_name(make_api: Any, database_url: str, tmp_path: Path) -> None:
    api: Api = await make_api(ready_email_hold_seconds=0)
    cafe, ada = await api.shop("Corner Café"), await api.register()
    order = await ada.order(cafe.shop, cafe.item)
    # The API lets no line break into a name: here one has come in on another way.
    await stored(database_url, "UPDATE orders SET shop_name = E'Café\\r\\nBcc: eve@example.com\\r\\n\\r\\nHello'")

    await cafe.owner.move(order, "ready")
    (row,) = await settled(database_url, sent=1)

    written = (tmp_path / "emails" / f"{row['id']}.eml").read_bytes()
    message = email.message_from_bytes(written, policy=email.policy.default)
    assert (message["Bcc"], message["To"]) == (None, ada.user["email"])
    assert {"From", "To", "Subject", "Date"} <= set(message.keys())
    assert message.get_content_type() == "multipart/alternative"
