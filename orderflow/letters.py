"""E-mails about an order: its document in, a letter out. All words stand in emails/, in a folder for each language.

Knows no outbox and no network. Nothing that an order holds becomes markup, or more than one line of a header.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from email import policy
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orderflow.currencies import MINOR_DIGITS
from orderflow.text import one_line

Kind: TypeAlias = Literal["ready", "picked_up"]

TEMPLATES: Final = Path(__file__).with_name("emails")

_LANGUAGE: Final = "en"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail: sender, recipient and reply_to as From, To and Reply-To have them; text and html say the same."""

    sender: str
    recipient: str
    reply_to: str | None
    subject: str
    text: str
    html: str


def write(
    kind: Kind, order: dict[str, Any], *, recipient: str, sender: str, reply_to: str | None, public_url: str
) -> Letter:
    """Tell somebody of their order, given as the document that REST answers.

    It comes from `sender` as that is given, and the subject names the shop. Where there is a `reply_to`, it says that a
    reply reaches the shop.
    """
    seen = _seen(order) | {
        "kind": kind,
        "url": f"{public_url}/orders/{quote(order['id'])}",
        "answers": reply_to is not None,
    }
    return Letter(
        sender=_header(sender),
        recipient=_header(recipient),
        reply_to=None if reply_to is None else _header(reply_to),
        subject=_header(_render(_TEXT, "subject.j2", seen)),
        text=_render(_TEXT, "letter.text.j2", seen),
        html=_render(_HTML, "letter.html.j2", seen),
    )


def eml(letter: Letter, letter_id: UUID, at: datetime) -> bytes:
    """Put a letter into the form of a file that mail programs open (RFC 5322); `at` is aware.

    An address beyond ASCII stands there as it is (RFC 6532), since there is no other form for it.
    """
    address = _parts(letter.sender)[1]
    headers = {
        "From": _encoded_mailbox(letter.sender),
        "To": letter.recipient,
        "Reply-To": letter.reply_to,
        "Subject": _encoded("Subject", letter.subject),
        "Date": format_datetime(at),
        "Message-ID": f"<{letter_id}@{address.rpartition('@')[2]}>",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    message = EmailMessage(_POLICY)
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return head.encode() + message.as_bytes()


class _Headers(HeaderRegistry):
    """Makes one class for each kind of header, not one for each header: a class waits for the garbage collector."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        found = self._made.get(name.lower())
        if found is None:
            found = self._made[name.lower()] = super().__getitem__(name)
        return found


_POLICY: Final = policy.SMTP.clone(header_factory=_Headers())


def _seen(order: dict[str, Any]) -> dict[str, Any]:
    """Pick out of an order what templates show of it: single lines of text, and amounts as they are read."""
    currency = order["currency"]
    return {
        "shop": one_line(order["shop"]["name"]),
        "name": one_line(order["pickup_name"] or order["customer"]["name"] or ""),
        "number": order["number"],
        "day": date.fromisoformat(order["business_day"]),
        "lines": [
            {
                "quantity": line["quantity"],
                "name": one_line(line["name"]),
                "note": _lines(line["note"]),
                "amount": _amount(line["amount_minor"], currency),
            }
            for line in order["lines"]
        ],
        "note": _lines(order["note"]),
        "currency": currency,
        "total": _amount(order["total_minor"], currency),
        "is_free": order["total_minor"] == 0,
    }


def _lines(note: str | None) -> list[str]:
    return [line for each in (note or "").splitlines() if (line := one_line(each))]


def _amount(minor: int, currency: str) -> str:
    """Write an amount as no reader takes for another: a point before the decimals, thousands kept apart by spaces."""
    digits = MINOR_DIGITS[currency]
    whole, decimals = divmod(minor, 10**digits)
    return f"{whole:,}".replace(",", "\N{NO-BREAK SPACE}") + (f".{decimals:0{digits}}" if digits else "")


def _header(text: str) -> str:
    """Make text one line that nobody decodes: RFC 2047 would read what stands after =? as something else."""
    return one_line(text).replace("=?", "= ?")


def _parts(mailbox: str) -> tuple[str, str]:
    """Take `Name <address>`, or an address alone, apart."""
    name, _, address = mailbox.rpartition("<")
    return name.strip(), address.strip().removesuffix(">")


def _encoded(name: str, text: str) -> str:
    """Encode a header (RFC 2047). EmailMessage would lose spaces where it breaks a long one between two words."""
    return text if text.isascii() else Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def _encoded_mailbox(mailbox: str) -> str:
    name, address = _parts(mailbox)
    if name.isascii():
        return mailbox
    encoded = _encoded("From", name.strip('"'))
    return f"{encoded} <{address}>"


def _render(environment: Environment, layout: str, seen: dict[str, Any]) -> str:
    return environment.get_template(f"{_LANGUAGE}/{seen['kind']}.j2").render(seen, layout=layout)


def _environment(*, is_html: bool) -> Environment:
    environment = Environment(
        autoescape=is_html,  # noqa: S701 - plain text has no markup, and shows what it is given
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Keeps the direction of a name from turning the sentence around it.
    environment.filters["isolate"] = Markup('<span dir="auto">{}</span>').format if is_html else _isolated
    return environment


def _isolated(text: str) -> str:
    is_plain = not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
    return text if is_plain else f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


# The words are the same files for both; only what they are put into differs.
_HTML: Final = _environment(is_html=True)
_TEXT: Final = _environment(is_html=False)
