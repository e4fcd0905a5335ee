"""What is published: frames of orderflow with a number in place of their seq, so that all servers push the same bytes.

The load client writes the number of the message over each `MARK`, and finds it again in what arrives.
"""

import json
from typing import Final
from uuid import UUID

from orderflow import frames
from orderflow.frames import Event, Position

MARK: Final = "##########"
FIRST: Final = 1_000_000_001
ITEM_BYTES: Final = 350
AT: Final = "2026-11-22T09:15:00.123Z"
SHOP: Final = Position(UUID("01938d2c-5c1e-7aaa-8bbb-000000000001"), "bench", FIRST)
# What stands before the number.
ITEM_BEGINS: Final = '{"type":"item","seq":'
ORDER_BEGINS: Final = '{"type":"order","seq":'


def item(shop: Position = SHOP) -> Event:
    """An item that has changed, whose frame on the shop channel has 350 bytes."""
    fields: dict[str, object] = {
        "id": "01938d2c-5c1e-7aaa-8bbb-00000000000a",
        "name": "Flat white",
        "description": "",
        "category": None,
        "price_minor": 350,
        "available": True,
        "sold_out": False,
        "position": 0,
        "version": 7,
        "archived": False,
        "updated_at": AT,
    }
    fields["description"] = "x" * (ITEM_BYTES - len(_frame(_item(shop, fields))))
    return _item(shop, fields)


def item_frame() -> str:
    """The frame of that item, with the mark."""
    return _frame(item()).replace(str(FIRST), MARK)


def order_frame() -> str:
    """A frame as large as those of the orders that `peers/orderflow.py` places and moves, with the mark."""
    line = {"item_id": str(SHOP.feed), "name": "Flat white", "quantity": 2, "unit_price_minor": 350}
    instants = ("placed_at", "preparing_at", "updated_at")
    order = {
        **{"id": str(SHOP.feed), "number": 42, "business_day": "2026-11-22", "status": "preparing", "version": 2},
        "shop": {"id": str(SHOP.feed), "slug": "bench-7", "name": "Bench"},
        "customer": {"id": str(SHOP.feed), "name": "Bench"},
        "pickup_name": None,
        "lines": [{**line, "amount_minor": 700, "note": None}, {**line, "amount_minor": 700, "note": "warm"}],
        **{"note": None, "currency": "EUR", "total_minor": 1400},
        **dict.fromkeys(instants, AT),
        **dict.fromkeys(("ready_at", "picked_up_at", "cancelled_at", "cancelled_by", "reason")),
    }
    moved = Event("moved", AT, SHOP, _text(order), SHOP, "pending", "preparing", "shop")
    return _frame(moved).replace(str(FIRST), MARK)


def post(port: int, path: str, text: str) -> bytes:
    """The request of HTTP that publishes a text."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}"
    return f"{head}\r\n\r\n{text}".encode()


def redis_publish(channel: str, message: bytes) -> bytes:
    """The command of Redis that publishes a message."""
    parts = (b"PUBLISH", channel.encode(), message)
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _item(shop: Position, fields: dict[str, object]) -> Event:
    return Event("item", AT, shop, _text(fields))


def _frame(event: Event) -> str:
    text = frames.frame(event, "shop")
    assert text is not None, "the shop channel shows all"
    return text


def _text(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"))
