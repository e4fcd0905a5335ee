"""The e-mails of the demo, which nobody gets: on a server without a key they are files, of which the newest stay."""

import asyncio
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
        with path.open("rb") as letter:
            is_ours = any(address in letter.read(HEAD_BYTES) for address in addresses)
        if is_ours:
            path.unlink(missing_ok=True)
