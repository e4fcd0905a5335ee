"""An account is erased: whatever names its owner is nowhere any more, and the shop's figures are as they were."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import erasure as benchmark
from orderflow.schemas import EventPage, Order
from orderflow.settings import Settings
from tests.erasing import (
    ADDRESS,
    CALLED,
    KEY,
    LINE_NOTE,
    NAME,
    NOTE,
    REASON,
    erase,
    everything,
    finished_order,
    found,
    lovelace,
    mail,
    wordy_order,
)
from tests.mail_workers import settled
from tests.people import Api, Person, Shop, good
from tests.stored import stored

HELD = {
    *(("users", word) for word in (NAME, ADDRESS)),
    *(("orders", word) for word in (NAME, ADDRESS, NOTE, CALLED, REASON, KEY)),
    ("order_lines", LINE_NOTE),
    ("events", REASON),
    *(("outbox", word) for word in (NAME, ADDRESS)),
}
# What of an order is its customer's own.
OWN = ("customer", "pickup_name", "note", "reason")


@pytest.fixture
async def cafe(api: Api) -> Shop:
    return await api.shop()


@pytest.fixture
async def ada(api: Api) -> Person:
    return await lovelace(api)


@pytest.fixture
async def orders(api: Api, database_url: str, ada: Person, cafe: Shop) -> list[dict[str, Any]]:
    """What Ada has behind her: she ordered, cancelled, got mails and works at another shop."""
    picked_up, cancelled = await finished_order(ada, cafe), await wordy_order(ada, cafe)
    cancelled = await ada.move(cancelled, "cancelled", reason=REASON)
    for kind, state in (("ready", "sent"), ("ready", "given_up"), ("picked_up", "waiting")):
        await mail(database_url, picked_up, kind, state)
    other = await api.shop("Elsewhere")
    good(await other.owner.post(f"{other.path}/staff", {"email": ADDRESS}), 201)
    by_staff = await finished_order(cafe.owner, cafe, email=ADDRESS)
    await mail(database_url, by_staff, "picked_up", "waiting")
    return [picked_up, cancelled, by_staff]


@pytest.mark.usefixtures("orders")
async def test_no_table_holds_a_name_an_address_or_a_word_of_who_was_erased(database_url: str, ada: Person) -> None:
    assert found(await everything(database_url)) == HELD

    good(await erase(ada), 204)

    held = await everything(database_url)
    # The key of who placed an order for her is the shop's own, and says nothing of her.
    assert found(held) == {("orders", KEY)}
    assert ada.user["id"] not in held["shop_staff"]
    assert await stored(database_url, "SELECT FROM orders WHERE body_hash IS NOT NULL") == []
    tokens = "SELECT FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1"
    assert await stored(database_url, tokens, ada.user["id"]) == []
    mails = await stored(database_url, "SELECT DISTINCT state FROM outbox")
    assert {row["state"] for row in mails} == {"sent", "given_up", "withdrawn"}


async def test_the_shop_keeps_its_figures_and_the_documents_their_shape(
    ada: Person, cafe: Shop, orders: list[dict[str, Any]]
) -> None:
    before = good(await cafe.owner.get(f"{cafe.path}/events"))

    good(await erase(ada), 204)

    answer = await cafe.owner.get(f"{cafe.path}/events")
    EventPage.model_validate_json(answer.content)
    assert [_figures(event) for event in answer.json()["data"]] == [_figures(event) for event in before["data"]]
    assert (answer.json()["head"], answer.json()["epoch"]) == (before["head"], before["epoch"])
    for order in orders:
        one = await cafe.owner.get(f"/v1/orders/{order['id']}")
        Order.model_validate_json(one.content)
        assert _figures({"order": one.json()}) == _figures({"order": order})
        # As it counts how often an order has moved, the version is as it was.
        assert one.headers["etag"] == f'"{order["version"]}"'
        name = cafe.owner.user["name"] if order is orders[2] else "erased"
        assert one.json()["customer"] == {"id": order["customer"]["id"], "name": name}


def _figures(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what is a customer's own."""
    if "order" not in event:
        return event
    order = {name: value for name, value in event["order"].items() if name not in OWN}
    lines = [{name: value for name, value in line.items() if name != "note"} for line in order["lines"]]
    return {**event, "reason": None, "order": {**order, "lines": lines}}


async def test_what_the_shop_wrote_itself_stays(ada: Person, cafe: Shop) -> None:
    order = await wordy_order(ada, cafe)
    await cafe.owner.move(order, "cancelled", reason="out of beans")

    good(await erase(ada), 204)

    assert good(await cafe.owner.get(f"/v1/orders/{order['id']}"))["reason"] == "out of beans"
    told = good(await cafe.owner.get(f"/v1/orders/{order['id']}/events"))["data"]
    assert told[-1]["reason"] == "out of beans"


async def test_nobody_else_loses_anything(api: Api, database_url: str, ada: Person, cafe: Shop) -> None:
    bob = await api.register("Bob")
    await finished_order(bob, cafe)
    await finished_order(ada, cafe)
    of_bob = "SELECT o::text, l::text FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.customer_id = $1"
    before = await stored(database_url, of_bob, bob.user["id"])

    good(await erase(ada), 204)

    assert len(before) == 1
    assert await stored(database_url, of_bob, bob.user["id"]) == before
    assert good(await bob.get("/v1/me")) == bob.user


@pytest.fixture
def emails(settings: Settings) -> Path:
    """Where mails are written that are not sent."""
    assert settings.orderflow_data
    directory = settings.orderflow_data / "emails"
    directory.mkdir(exist_ok=True)
    return directory


async def test_mails_that_were_written_to_files_are_removed(
    database_url: str, ada: Person, cafe: Shop, emails: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = await finished_order(ada, cafe)
    settled, unsettled, half, missing, stuck = [
        emails / f"{await mail(database_url, order, 'ready', state)}{suffix}"
        for state, suffix in (
            ("sent", ".eml"),
            # Their worker died before it could note it.
            ("waiting", ".eml"),
            ("waiting", ".new"),
            ("sent", ".eml"),
            ("sent", ".eml"),
        )
    ]
    other = emails / "other.eml"
    for file in (settled, unsettled, half, other):
        file.write_text(f"To: {ADDRESS}")
    stuck.mkdir()

    good(await erase(ada), 204)

    left = [file.exists() for file in (settled, unsettled, half, missing, stuck, other)]
    assert left == [False, False, False, False, True, True]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert str(stuck) in warnings[0]


async def test_how_long_an_erasure_takes_can_be_measured_as_the_readme_says(database_url: str) -> None:
    seconds = await benchmark.measure(database_url, 20)

    assert seconds > 0
    held = {row["state"]: row["recipient"] for row in await stored(database_url, "SELECT state, recipient FROM outbox")}
    assert held == {"sent": None}


async def test_a_mail_that_is_being_written_meanwhile_leaves_no_file(
    database_url: str, ada: Person, cafe: Shop, emails: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, may_go_on, make = threading.Event(), threading.Event(), Path.mkdir

    def slow(*given: Any, **more: Any) -> None:
        is_writing.set()
        may_go_on.wait(10)
        make(*given, **more)

    monkeypatch.setattr(Path, "mkdir", slow)
    await finished_order(ada, cafe)
    assert await asyncio.to_thread(is_writing.wait, 10)
    good(await erase(ada), 204)
    may_go_on.set()

    await settled(database_url, sent=1, withdrawn=1)
    await asyncio.to_thread(_until_empty, emails)


def _until_empty(directory: Path) -> None:
    deadline = time.monotonic() + 10
    while any(directory.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
