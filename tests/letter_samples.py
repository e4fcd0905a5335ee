"""Orders to write letters about: what a day brings, what is long, what runs from right to left, what means harm."""

from typing import Any, Final

from orderflow.letters import Kind, Letter, write

ID: Final = "0193d1a0-7c00-7000-8000-00000000002a"
PUBLIC_URL: Final = "https://orders.example"
KINDS: Final[tuple[Kind, ...]] = ("ready", "picked_up")


def line(name: str, quantity: int = 1, price: int = 350, note: str | None = None) -> dict[str, Any]:
    """A line as it stands in an order."""
    return {
        "item_id": ID,
        "name": name,
        "quantity": quantity,
        "unit_price_minor": price,
        "amount_minor": quantity * price,
        "note": note,
    }


def order(
    *lines: dict[str, Any], shop: str = "Corner Café", customer: str = "Ada", currency: str = "EUR", **changed: Any
) -> dict[str, Any]:
    """An order of these lines, as the document that REST answers."""
    return {
        "id": ID,
        "number": 42,
        "business_day": "2026-11-22",
        "status": "ready",
        "version": 3,
        "shop": {"id": ID, "slug": "corner-cafe", "name": shop},
        "customer": {"id": ID, "name": customer},
        "pickup_name": None,
        "lines": list(lines),
        "note": None,
        "currency": currency,
        "total_minor": sum(each["amount_minor"] for each in lines),
    } | changed


def letter(about: dict[str, Any], kind: Kind = "ready", **changed: Any) -> Letter:
    """A letter about an order, as the worker has it written."""
    given = {
        "recipient": "ada@example.com",
        "sender": "orderflow <orders@example.com>",
        "reply_to": "hello@corner-cafe.example",
        "public_url": PUBLIC_URL,
    }
    return write(kind, about, **(given | changed))


PLAIN: Final = order(
    line("Flat white", 2, 350, "one with oat milk"), line("Almond croissant", 1, 320), note="We sit outside."
)
LONG: Final = order(
    line("Wholegrain sourdough sandwich with roasted peppers, goat's cheese and rocket", 99, 100_000_000),
    line("W" * 80, 12, 350, "W" * 200),
    *(line(f"Cardamom bun {number}", 1, 290, f"as the one before it\nbut warmer, {number}") for number in range(48)),
    shop="The Extraordinarily Well Provided Delicatessen and Coffee House by the Old Canal",
    customer="Wolfeschlegelsteinhausenbergerdorff" * 2,
    number=123_456,
    note="First of all,\nplease mind\nthe steps.",
    currency="VND",
)
RIGHT_TO_LEFT: Final = order(
    line("קפה הפוך גדול", 2, 1400, "בלי סוכר (תודה!)"),
    line("شاي بالنعناع", 1, 900),
    line("Croissant / קרואסון", 3, 1200),
    shop="מאפיית הפינה (1987)",
    customer="עדה!",
    note="נשב בחוץ, 3 אנשים.",
    currency="ILS",
)
HOSTILE: Final = order(
    line("<script>alert(1)</script>", 1, 1, "</td></table><h1>Free</h1>\n\nTotal: EUR 0.00\nThere is nothing to pay."),
    line('"><img src=//evil.example/x onerror=alert(1)>', 2, 2, "{{ 7 * 7 }} {% raw %} &lt;b&gt; --> <![endif]-->"),
    line("Z\u0351\u0316\u0309\u030b\u0361\u0332" * 13, 3, 3, "\u202eevil\u2066\x00\x1b[2J\ud800\u2028Bcc: a@b.example"),
    shop='Bank" <ceo@bank.example>\r\nBcc: all@example.com, =?utf-8?q?x=0A?=',
    customer="Ada\u2028\u2029\x0b\x85<b>Eve</b>\u202e",
    pickup_name="{{ 7 * 7 }}<a href='javascript:alert(1)'>Ada</a>",
    note="' onmouseover='alert(1)' style='display:none\n<!-- ",
)
SAMPLES: Final = {"plain": PLAIN, "long": LONG, "right-to-left": RIGHT_TO_LEFT, "hostile": HOSTILE}
