"""What a page of one view shows: a snapshot and the events after it, folded. Pure; written from the contract alone."""

import hashlib
import json
from typing import Any, Final, Literal, TypeAlias

View: TypeAlias = Literal["shop", "pickup", "menu", "customer"]
Frame: TypeAlias = dict[str, Any]

ACTIVE: Final = ("pending", "preparing", "ready")
SHOWN_AT_PICKUP: Final = ("preparing", "ready")
# A customer's snapshot has the newest 100 finished orders. One that is recalled makes room for the 101st, which events
# after an older snapshot cannot tell of: only so many of the newest are compared.
FINISHED_COMPARED: Final = 50


class Picture:
    """The state of one view."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._orders: dict[str, Frame] = {}
        self._items: dict[str, Frame] = {}
        self._shop: Frame | None = None

    def begin(self, snapshot: Frame) -> None:
        """Start anew from a snapshot."""
        self._orders = {self._key(order): order for order in snapshot.get("orders", ())}
        self._items = {item["id"]: item for item in snapshot.get("items", ())}
        self._shop = snapshot.get("shop")

    def take(self, event: Frame) -> None:
        """Fold one event in."""
        if event["type"] == "order":
            order = event["order"]
            if self._is_shown(order):
                self._orders[self._key(order)] = order
            else:
                self._orders.pop(self._key(order), None)
        elif event["type"] == "item":
            if event["item"]["archived"]:
                self._items.pop(event["item"]["id"], None)
            else:
                self._items[event["item"]["id"]] = event["item"]
        else:
            self._shop = event["shop"]

    def state(self) -> Frame:
        """What it shows, in an order that says nothing."""
        orders = self._compared() if self._view == "customer" else self._orders
        return {
            "orders": [orders[key] for key in sorted(orders)],
            "items": [self._items[key] for key in sorted(self._items)],
            "shop": self._shop,
        }

    def _key(self, order: Frame) -> str:
        return f"{order['day']} {order['number']:09}" if self._view == "pickup" else str(order["id"])

    def _is_shown(self, order: Frame) -> bool:
        if self._view == "pickup":
            return order["status"] is not None
        return self._view == "customer" or order["status"] in ACTIVE

    def _compared(self) -> dict[str, Frame]:
        finished = sorted(
            (order["updated_at"] for order in self._orders.values() if order["status"] not in ACTIVE), reverse=True
        )
        # Of those that finished in the same millisecond as the last compared one, any may be beyond it.
        oldest = finished[FINISHED_COMPARED - 1] if len(finished) >= FINISHED_COMPARED else ""
        return {
            key: order
            for key, order in self._orders.items()
            if order["status"] in ACTIVE or order["updated_at"] > oldest
        }


def shown(view: View, event: Frame) -> Frame | None:
    """What a view shows of an event of the shop's own channel, as a frame; None where it shows nothing.

    A customer's channel has seqs of its own: the caller puts them in.
    """
    kind = event["type"]
    if view == "shop" or kind == {"menu": "item", "customer": "order"}.get(view):
        return event
    if view == "customer" or (view == "pickup" and kind == "item") or (view == "menu" and kind == "order"):
        return None
    if kind == "shop":
        name = {key: event["shop"][key] for key in ("id", "slug", "name")}
        return event if view == "menu" else {**event, "shop": name}
    return _number(event)


def mark(value: Any) -> bytes:
    """A short mark of a JSON value: the same for the same value, however it was written."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def state_mark(view: View, snapshot: Frame) -> bytes:
    """The mark of what a snapshot shows."""
    picture = Picture(view)
    picture.begin(snapshot)
    return mark(picture.state())


def _number(event: Frame) -> Frame | None:
    order = event["order"]
    status = order["status"] if order["status"] in SHOWN_AT_PICKUP else None
    if status is None and event["from"] not in SHOWN_AT_PICKUP:
        return None
    number = {"day": order["business_day"], "number": order["number"], "status": status}
    return {"type": "order", "seq": event["seq"], "at": event["at"], "order": number}
