"""Ctrl-C and its kind: at once while something is measured, but never while a server starts or ends."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any, Final

SIGNS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """What the signals of this process do from now on: raise KeyboardInterrupt, once, where that is allowed."""

    def __init__(self) -> None:
        self._is_allowed = True
        self._is_wanted = False
        self._is_raised = False
        for sign in SIGNS:
            signal.signal(sign, self._on_signal)

    @contextlib.contextmanager
    def allowed(self, now: bool) -> Iterator[None]:
        """Let them raise within the context, or have them wait until they may."""
        before, self._is_allowed = self._is_allowed, now
        try:
            self._raise_if_due()
            yield
        finally:
            self._is_allowed = before
        self._raise_if_due()

    def _on_signal(self, *_: Any) -> None:
        self._is_wanted = True
        self._raise_if_due()

    def _raise_if_due(self) -> None:
        if self._is_wanted and self._is_allowed and not self._is_raised:
            self._is_raised = True
            raise KeyboardInterrupt
