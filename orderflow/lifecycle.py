"""The statuses of an order and the moves between them. Pure: no clock, no database, no words of HTTP."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from orderflow.errors import Forbidden, InvalidTransition, ReasonRequired

Status: TypeAlias = Literal["pending", "preparing", "ready", "picked_up", "cancelled"]
Party: TypeAlias = Literal["customer", "shop", "system"]

STATUSES: Final[tuple[Status, ...]] = ("pending", "preparing", "ready", "picked_up", "cancelled")
PARTIES: Final[tuple[Party, ...]] = ("customer", "shop", "system")
ACTIVE: Final[tuple[Status, ...]] = ("pending", "preparing", "ready")
SHOWN_AT_PICKUP: Final[frozenset[str]] = frozenset({"preparing", "ready"})

_BY_STAFF: Final[dict[Status, tuple[Status, ...]]] = {
    "pending": ("preparing", "ready", "cancelled"),
    "preparing": ("ready", "cancelled"),
    "ready": ("picked_up", "cancelled"),
    "picked_up": (),
    "cancelled": (),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands.

    `trail` holds the statuses before this one whose moves are not undone, oldest first; it is empty where nothing
    can be undone. `moved_at` is when the order moved last.
    """

    status: Status
    trail: tuple[Status, ...]
    cancelled_by: Party | None
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a move; one person can be both."""

    is_customer: bool
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A move that is allowed: where to, on whose behalf, and whether it takes the last move back."""

    to: Status
    by: Party
    is_recall: bool = False


def check(
    standing: Standing, asker: Asker, to: Status, reason: str | None, now: datetime, recall: timedelta
) -> Move | None:
    """Decide on a move that somebody asked for.

    Returns the move, or None when the order stands there already.

    Raises:
        Forbidden: its customer, who is not of the staff, asks for anything but `cancelled`.
        InvalidTransition: the table of moves does not have it now.
        ReasonRequired: the shop cancels without saying why.
    """
    if to == standing.status:
        return None
    check_right(asker, to)
    if to not in (possible := allowed(standing, asker, now, recall)):
        raise InvalidTransition(allowed=list(possible))
    if to == "cancelled":
        return _cancellation(standing, asker, reason)
    return Move(to, "shop", is_recall=to not in _BY_STAFF[standing.status])


def check_right(asker: Asker, to: Status) -> None:
    """Whether this person may ask for such a move at all, wherever the order stands.

    Raises:
        Forbidden: its customer, who is not of the staff, asks for anything but `cancelled`.
    """
    if not asker.is_staff and to != "cancelled":
        raise Forbidden("A customer can only cancel an order.")


def allowed(standing: Standing, asker: Asker, now: datetime, recall: timedelta) -> tuple[Status, ...]:
    """The statuses to which this person may move the order now, the usual one first."""
    if asker.is_staff:
        return tuple(_unique((*_BY_STAFF[standing.status], *_before(standing, now, recall))))
    return ("cancelled",) if asker.is_customer and standing.status == "pending" else ()


def closing(status: Status) -> Move | None:
    """How the system closes an order that nobody touched for long; None for one that is finished."""
    if status not in ACTIVE:
        return None
    return Move("picked_up" if status == "ready" else "cancelled", "system")


def _before(standing: Standing, now: datetime, recall: timedelta) -> tuple[Status, ...]:
    if not standing.trail or now - standing.moved_at > recall:
        return ()
    if standing.status == "cancelled" and standing.cancelled_by != "shop":
        return ()
    return standing.trail[-1:]


def _cancellation(standing: Standing, asker: Asker, reason: str | None) -> Move:
    if asker.is_customer and standing.status == "pending" and not (asker.is_staff and reason):
        return Move("cancelled", "customer")
    if reason is None:
        raise ReasonRequired
    return Move("cancelled", "shop")


def _unique(statuses: Iterable[Status]) -> Iterable[Status]:
    return dict.fromkeys(statuses)
