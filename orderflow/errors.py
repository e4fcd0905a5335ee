"""Every refusal of the domain, as one tree.

A refusal carries a stable `code`, a sentence for people and data for programs. It knows nothing of HTTP or
WebSocket: each edge maps the tree to its own statuses and close codes, in one table.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """The domain says no.

    `detail` is one sentence that a person can act on; `extra` holds the members that the refusal adds to the answer.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.sentence)
        self.detail = detail or self.sentence
        self.extra = extra


class Malformed(Refusal):
    """What was sent cannot be read at all."""


class MethodNotAllowed(Malformed):
    code = "method_not_allowed"
    sentence = "This address does not take that method."


class BodyTooLarge(Malformed):
    code = "body_too_large"
    sentence = "A body may have at most 65,536 bytes."


class UriTooLong(Malformed):
    code = "uri_too_long"
    sentence = "An address may have at most 8,192 bytes."


class HeadersTooLarge(Malformed):
    code = "headers_too_large"
    sentence = "The headers of a request may have at most 16,384 bytes."


class BadRequest(Malformed):
    code = "bad_request"
    sentence = "This is not a valid HTTP request."


class UnsupportedMediaType(Malformed):
    code = "unsupported_media_type"
    sentence = "Send application/json in UTF-8, not compressed."


class NotJson(Malformed):
    code = "not_json"
    sentence = "The body is not valid JSON in UTF-8."


def fault(pointer: str, detail: str, code: str = "unfit", limit: int | None = None) -> dict[str, Any]:
    """One of the `errors` of what is invalid: where, why in a sentence, the same for programs, the number it means."""
    return {"pointer": pointer, "detail": detail, "code": code, **({} if limit is None else {"limit": limit})}


class Invalid(Refusal):
    """`errors` is a list of faults; their pointers are RFC 6901 JSON pointers into the body."""

    code = "invalid"
    sentence = "Some of what was sent is not as it has to be."


class ReasonRequired(Invalid):
    code = "reason_required"
    sentence = "A shop that cancels an order gives a reason."


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    sentence = "This Idempotency-Key was used before with another order."


class Unauthenticated(Refusal):
    code = "unauthenticated"
    sentence = "Sign in first: send a valid access token."


class TokenExpired(Unauthenticated):
    code = "token_expired"
    sentence = "The access token has expired: refresh it."


class BadCredentials(Unauthenticated):
    code = "bad_credentials"
    sentence = "E-mail address or password is wrong."


class BadRefreshToken(Unauthenticated):
    code = "bad_refresh_token"
    sentence = "This refresh token is not valid (any more): sign in again."


class Forbidden(Refusal):
    code = "forbidden"
    sentence = "You may see this, but not do that."


class WrongPassword(Forbidden):
    """The token is good, so this is no 401: a client that got one would refresh it, or sign out."""

    code = "wrong_password"
    sentence = "This is not the password of your account."


class NotFound(Refusal):
    code = "not_found"
    sentence = "There is nothing here that you can see."


class UserNotFound(NotFound):
    code = "user_not_found"
    sentence = "Nobody has registered with this e-mail address."


class VersionMismatch(Refusal):
    code = "version_mismatch"
    sentence = "It has changed since you read it: read it again."


class Conflict(Refusal):
    """It is well formed and allowed, but not as things stand now."""


class EmailTaken(Conflict):
    code = "email_taken"
    sentence = "Somebody has registered with this e-mail address already."


class OwnsShops(Conflict):
    code = "owns_shops"
    sentence = "This account owns a shop, and a shop cannot be closed or handed over yet."


class OpenOrders(Conflict):
    code = "open_orders"
    sentence = "Orders of this account are under way: they have to be picked up or cancelled first."


class SlugTaken(Conflict):
    code = "slug_taken"
    sentence = "Another shop has, or had, this slug."


class CurrencyFixed(Conflict):
    code = "currency_fixed"
    sentence = "The currency is fixed once a shop has had an order."


class OwnerIsStaff(Conflict):
    code = "owner_is_staff"
    sentence = "The owner always belongs to the staff."


class TooManyItems(Conflict):
    code = "too_many_items"
    sentence = "A shop may have at most 500 items."


class ShopPaused(Conflict):
    code = "shop_paused"
    sentence = "The shop takes no orders at the moment."


class ItemUnavailable(Conflict):
    """`items` is a list of `{item_id, name}`; the name is null for an item that this shop never had."""

    code = "item_unavailable"
    sentence = "Some of the items are not to be had here now."


class TotalChanged(Conflict):
    """`total_minor` is what the order would cost now."""

    code = "total_changed"
    sentence = "Prices have changed: the total is not what you expected."


class TooManyOpenOrders(Conflict):
    code = "too_many_open_orders"
    sentence = "You have too many open orders at this shop."


class OutOfStock(Conflict):
    """`items` is a list of `{item_id, name, left}`."""

    code = "out_of_stock"
    sentence = "There is not enough left of some of the items."


class InvalidTransition(Conflict):
    """`allowed` lists the statuses to which the one who asked may move the order now."""

    code = "invalid_transition"
    sentence = "The order cannot move there from where it stands."


class Busy(Refusal):
    """Nothing is wrong with what was asked: ask again after `retry_after_s` seconds."""

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 1, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after_s = retry_after_s


class RateLimited(Busy):
    code = "rate_limited"
    sentence = "Too many requests: wait a moment."


class Unavailable(Busy):
    code = "unavailable"
    sentence = "The service cannot do this at the moment: try again."
