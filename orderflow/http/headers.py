"""Headers as ASGI carries them: how they are read, and those that every answer bears."""

from typing import Final

from starlette.types import Scope

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
SECURITY: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
POLICY: Final = (b"content-security-policy", CONTENT_SECURITY_POLICY.encode())


def values(scope: Scope, name: bytes) -> list[bytes]:
    """All values of a header, `name` in lower case; Starlette's Headers would decode each of them for every look."""
    return [value for key, value in scope["headers"] if key == name]


def request_id(scope: Scope) -> str:
    """The id that the edge gave to this request, "" outside of it."""
    found: str = scope.get("state", {}).get("request_id", "")
    return found
