"""A small model of a shop and its customers, by the contract alone: what each request does, and what the feed tells."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Asker: TypeAlias = Literal["staff", "its customer", "another"]
# What an event tells, as far as the model knows it: its kind, and what it is about as that is then.
Told: TypeAlias = tuple[str, dict[str, Any]]

ACTIVE = ("pending", "preparing", "ready")
FORWARD = {
    "pending": ("preparing", "ready", "cancelled"),
    "preparing": ("ready", "cancelled"),
    "ready": ("picked_up", "cancelled"),
    "picked_up": (),
    "cancelled": (),
}


@dataclass
class Item:
    """Something on the menu; a stock of None is without end."""

    id: str
    price_minor: int
    stock: int | None
    available: bool = True
    archived: bool = False
    version: int = 1

    @property
    def sold_out(self) -> bool:
        return not self.available or self.stock == 0

    def shown(self) -> dict[str, Any]:
        return {
            name: getattr(self, name) for name in ("id", "price_minor", "available", "archived", "version", "sold_out")
        }


@dataclass
class Order:
    """An order; `taken` is what it holds of each stock, `given_back` what a recall takes again."""

    id: str
    customer: int
    taken: dict[str, int]
    given_back: dict[str, int] = field(default_factory=dict)
    status: str = "pending"
    trail: list[str] = field(default_factory=list)
    cancelled_by: str | None = None
    version: int = 1

    def shown(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("id", "status", "version", "cancelled_by")}


class Model:
    """One shop. Whatever changes it returns the status of the answer and the code of a refusal."""

    def __init__(self, name: str) -> None:
        self.shop: dict[str, Any] = {"name": name, "ordering": "open", "version": 1}
        self.items: dict[str, Item] = {}
        self.orders: dict[str, Order] = {}
        # The feed from its first event on.
        self.feed: list[Told] = []

    def change_shop(self, **changed: Any) -> None:
        """Its owner changes it; to what it is already is no change."""
        if changed.items() <= self.shop.items():
            return
        self.shop.update(changed, version=self.shop["version"] + 1)
        self.feed.append(("shop", dict(self.shop)))

    def add_item(self, item: Item) -> None:
        self.items[item.id] = item
        self._tell_item(item)

    def change_item(self, item: Item, **changed: Any) -> None:
        """Its owner changes it, or takes it off the menu; to what it is already is no change."""
        if all(getattr(item, name) == value for name, value in changed.items()):
            return
        for name, value in changed.items():
            setattr(item, name, value)
        item.version += 1
        self._tell_item(item)

    def refusal_of(self, wanted: dict[str, int]) -> str | None:
        """Why an order of these quantities is refused now."""
        if self.shop["ordering"] == "paused":
            return "shop_paused"
        items = [self.items[each] for each in wanted]
        if any(item.archived or not item.available for item in items):
            return "item_unavailable"
        if any(item.stock is not None and item.stock < wanted[item.id] for item in items):
            return "out_of_stock"
        return None

    def place(self, order_id: str, customer: int, wanted: dict[str, int]) -> Order:
        """An order that is not refused."""
        limited = {each: quantity for each, quantity in wanted.items() if self.items[each].stock is not None}
        self._take(limited)
        self.orders[order_id] = order = Order(order_id, customer, limited)
        self.feed.append(("order", order.shown()))
        return order

    def move(self, order: Order, asker: Asker, to: str, *, has_reason: bool) -> tuple[int, str]:
        """Somebody moves an order, or may not."""
        if asker == "another":
            return 404, "not_found"
        if to == order.status:
            return 200, ""
        if asker == "its customer":
            if to != "cancelled":
                return 403, "forbidden"
            if order.status != "pending":
                return 409, "invalid_transition"
            return self._done(order, to, "customer")
        is_recall = order.trail[-1:] == [to] and (order.status != "cancelled" or order.cancelled_by == "shop")
        if to not in FORWARD[order.status] and not is_recall:
            return 409, "invalid_transition"
        if to == "cancelled" and not has_reason:
            return 422, "reason_required"
        return self._done(order, to, "shop", is_recall=to not in FORWARD[order.status])

    def _done(self, order: Order, to: str, by: str, *, is_recall: bool = False) -> tuple[int, str]:
        if order.status == "pending" and to == "cancelled":
            order.given_back = {each: n for each, n in order.taken.items() if self.items[each].stock is not None}
            self._take({each: -quantity for each, quantity in order.given_back.items()})
            order.taken = {}
        elif order.status == "cancelled" and to == "pending":
            again = {each: n for each, n in order.given_back.items() if self.items[each].stock is not None}
            if any((self.items[each].stock or 0) < quantity for each, quantity in again.items()):
                return 409, "out_of_stock"
            self._take(again)
            order.taken, order.given_back = again, {}
        if is_recall:
            order.trail.pop()
        else:
            order.trail.append(order.status)
        order.status = to
        order.cancelled_by = by if to == "cancelled" else None
        order.version += 1
        self.feed.append(("order", order.shown()))
        return 200, ""

    def _take(self, quantities: dict[str, int]) -> None:
        """Take out of stock, or give back; an item that sells out by it, or is to be had again, is told of."""
        for each in sorted(quantities):
            item = self.items[each]
            assert item.stock is not None
            was_sold_out = item.stock == 0
            item.stock -= quantities[each]
            if item.available and not item.archived and was_sold_out != (item.stock == 0):
                item.version += 1
                self._tell_item(item)

    def _tell_item(self, item: Item) -> None:
        self.feed.append(("item", item.shown()))
