"""Where the workers of one service leave their figures for each other: a directory with a place for each.

A place belongs to whoever holds its lock, which ends with its process, however that ends. What a dead worker has left
stays until another takes its place and goes on from there. Knows nothing of what the figures mean.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PREFIX: Final = "orderflow-figures-"

_SERVICE: Final = "service.lock"


@dataclass(frozen=True, slots=True)
class Left:
    """What a worker has left, and whether it lives."""

    figures: bytes
    is_alive: bool


@contextlib.contextmanager
def made() -> Iterator[Path]:
    """A directory for the workers of this process, for as long as it serves; those of killed services are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if (lock := _locked(left / _SERVICE, fcntl.LOCK_EX | fcntl.LOCK_NB)) is not None:
                os.close(lock)
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as directory:
        # Locked before it has its name: another service that starts now would take it for one of a killed service.
        draft = Path(directory, f"{_SERVICE}.new")
        held = _locked(draft, fcntl.LOCK_EX, os.O_CREAT)
        draft.rename(Path(directory, _SERVICE))
        try:
            yield Path(directory)
        finally:
            if held is not None:
                os.close(held)


class Scoreboard:
    """One worker's place, from its start to the end of its process; the places of the others, to be read."""

    def __init__(self, directory: Path, place: int, lock: int) -> None:
        self._directory = directory
        self._place = place
        self._lock = lock

    @classmethod
    def join(cls, directory: Path) -> Self:
        """Take the first place that no living worker has."""
        for place in itertools.count():
            lock = _locked(_lock_of(directory, place), fcntl.LOCK_EX | fcntl.LOCK_NB, os.O_CREAT)
            if lock is not None:
                return cls(directory, place, lock)
        raise AssertionError("there is always another place")

    def leave(self) -> None:
        """Give the place back; what was left in it stays."""
        os.close(self._lock)

    def read(self) -> bytes | None:
        """What this worker, or whoever had its place before, has left."""
        path = _figures_of(self._directory, self._place)
        return path.read_bytes() if path.exists() else None

    def write(self, figures: bytes) -> None:
        """Leave new figures, of which others see all or nothing."""
        path = _figures_of(self._directory, self._place)
        draft = path.with_suffix(".new")
        draft.write_bytes(figures)
        draft.replace(path)
        # Whoever tidies up old files shall not take it for one.
        os.utime(self._lock)

    def others(self) -> list[Left]:
        """What the other workers have left, the dead ones included."""
        found = []
        for path in sorted(self._directory.glob("*.figures")):
            if path != _figures_of(self._directory, self._place):
                lock = _locked(path.with_suffix(".lock"), fcntl.LOCK_SH | fcntl.LOCK_NB)
                found.append(Left(path.read_bytes(), is_alive=lock is None))
                if lock is not None:
                    os.close(lock)
        return found


def _figures_of(directory: Path, place: int) -> Path:
    return directory / f"{place}.figures"


def _lock_of(directory: Path, place: int) -> Path:
    return directory / f"{place}.lock"


def _locked(path: Path, kind: int, create: int = 0) -> int | None:
    """The descriptor of a lock, None while another process holds it."""
    descriptor = os.open(path, os.O_RDWR | create, 0o600)
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
