"""E-mails about an order: what they say, to whom they seem to come from, and that nobody's name or note does harm."""

import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderflow.letters import Kind, Letter, eml
from orderflow.text import one_line
from tests.letter_samples import HOSTILE, ID, KINDS, PLAIN, PUBLIC_URL, RIGHT_TO_LEFT, SAMPLES, letter, line, order
from tests.markup import Page

READY = f"""\
Corner Café
Your order is ready

    Order number: 42

Hello Ada, please come to the counter with this number.

2 × Flat white: 7.00
    > one with oat milk
1 × Almond croissant: 3.20

Note:
    > We sit outside.

Total: EUR 10.20
Pay at the counter.

See your order: {PUBLIC_URL}/orders/{ID}

Order 42 of 22 November 2026 at Corner Café. You get this e-mail because the order was placed with this address; \
if that was not you, you can ignore it. A reply to this e-mail reaches the shop.
"""
AT = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
PIECES = (
    *("<", ">", '"', "'", "&amp;", "<b>", "<!--", "-->", "</td>", "<![endif]-->", "{{ 7 }}", "{%", "@", "\\", ",", ";"),
    *("\r\n", "\nBcc: x@y.example", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\u2066", "\ud800"),
    *("=?utf-8?q?x?=", "=", "?", "via", " ", "é", "קפה", "漢", "🥐"),
)
# Controls, line and paragraph separators, lone surrogates.
NOT_IN_A_HEADER = ("Cc", "Zl", "Zp", "Cs")
ANYTHING = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join)


def opened(written: Letter) -> EmailMessage:
    """What a mail program finds in the file of a letter."""
    return message_from_bytes(eml(written, UUID(ID), AT), policy=policy.default)


def content(part: Any) -> str:
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def test_the_letter_says_what_is_ready_what_it_costs_and_where_to_look() -> None:
    written = letter(PLAIN)

    assert written.text == READY
    assert written.subject == "Order 42 is ready – Corner Café"
    assert Page(written.html).said().split(" Order 42 of ")[0] == (
        "Corner Café Your order is ready Order number 42 Hello Ada, please come to the counter with this number."
        " 2 × Flat white one with oat milk 7.00 1 × Almond croissant 3.20 Note: We sit outside."
        " Total EUR 10.20 Pay at the counter. See your order"
    )


def test_thanks_follow_when_it_was_picked_up_and_claim_no_payment() -> None:
    written = letter(PLAIN, "picked_up")

    assert written.subject == "Order 42 picked up, thank you – Corner Café"
    for part in (written.text, Page(written.html).said()):
        assert "Thank you, Ada" in part
        assert "not a fiscal receipt" in part
        assert "pay" not in part.lower()
        assert "paid" not in part.lower()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_both_parts_name_everything_that_was_ordered(sample: str, kind: Kind) -> None:
    about = SAMPLES[sample]
    written = letter(about, kind)

    read = written.text.replace("\u2068", "").replace("\u2069", "")
    said = Page(written.html).said()

    for each in about["lines"]:
        name = one_line(each["name"])
        assert f"{each['quantity']} × {name}: " in read
        assert f"{each['quantity']} × {name} " in said
    assert f"{PUBLIC_URL}/orders/{ID}" in read


def test_who_is_called_by_another_name_is_greeted_by_it() -> None:
    written = letter(PLAIN | {"pickup_name": "Countess"})

    assert "Hello Countess, please" in written.text
    assert "Hello Countess, please" in Page(written.html).said()
    assert "Ada" not in written.text + written.html


def test_what_is_free_is_not_to_be_paid() -> None:
    written = letter(order(line("Tap water", price=0)))

    assert "Total: EUR 0.00\nThere is nothing to pay." in written.text
    assert "Pay at the counter" not in written.text + written.html


@pytest.mark.parametrize(
    ("currency", "minor", "shown"),
    [
        ("EUR", 5, "EUR 0.05"),
        ("JPY", 350, "JPY 350"),
        ("KWD", 350, "KWD 0.350"),
        ("CLF", 12_345, "CLF 1.2345"),
        ("IDR", 100_000_000, "IDR 1\u00a0000\u00a0000.00"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(currency: str, minor: int, shown: str) -> None:
    written = letter(order(line("Cake", price=minor), currency=currency))

    assert f"Total: {shown}\n" in written.text
    assert " ".join(shown.split()) in Page(written.html).said()


def test_a_reply_reaches_the_shop_where_it_has_an_address_and_is_not_promised_elsewhere() -> None:
    with_address, without = letter(PLAIN), letter(PLAIN, reply_to=None)

    assert opened(with_address)["Reply-To"] == "hello@corner-cafe.example"
    assert without.reply_to is None
    assert "Reply-To" not in opened(without)
    assert "reply" not in (without.text + without.html).lower()


def test_it_comes_from_who_was_set_as_the_sender() -> None:
    for sender in ("Corner Café <orders@example.com>", "orders@example.com"):
        assert letter(PLAIN, sender=sender).sender == sender


def test_names_from_right_to_left_turn_nothing_around_them() -> None:
    written = letter(RIGHT_TO_LEFT)

    assert "Hello \u2068עדה!\u2069, please" in written.text
    assert "2 × \u2068קפה הפוך גדול\u2069: 28.00\n" in written.text
    assert 'Hello <span dir="auto">עדה!</span>, please' in written.html


def test_a_note_cannot_pass_for_a_line_of_the_letter() -> None:
    written = letter(HOSTILE)

    assert [each for each in written.text.splitlines() if each.startswith(("Total", "There", "Bcc"))] == [
        "Total: EUR 0.14"
    ]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), ANYTHING, ANYTHING, ANYTHING)
def test_whatever_people_write_stays_text(kind: Kind, shop: str, name: str, note: str) -> None:
    about = order(line(name, note=note), shop=shop, customer=name, pickup_name=shop, note=note)

    page, usual = Page(letter(about, kind).html), Page(letter(PLAIN, kind).html)

    assert [each for each in page.elements if each not in usual.elements] == []
    assert page.comments == usual.comments
    assert one_line(name) in page.said()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), ANYTHING, ANYTHING, ANYTHING)
def test_whatever_people_write_no_header_is_added_or_broken(kind: Kind, shop: str, name: str, note: str) -> None:
    about = order(line(name, note=note), shop=shop, customer=name, note=note)
    written = letter(about, kind)

    message = opened(written)

    assert message.keys() == [
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
    ]
    assert {unicodedata.category(each) for each in written.subject + written.sender}.isdisjoint(NOT_IN_A_HEADER)
    assert message["Subject"] == written.subject == " ".join(written.subject.split())
    assert message["From"] == written.sender
    assert [content(part) for part in message.iter_parts()] == [written.text, written.html]


def test_the_file_of_a_letter_opens_in_a_mail_program() -> None:
    written = letter(PLAIN, recipient="jürgen@bücher.example")

    message = opened(written)

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["To"] == "jürgen@bücher.example"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == f"<{ID}@example.com>"
    assert max(map(len, eml(written, UUID(ID), AT).split(b"\r\n"))) <= 78
