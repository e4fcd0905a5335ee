"""New ids: UUIDv7 (RFC 9562), which sort by the time at which they were made."""

import os
import time
from datetime import datetime
from uuid import UUID


def new_id() -> UUID:
    """48 bits of milliseconds since 1970, then version, variant and 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def made_at(made: UUID) -> float:
    """When an id of ours was made, in seconds since 1970, to the millisecond."""
    return (made.int >> 80) / 1000


def first_id_at(moment: datetime) -> UUID:
    """What sorts before all ids that were made at a moment or later, and behind those from before it."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
