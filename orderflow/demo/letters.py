"""The e-mails of the demo, which nobody gets: on a server without a key they are files, of which the newest stay."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NoReturn

KEPT: Final = 200
EVERY_S: Final = 60.0
# Enough for the headers.
HEAD_BYTES: Final = 4_096


async def tidy(directory: Path, addresses: Iterable[str]) -> NoReturn:
    """Keep the newest of the e-mails to these addresses, for as long as the task lives."""
    wanted = [address.encode() for address in addresses]
    while True:
        await asyncio.to_thread(prune, directory, wanted, KEPT)
        await asyncio.sleep(EVERY_S)


def prune(directory: Path, addresses: list[bytes], kept: int) -> None:
    """Remove all but the newest of the e-mails to these addresses; those to others are left alone."""
    # Named by UUIDv7, so by their time.
    for path in sorted(directory.glob("*.eml"))[:-kept]:
        # Whoever it belongs to may have removed it, as an erasure does, or keep it from us.
        with contextlib.suppress(OSError):
            with path.open("rb") as letter:
                head = letter.read(HEAD_BYTES)
            if any(address in head for address in addresses):
                path.unlink(missing_ok=True)
