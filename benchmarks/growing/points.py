"""What grows, and how large it is at each point at which something is measured."""

from dataclasses import dataclass
from typing import Final, Literal

Axis = Literal["sockets", "shops", "orders"]

TITLES: Final[dict[Axis, str]] = {
    "sockets": "sockets on the channel",
    "shops": "shops, each with a board open",
    "orders": "finished orders of the shop",
}


@dataclass(frozen=True)
class Point:
    """One size on one axis; the other two are as small as can be."""

    axis: Axis
    size: int

    def __str__(self) -> str:
        return f"{self.size:,} {TITLES[self.axis]}"

    @property
    def sockets(self) -> int:
        """How many sockets listen to the shop that is measured."""
        return self.size if self.axis == "sockets" else 1

    @property
    def shops(self) -> int:
        """How many shops there are, each with a board open."""
        return self.size if self.axis == "shops" else 1

    @property
    def orders(self) -> int:
        """How many orders of the shop were finished before."""
        return self.size if self.axis == "orders" else 0


def points(sizes: dict[Axis, list[int]]) -> list[Point]:
    """All points of some sizes."""
    return [Point(axis, size) for axis, each in sizes.items() for size in sorted(set(each))]
