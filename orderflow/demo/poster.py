"""What a visitor is told: which pages to open, and as whom. Pure text."""

from typing import Final

from orderflow.demo import cafe

WIDTH: Final = 80
OPEN_TO_OTHERS: Final = """
  WARNING: other machines can reach this demo, and everybody knows its passwords.
  Whoever finds it can act as its owner, its staff and its customers. Have it only
  among people whom you trust, and nothing in it that is worth anything.
"""


def poster(address: str, slug: str, shop: str) -> str:
    """The text, whose lines fit a terminal and a file alike; `address` is where people reach the server."""
    page = f"{address}/shops/{slug}"
    pages = (
        ("Menu", page, "customer"),
        ("Counter board", f"{page}/board", "staff or owner"),
        ("Pickup screen", f"{page}/pickup", "nobody"),
        ("Manage", f"{page}/manage", "owner"),
        ("My orders", f"{address}/orders", "customer"),
    )
    people = [(account.role, account.email, cafe.PASSWORD) for account in (cafe.CUSTOMER, cafe.STAFF[0], cafe.OWNER)]
    return "\n".join(
        (
            "",
            "=" * WIDTH,
            f"  {' '.join(shop.upper())}".center(WIDTH).rstrip(),
            "is open: a demo, in which nobody is real".center(WIDTH).rstrip(),
            "=" * WIDTH,
            "",
            *_table(("OPEN", "AT", "SIGNED IN AS"), *pages),
            "",
            *_table(("SIGN IN AS", "E-MAIL", "PASSWORD"), *people),
            "",
            "  Begin with the counter board. Orders come by themselves, now and then in a",
            "  rush. Order something too, and watch it being made. A browser holds one",
            "  person at a time: take a private window for a second one.",
            "",
            "  Stop with Ctrl-C. The same command goes on where it stopped.",
            "=" * WIDTH,
            "",
        )
    )


def _table(*rows: tuple[str, str, str]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return [f"  {'  '.join(cells)}".rstrip() for cells in padded]
