"""What a request says beside its body: path, query, Idempotency-Key. Errors name the parameter as `?name`."""

import base64
import binascii
import re
from collections.abc import Collection
from typing import Final
from uuid import UUID

from starlette.requests import Request

from orderflow import text
from orderflow.errors import Invalid, NotFound, fault
from orderflow.http import headers
from orderflow.http.routing import Parameter

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
MAX_SEARCH: Final = 80
MAX_SEQ: Final = 2**63 - 1

LIMIT: Final = Parameter(
    "limit", "How many at most.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
)
CURSOR: Final = Parameter("cursor", "The `next_cursor` of the page before.")
IF_MATCH: Final = Parameter("If-Match", 'Change it only if this is still its ETag, such as `"3"`.')
IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "Names this order, so that a repetition after a lost answer places no second one.",
    {"type": "string", "minLength": 1, "maxLength": 255},
)

_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_KEY: Final = re.compile(rb"[\x20-\x7e]{1,255}")


def path_id(request: Request, name: str) -> UUID:
    """An id from the path.

    Raises:
        NotFound: it has another shape.
    """
    if (found := text.uuid_of(request.scope["path_params"][name])) is None:
        raise NotFound
    return found


def path_shop(request: Request, name: str = "shop") -> UUID | str:
    """The id or the slug that names a shop in the path.

    Raises:
        NotFound: it has the shape of neither.
    """
    if (found := text.shop_named(request.scope["path_params"][name])) is None:
        raise NotFound
    return found


def limit(request: Request) -> int:
    """How many rows of a list are wanted: `?limit=`, 1 to 100, 50 unless told."""
    given = _once(request, "limit")
    if given is None:
        return DEFAULT_LIMIT
    if not _DIGITS.fullmatch(given) or not 1 <= int(given) <= MAX_LIMIT:
        raise _bad("limit", "A whole number from 1 to 100.")
    return int(given)


def after(request: Request) -> int:
    """The seq after which events are wanted: `?after=`, plain digits, 0 unless told."""
    given = _once(request, "after")
    if given is None:
        return 0
    if not _DIGITS.fullmatch(given) or int(given) > MAX_SEQ:
        raise _bad("after", "A whole number, in plain digits.")
    return int(given)


def choice(request: Request, name: str, known: Collection[str]) -> str | None:
    """A query parameter that is one of a few words, None if absent."""
    given = _once(request, name)
    if given is not None and given not in known:
        raise _bad(name, "One of " + ", ".join(known) + ".")
    return given


def status(request: Request, known: Collection[str]) -> str | None:
    """`?status=` of a list of orders."""
    return choice(request, "status", known)


def search(request: Request, name: str = "q") -> str | None:
    """Text to look for, as it would be stored; None if absent or empty."""
    given = _once(request, name)
    if given is None:
        return None
    try:
        return text.clean(given, MAX_SEARCH)
    except ValueError as error:
        raise _bad(name, str(error)) from None


def cursor(request: Request) -> UUID | None:
    """The row behind which a list by id goes on: `?cursor=`, None at its beginning."""
    found = _cursor(request)
    if found is not None and found[0]:
        raise _bad("cursor", "Not a cursor of this list.")
    return found and found[1]


def text_cursor(request: Request) -> tuple[str, UUID] | None:
    """The row behind which a list by text and id goes on."""
    return _cursor(request)


def next_cursor(row_id: UUID, by: str = "") -> str:
    """The cursor behind a row of a list by id, or by a text and then the id."""
    return base64.urlsafe_b64encode(row_id.bytes + by.encode()).rstrip(b"=").decode()


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key of a request, None without one.

    Raises:
        Invalid: anything but 1 to 255 printable ASCII characters, given once.
    """
    given = headers.values(request.scope, b"idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        detail = "1 to 255 printable ASCII characters, given once."
        raise Invalid(errors=[fault("Idempotency-Key", detail)])
    return given[0].decode()


def _cursor(request: Request) -> tuple[str, UUID] | None:
    given = _once(request, "cursor")
    if given is None:
        return None
    try:
        decoded = base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), b"-_", validate=True)
        found = decoded[16:].decode(), UUID(bytes=decoded[:16])
    except (binascii.Error, ValueError):
        raise _bad("cursor", "Not a cursor that a list gave.") from None
    if next_cursor(found[1], found[0]) != given or "\0" in found[0]:
        raise _bad("cursor", "Not a cursor that a list gave.")
    return found


def _once(request: Request, name: str) -> str | None:
    if not request.scope["query_string"]:
        return None
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise _bad(name, "Give it once.")
    return given[0] if given else None


def _bad(name: str, detail: str) -> Invalid:
    return Invalid(errors=[fault(f"?{name}", detail)])
