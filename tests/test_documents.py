"""What the documents say that can be checked: links lead somewhere, limits are those of the code."""

import re
from pathlib import Path

import pytest

from orderflow import accounts, credentials, fields, items, logs, orders, outbox
from orderflow.demo import cafe
from orderflow.http import body, params, protocol
from orderflow.settings import Settings
from orderflow.ws import connection, hub, stream
from orderflow.ws import protocol as ws_protocol
from tests.servers import CHECKOUT

DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])
README = (CHECKOUT / "README.md").read_text("utf-8")
UNITS = {"KiB": 1024, "MiB": 1024**2, "h": 3600, "min": 60, "days": 86_400}
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|(.*)\|$", README.split("## Limits")[1], re.MULTILINE)
LIMITS = {name: (said, settings) for name, said, settings in ROWS[1:]}
# Those that no setting changes; the others are compared with their settings.
OF_THE_CODE = {
    "body · headers · address of a request": [body.MAX_BYTES, protocol.MAX_HEADER_BYTES, protocol.MAX_URL_BYTES],
    "rows of a list": [params.MAX_LIMIT],
    "items of a shop · lines of an order · quantity of a line": [
        items.MAX_ITEMS,
        fields.MAX_LINES,
        fields.MAX_QUANTITY,
    ],
    "price": [fields.MAX_MINOR],
    "name · note or reason · description": [80, 200, 1000],
    "an order that nobody touches": [orders.ABANDONED_AFTER.total_seconds()],
    "message from a socket's client · how many": [ws_protocol.MAX_EARLY_BYTES, ws_protocol.MESSAGES_PER_S],
    "a slow socket": [connection.MAX_BEHIND_BYTES, connection.MAX_BEHIND_S],
    "a resume": [connection.MAX_REPLAY],
    "password": [8, credentials.MAX_PASSWORD_LENGTH],
    "passwords that wait to be hashed": [accounts.HASHING_QUEUE],
    "events kept in memory": [stream.CAPACITY, hub.RING_BYTES],
    "log lines that wait to be read": [logs.MAX_WAITING],
    "an e-mail that fails · that is settled": [outbox.GIVE_UP_AFTER.total_seconds(), outbox.KEPT.total_seconds()],
    "the end, after SIGTERM": [15],
}


def numbers(said: str) -> list[float]:
    """The numbers in a cell, sizes in bytes and long times in seconds."""
    found = re.findall(r"(\d[\d,]*)(?: (KiB|MiB|h|min|days)\b)?", said)
    return [int(number.replace(",", "")) * UNITS.get(unit, 1) for number, unit in found]


def named(cell: str) -> list[str]:
    return re.findall(r"`([A-Z_]+)`", cell)


@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_every_limit_has_its_number(limit: str) -> None:
    said, settings = LIMITS[limit]

    defaults = [Settings.model_fields[name.lower()].default for name in named(settings)]
    units = [60 if "MINUTES" in name else 86_400 if "DAYS" in name else 1 for name in named(settings)]
    assert (limit in OF_THE_CODE) == (defaults == [])
    assert (OF_THE_CODE.get(limit) or [n * u for n, u in zip(defaults, units, strict=True)]) == numbers(said)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")

    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    for link in links:
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = document.parent / place if place else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_is_found_from_the_readme_in_two_steps() -> None:
    first = set(re.findall(r"docs/\w+\.md", README))
    second = {
        f"docs/{name}" for each in first for name in re.findall(r"\((\w+\.md)", (CHECKOUT / each).read_text("utf-8"))
    }

    assert {f"docs/{document.name}" for document in DOCUMENTS if document.parent.name == "docs"} <= first | second


def test_the_readme_orders_as_somebody_of_the_demo() -> None:
    assert f'{{"email":"{cafe.CUSTOMER.email}","password":"{cafe.PASSWORD}"}}' in README
    assert f"/shops/{cafe.SHOP['slug']}/orders" in README
