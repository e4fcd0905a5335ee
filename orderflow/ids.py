"""New ids: UUIDv7 (RFC 9562), which sort by the time at which they were made."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """48 bits of milliseconds since 1970, then version, variant and 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def made_at(made: UUID) -> float:
    """When an id of ours was made, in seconds since 1970, to the millisecond."""
    return (made.int >> 80) / 1000
