"""The e-mails themselves: what each says, as text and as HTML. Pure: no clock, no database, no sending."""

import html
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Literal, TypeAlias
from uuid import UUID

Kind: TypeAlias = Literal["ready", "picked_up"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail to one recipient, as Resend takes it."""

    sender: str
    recipient: str
    reply_to: str | None
    subject: str
    text: str
    html: str


def write(
    kind: Kind, order: dict[str, Any], *, recipient: str, sender: str, reply_to: str | None, public_url: str
) -> Letter:
    """The letter that tells of an order, which has the shape of the contract's order document."""
    shop = " ".join(order["shop"]["name"].split())
    said = "is ready" if kind == "ready" else "has been picked up"
    subject = f"Your order {order['number']} at {shop} {said}"
    lines = [f"{line['quantity']} {line['name']}" for line in order["lines"]]
    words = "\n".join([f"{subject}, {order['customer']['name']}.", *lines, f"{public_url}/orders/{order['id']}"])
    return Letter(sender, recipient, reply_to, subject, words, f"<pre>{html.escape(words)}</pre>")


def eml(letter: Letter, letter_id: UUID, at: datetime) -> bytes:
    """The letter as an RFC 5322 message of that time."""
    message = EmailMessage(SMTP)
    message["From"] = letter.sender
    message["To"] = letter.recipient
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    message["Subject"] = letter.subject
    message["Date"] = at
    message["Message-ID"] = f"<{letter_id}@orderflow>"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message.as_bytes()
