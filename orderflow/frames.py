"""Events and the frames that tell them: one text for live, resumed and REST, whoever reads it.

Knows no database and no socket. An event carries its document (an order, an item or a shop) as ready-made JSON text.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from orderflow.lifecycle import PARTIES, SHOWN_AT_PICKUP, STATUSES

View: TypeAlias = Literal["shop", "pickup", "menu", "customer"]
Kind: TypeAlias = Literal["placed", "moved", "item", "shop"]

_ORDER_KINDS: Final = frozenset({"placed", "moved"})
_KINDS: Final = _ORDER_KINDS | {"item", "shop"}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a feed; `feed` is the id of a shop or of a customer."""

    feed: UUID
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Event:
    """One change, as every feed that it stands in tells it. Times are RFC 3339, `day` is the business day."""

    kind: Kind
    at: str
    shop: Position
    document: str
    customer: Position | None = None
    from_status: str | None = None
    to_status: str | None = None
    by: str | None = None
    reason: str | None = None
    day: str | None = None
    number: int | None = None

    def positions(self) -> tuple[Position, ...]:
        """Where it stands: in its shop's feed, and an order's in its customer's."""
        return (self.shop,) if self.customer is None else (self.shop, self.customer)


def instant(at: datetime) -> str:
    """A time as clients read it: RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def event_of(fields: dict[str, Any], document: str | None = None) -> Event:
    """The event that the database tells as a JSON object.

    Raises:
        ValueError, KeyError, TypeError: it is not one.
    """
    if fields["kind"] not in _KINDS:
        raise ValueError("not a kind of event")
    text = fields.get("document") if document is None else document
    if not isinstance(text, str):
        raise TypeError("an event has a document")
    customer = fields.get("customer_id")
    return Event(
        kind=fields["kind"],
        at=fields["at"],
        shop=Position(UUID(fields["shop_id"]), fields["shop_epoch"], int(fields["shop_seq"])),
        document=text,
        customer=Position(UUID(customer), fields["customer_epoch"], int(fields["customer_seq"])) if customer else None,
        from_status=fields.get("from_status"),
        to_status=fields.get("to_status"),
        by=fields.get("by"),
        reason=fields.get("reason"),
        day=fields.get("day"),
        number=fields.get("number"),
    )


def message_of(event: Event) -> bytes:
    """What tells another process of an event; `event_in` reads it."""
    fields: dict[str, Any] = {
        "kind": event.kind,
        "at": event.at,
        "shop_id": str(event.shop.feed),
        "shop_epoch": event.shop.epoch,
        "shop_seq": event.shop.seq,
        "document": event.document,
    }
    if event.customer is not None:
        fields |= {
            "customer_id": str(event.customer.feed),
            "customer_epoch": event.customer.epoch,
            "customer_seq": event.customer.seq,
            "from_status": event.from_status,
            "to_status": event.to_status,
            "by": event.by,
            "reason": event.reason,
            "day": event.day,
            "number": event.number,
        }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def event_in(message: bytes) -> Event:
    """The event that another process tells by `message_of`.

    Raises:
        ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError: no frame can be made of it.
    """
    event = event_of(json.loads(message))
    if datetime.fromisoformat(event.at).tzinfo is None:
        raise ValueError("an event has an instant")
    if event.kind in _ORDER_KINDS:
        _check_order(event)
    elif event.kind == "shop":
        _shop_name(event.document)
    return event


def _check_order(event: Event) -> None:
    if event.to_status not in STATUSES or event.from_status not in (None, *STATUSES) or event.by not in PARTIES:
        raise ValueError("not a move of an order")
    # Whatever the types say, this came from outside.
    reason: Any = event.reason
    if not isinstance(reason, str | None) or type(event.number) is not int:
        raise TypeError("not what is told of an order")
    date.fromisoformat(event.day or "")


def frame(event: Event, view: View) -> str | None:
    """What a channel with this view shows of an event: the text of one frame, or None where it shows nothing."""
    if event.kind in _ORDER_KINDS:
        if view == "pickup":
            return _pickup(event)
        return None if view == "menu" else _order(event, view)
    if view == "customer":
        return None
    if event.kind == "item":
        return None if view == "pickup" else _document(event, "item", event.document)
    return _document(event, "shop", _shop_name(event.document) if view == "pickup" else event.document)


def snapshot(epoch: str, seq: int, at: str, **parts: str) -> str:
    """The first frame of a socket: the state at a seq. Each part is ready-made JSON."""
    body = "".join(f',"{name}":{text}' for name, text in parts.items())
    return f'{{"type":"snapshot","epoch":"{epoch}","seq":{seq},"at":"{at}"{body}}}'


def resumed(epoch: str, seq: int) -> str:
    """The first frame of a socket whose position was honoured."""
    return f'{{"type":"resumed","epoch":"{epoch}","seq":{seq}}}'


def beat(seq: int, head: int, at: str, every_s: float) -> str:
    """The sign of life: how far this socket was told, how far the feed is, and how often there is one."""
    return f'{{"type":"beat","seq":{seq},"head":{head},"at":"{at}","every_s":{every_s:g}}}'


def authenticated(expires_at: str) -> str:
    """The answer to a new token."""
    return f'{{"type":"auth","expires_at":"{expires_at}"}}'


def _order(event: Event, view: View) -> str:
    seq = event.customer.seq if view == "customer" and event.customer else event.shop.seq
    reason = "null" if event.reason is None else json.dumps(event.reason, ensure_ascii=False)
    came_from = "null" if event.from_status is None else f'"{event.from_status}"'
    return (
        f'{{"type":"order","seq":{seq},"at":"{event.at}","event":"{event.kind}","from":{came_from},'
        f'"to":"{event.to_status}","by":"{event.by}","reason":{reason},"order":{event.document}}}'
    )


def _pickup(event: Event) -> str | None:
    if event.to_status in SHOWN_AT_PICKUP:
        status = f'"{event.to_status}"'
    elif event.from_status in SHOWN_AT_PICKUP:
        status = "null"
    else:
        return None
    return _document(event, "order", f'{{"day":"{event.day}","number":{event.number},"status":{status}}}')


def _document(event: Event, name: str, text: str) -> str:
    return f'{{"type":"{name}","seq":{event.shop.seq},"at":"{event.at}","{name}":{text}}}'


def _shop_name(document: str) -> str:
    shop = json.loads(document)
    return json.dumps({key: shop[key] for key in ("id", "slug", "name")}, ensure_ascii=False, separators=(",", ":"))
