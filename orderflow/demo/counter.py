"""The counter, where people meet without the server: who will come for an order, and who stands there now."""

from collections.abc import Callable


class Counter:
    """Orders by their ids."""

    def __init__(self) -> None:
        self._expected: set[str] = set()
        self._here: set[str] = set()
        self._callers: list[Callable[[str], None]] = []

    def on_arrival(self, call: Callable[[str], None]) -> None:
        """Have somebody look up when a customer comes for an order."""
        self._callers.append(call)

    def expect(self, order: str) -> None:
        """Somebody watches this order, and will come for it."""
        self._expected.add(order)

    def arrive(self, order: str) -> None:
        """Who ordered it stands at the counter."""
        self._here.add(order)
        for call in self._callers:
            call(order)

    def leave(self, order: str) -> None:
        """Nobody waits for it any more."""
        self._expected.discard(order)
        self._here.discard(order)

    def is_expected(self, order: str) -> bool:
        """Whether somebody of the demo will come for it."""
        return order in self._expected

    def is_here(self, order: str) -> bool:
        """Whether who ordered it stands there."""
        return order in self._here
