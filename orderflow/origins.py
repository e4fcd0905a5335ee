"""Which pages may speak to this server with what a browser adds by itself: its own, and those that were allowed."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from orderflow.settings import Settings


def is_own(origin: str, host: str | None, settings: Settings) -> bool:
    """Whether a page came from this server, by the address that it is known by or by the one that it was asked at."""
    if origin == settings.public_url:
        return True
    parts = urlsplit(origin)
    return host is not None and parts.scheme in ("http", "https") and origin == f"{parts.scheme}://{host}"


def may_open(given: Sequence[str], host: str | None, settings: Settings) -> bool:
    """Whether a WebSocket may be opened with these Origin headers; programs that are no browsers send none."""
    if not given:
        return True
    return len(given) == 1 and (is_own(given[0], host, settings) or given[0] in settings.allowed_origins)
