"""Who asks."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is signed in, and the session by which; `expires_at` is in seconds since 1970."""

    user_id: UUID
    session_id: UUID
    expires_at: float
