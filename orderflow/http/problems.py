"""Refusals as RFC 9457 problems: the one table from the domain's codes to HTTP's statuses."""

import logging
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from orderflow.errors import Busy, MethodNotAllowed, NotFound, Refusal
from orderflow.http import headers

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:orderflow:problem:"

# Code → status and title. The test of the edge walks the tree of refusals and asks for a row for each.
STATUSES: Final[Mapping[str, tuple[int, str]]] = {
    "method_not_allowed": (405, "Method not allowed"),
    "body_too_large": (413, "Body too large"),
    "uri_too_long": (414, "Address too long"),
    "headers_too_large": (431, "Headers too large"),
    "bad_request": (400, "Bad request"),
    "request_timeout": (408, "Request too slow"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "not_json": (400, "Not JSON"),
    "invalid": (422, "Invalid"),
    "reason_required": (422, "Reason required"),
    "idempotency_key_reused": (422, "Idempotency key reused"),
    "unauthenticated": (401, "Not signed in"),
    "token_expired": (401, "Token expired"),
    "bad_credentials": (401, "Wrong e-mail address or password"),
    "bad_refresh_token": (401, "Bad refresh token"),
    "forbidden": (403, "Forbidden"),
    "wrong_password": (403, "Wrong password"),
    "not_found": (404, "Not found"),
    "user_not_found": (404, "User not found"),
    "version_mismatch": (412, "Changed meanwhile"),
    "upgrade_required": (426, "Upgrade required"),
    "email_taken": (409, "E-mail address taken"),
    "owns_shops": (409, "Owns shops"),
    "open_orders": (409, "Orders under way"),
    "slug_taken": (409, "Slug taken"),
    "currency_fixed": (409, "Currency fixed"),
    "owner_is_staff": (409, "Owner is staff"),
    "too_many_items": (409, "Too many items"),
    "shop_paused": (409, "Shop paused"),
    "item_unavailable": (409, "Item unavailable"),
    "total_changed": (409, "Total changed"),
    "too_many_open_orders": (409, "Too many open orders"),
    "out_of_stock": (409, "Out of stock"),
    "invalid_transition": (409, "Invalid transition"),
    "rate_limited": (429, "Too many requests"),
    "unavailable": (503, "Unavailable"),
    "internal": (500, "Internal error"),
}
# What Starlette and its static files refuse by status alone.
_CODES: Final[Mapping[int, str]] = {
    # A file that the server itself may not read.
    401: "not_found",
    404: "not_found",
    405: "method_not_allowed",
    426: "upgrade_required",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "not_found": NotFound.sentence,
    "method_not_allowed": MethodNotAllowed.sentence,
    "upgrade_required": "This address speaks WebSocket only.",
}

_log = logging.getLogger("orderflow.http")


def problem_bytes(code: str, detail: str, request_id: str, extra: Mapping[str, Any] | None = None) -> bytes:
    """The body of a problem; members of `extra` stand behind the usual ones and never replace them."""
    status, title = STATUSES[code]
    return to_json(
        {
            **(extra or {}),
            "type": TYPE_PREFIX + code,
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": request_id,
        }
    )


def problem(
    scope: Scope,
    code: str,
    detail: str,
    *,
    extra: Mapping[str, Any] | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that is refused; `more` are headers to add."""
    content = problem_bytes(code, detail, headers.request_id(scope), extra)
    return Response(content, STATUSES[code][0], more, MEDIA_TYPE)


def refused(scope: Scope, refusal: Refusal) -> Response:
    """A refusal of the domain as a problem."""
    more: dict[str, str] = {}
    if STATUSES[refusal.code][0] == 401:
        more["www-authenticate"] = _challenge(scope, refusal.code)
    if isinstance(refusal, Busy):
        more["retry-after"] = str(max(1, refusal.retry_after_s))
    return problem(scope, refusal.code, refusal.detail, extra=refusal.extra, more=more)


async def on_refusal(request: Request, error: Exception) -> Response:
    """Starlette's handler for every Refusal."""
    return refused(request.scope, cast(Refusal, error))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's handler for what its router and static files raise: unknown paths and methods."""
    error = cast(HTTPException, error)
    more = dict(error.headers or {})
    if error.status_code == 405:
        more = {"Allow": _allow(more.get("Allow", "GET, HEAD"))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=more)
    code = _CODES.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    return problem(request.scope, code, _SENTENCES.get(code, error.detail), more=more)


def missing(scope: Scope) -> Response:
    """The answer for a path that can name nothing."""
    return problem(scope, "not_found", NotFound.sentence)


def internal_error(scope: Scope, error: Exception) -> Response:
    """Log what must never happen, under the request's id, and tell the client that id and nothing else."""
    _log.error("Request %s failed: %s", headers.request_id(scope), type(error).__name__, exc_info=error)
    return problem(scope, "internal", "Something went wrong here. It has been written down.")


def _challenge(scope: Scope, code: str) -> str:
    # RFC 6750: error="invalid_token" only where a token came with the request, and it was what was refused.
    tried = code in {"unauthenticated", "token_expired"} and headers.values(scope, b"authorization")
    return 'Bearer error="invalid_token"' if tried else "Bearer"


def _allow(methods: str) -> str:
    named = {method.strip() for method in methods.split(",")} | {"OPTIONS"}
    return ", ".join(sorted(named))


EXCEPTION_HANDLERS: Final[Mapping[Any, ExceptionHandler]] = {
    Refusal: on_refusal,
    HTTPException: on_http_exception,
}
