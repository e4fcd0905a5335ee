"""Headers as ASGI carries them: how they are read, and those that every answer bears."""

from typing import Final

from starlette.types import Scope

# A file has no forms, and a page has dozens of files.
POLICY_OF_FILES: Final = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
CONTENT_SECURITY_POLICY: Final = f"{POLICY_OF_FILES}; form-action 'self'"
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
