"""Directories that PostgreSQL's user can reach, which pytest's own are not when the tests run as root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# Containers often have 64 MB there.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - directories there are made by mkdtemp
ROOM_BYTES: Final = 4 << 30
DISK: Final = Path(tempfile.gettempdir())


def in_memory() -> Path | None:
    """Where files are kept in memory, if this machine has room for some there: None is the usual place for tests.

    A database is 330 files. To copy one costs 25 ms of a core in memory, and 300 ms on ext4.
    """
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return None
    return MEMORY


@contextmanager
def reachable(parent: Path | None = None) -> Iterator[Path]:
    """Make a directory, in memory if no other place is wanted, and remove it with all that is in it at the end."""
    made = Path(tempfile.mkdtemp(prefix="orderflow-test-", dir=parent or in_memory()))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def copy(data: Path) -> Iterator[Path]:
    """Copy a data directory that nobody uses, owners and all: quicker than making a database anew."""
    with reachable() as place:
        subprocess.run(["cp", "-a", str(data), str(place)], check=True)
        yield place / data.name
