"""The kinds of fields that models have: what text, numbers and names have to be, and how a schema says so."""

from functools import partial
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from orderflow import text
from orderflow.currencies import MINOR_DIGITS

MAX_MINOR: Final = 100_000_000
MAX_STOCK: Final = 1_000_000
MAX_LINES: Final = 50
MAX_QUANTITY: Final = 99
MAX_MINUTES: Final = 1440
MAX_URL: Final = 500

_ZONES: Final = frozenset(available_timezones()) - {"localtime", "Factory"}
_CURRENCIES: Final = frozenset(MINOR_DIGITS)

# The default of a field that a change may leave out but not set to null: pydantic does not validate defaults.
ABSENT: Final[Any] = None


def _required(value: str, max_length: int) -> str:
    if (cleaned := text.clean(value, max_length)) is None:
        raise text.Unfit("required", "Must not be empty.")
    return cleaned


def _optional(value: str | None, max_length: int, *, multiline: bool = False) -> str | None:
    return None if value is None else text.clean(value, max_length, multiline=multiline)


def _password(value: str) -> str:
    password = text.normalised(value)
    if len(password) < 8:
        raise text.Unfit("too_short", "8 to 128 characters.", 8)
    if len(password) > 128:
        raise text.Unfit("too_long", "8 to 128 characters.", 128)
    return password


def _one_of(value: str, known: frozenset[str], what: str) -> str:
    if value not in known:
        raise text.Unfit("not_a_choice", f"Not {what}.")
    return value


def _optional_email(value: str | None) -> str | None:
    return None if value is None or not value.strip() else text.email(value)


def _optional_https_url(value: str | None) -> str | None:
    return None if value is None else text.https_url(value, MAX_URL)


def _optional_slug(value: str | None) -> str | None:
    return None if value is None or not value.strip() else text.slug(value.strip())


def _uuid(value: object) -> UUID:
    if not isinstance(value, str) or (found := text.uuid_of(value)) is None:
        raise text.Unfit("not_an_id", "Not an id.")
    return found


def _string(max_length: int, min_length: int = 1, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": min_length, "maxLength": max_length, **more})


def _nullable(max_length: int, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "null"], "maxLength": max_length, **more})


Id: TypeAlias = Annotated[UUID, BeforeValidator(_uuid), _string(36, 36, format="uuid")]
Name: TypeAlias = Annotated[str, AfterValidator(partial(_required, max_length=80)), _string(80)]
Email: TypeAlias = Annotated[str, AfterValidator(text.email), _string(254, 6, format="email")]
# What somebody tries to sign in with: it need not be an address that can be registered.
AnyEmail: TypeAlias = Annotated[str, AfterValidator(lambda value: value.strip().lower()), _string(1024, 0)]
Password: TypeAlias = Annotated[str, AfterValidator(_password), _string(128, 8, format="password")]
AnyPassword: TypeAlias = Annotated[str, AfterValidator(text.normalised), _string(1024, 0, format="password")]
Token: TypeAlias = Annotated[str, Field(max_length=1024)]
Currency: TypeAlias = Annotated[
    str, AfterValidator(partial(_one_of, known=_CURRENCIES, what="an ISO 4217 currency")), _string(3, 3)
]
TimeZone: TypeAlias = Annotated[
    str, AfterValidator(partial(_one_of, known=_ZONES, what="an IANA time zone")), _string(64)
]
OptionalSlug: TypeAlias = Annotated[str | None, AfterValidator(_optional_slug), _nullable(40)]
Slug: TypeAlias = Annotated[str, AfterValidator(text.slug), _string(40, 3, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
OptionalEmail: TypeAlias = Annotated[str | None, AfterValidator(_optional_email), _nullable(254, format="email")]
Description: TypeAlias = Annotated[
    str | None, AfterValidator(partial(_optional, max_length=1000, multiline=True)), _nullable(1000)
]
Note: TypeAlias = Annotated[
    str | None, AfterValidator(partial(_optional, max_length=200, multiline=True)), _nullable(200)
]
Reason: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=200)), _nullable(200)]
Category: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=60)), _nullable(60)]
PhotoUrl: TypeAlias = Annotated[
    str | None, AfterValidator(_optional_https_url), _nullable(MAX_URL, format="uri", pattern="^https://")
]
Address: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=200)), _nullable(200)]
Phone: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=40)), _nullable(40)]
PickupName: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=40)), _nullable(40)]
Minor: TypeAlias = Annotated[int, Field(ge=0, le=MAX_MINOR)]
Stock: TypeAlias = Annotated[int, Field(ge=0, le=MAX_STOCK)]
Position: TypeAlias = Annotated[int, Field(ge=0, le=MAX_STOCK)]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=MAX_MINUTES)]
Instant: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Role: TypeAlias = Literal["customer", "shop_owner"]
Ordering: TypeAlias = Literal["open", "paused"]
