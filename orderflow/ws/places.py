"""How many sockets there may be at once: of one person, of one address, of a process."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias
from uuid import UUID

from orderflow.errors import RateLimited, Unavailable

Place: TypeAlias = tuple[UUID | None, str | None]
"""Who has it and from where; None is not counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The greatest numbers; 0 is without limit."""

    per_user: int
    per_address: int
    per_process: int


class Places:
    """The places that are taken."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._taken = 0
        self._held: Counter[UUID | str] = Counter()

    def take(self, user: UUID | None, address: str) -> Place:
        """Take a place for a socket; who comes from this machine itself, as a proxy or a test does, is not counted.

        Raises:
            Unavailable: the process is full.
            RateLimited: this person or this address has as many as it may have.
        """
        place: Place = (None, None) if _is_own(address) else (user, address)
        limits = self._limits
        if limits.per_process and self._taken >= limits.per_process:
            raise Unavailable("There are too many sockets here: try again later.")
        for limit, key in zip((limits.per_user, limits.per_address), place, strict=True):
            if limit and key is not None and self._held[key] >= limit:
                raise RateLimited("You have too many sockets open.")
        self._count(place, 1)
        return place

    def give_back(self, place: Place) -> None:
        """The socket is over, or did not come to be."""
        self._count(place, -1)

    def _count(self, place: Place, change: int) -> None:
        self._taken += change
        for key in place:
            if key is not None:
                self._held[key] += change
                if not self._held[key]:
                    del self._held[key]


# Thousands of boards come from few addresses, and back all at once.
@lru_cache(maxsize=1024)
def _is_own(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        # A Unix socket has none.
        return True
