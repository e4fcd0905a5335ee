"""The models of everything that crosses the border: strict about types, closed to unknown fields, bounded."""

from functools import partial
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from orderflow import text
from orderflow.currencies import MINOR_DIGITS
from orderflow.lifecycle import Party, Status

MAX_MINOR: Final = 100_000_000
MAX_STOCK: Final = 1_000_000
MAX_LINES: Final = 50
MAX_QUANTITY: Final = 99

_ZONES: Final = frozenset(available_timezones()) - {"localtime", "Factory"}
_CURRENCIES: Final = frozenset(MINOR_DIGITS)

# The default of a field that a change may leave out but not set to null: pydantic does not validate defaults.
_ABSENT: Final[Any] = None


def _required(value: str, max_length: int) -> str:
    if (cleaned := text.clean(value, max_length)) is None:
        raise ValueError("Must not be empty.")
    return cleaned


def _optional(value: str | None, max_length: int, *, multiline: bool = False) -> str | None:
    return None if value is None else text.clean(value, max_length, multiline=multiline)


def _password(value: str) -> str:
    if not 8 <= len(password := text.normalised(value)) <= 128:
        raise ValueError("8 to 128 characters.")
    return password


def _one_of(value: str, known: frozenset[str], what: str) -> str:
    if value not in known:
        raise ValueError(f"Not {what}.")
    return value


def _optional_email(value: str | None) -> str | None:
    return None if value is None or not value.strip() else text.email(value)


def _optional_slug(value: str | None) -> str | None:
    return None if value is None or not value.strip() else text.slug(value.strip())


def _uuid(value: object) -> UUID:
    if not isinstance(value, str) or (found := text.uuid_of(value)) is None:
        raise ValueError("Not an id.")
    return found


def _string(max_length: int, min_length: int = 1, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": min_length, "maxLength": max_length, **more})


def _nullable(max_length: int, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "null"], "maxLength": max_length, **more})


Id: TypeAlias = Annotated[UUID, BeforeValidator(_uuid), _string(36, 36, format="uuid")]
Name: TypeAlias = Annotated[str, AfterValidator(partial(_required, max_length=80)), _string(80)]
Email: TypeAlias = Annotated[str, AfterValidator(text.email), _string(254, 6, format="email")]
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
Category: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=60)), _nullable(60)]
Address: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=200)), _nullable(200)]
Phone: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=40)), _nullable(40)]
PickupName: TypeAlias = Annotated[str | None, AfterValidator(partial(_optional, max_length=40)), _nullable(40)]
Minor: TypeAlias = Annotated[int, Field(ge=0, le=MAX_MINOR)]
Stock: TypeAlias = Annotated[int, Field(ge=0, le=MAX_STOCK)]
Position: TypeAlias = Annotated[int, Field(ge=0, le=MAX_STOCK)]
Instant: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Role: TypeAlias = Literal["customer", "shop_owner"]
Ordering: TypeAlias = Literal["open", "paused"]


class Model(BaseModel):
    """Strict, closed and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


# Accounts


class Register(Model):
    email: Email
    password: Password
    name: Name
    role: Role = "customer"


class Login(Model):
    email: Annotated[str, AfterValidator(lambda value: value.strip().lower()), _string(1024, 0)]
    password: AnyPassword
    cookie: bool = False


class Refresh(Model):
    refresh_token: Token | None = None


class Logout(Model):
    refresh_token: Token | None = None


class MeChange(Model):
    name: Name = _ABSENT


class User(Model):
    id: str
    email: str
    name: str
    role: Role
    created_at: Instant


class Session(Model):
    """What a login or a refresh answers; `expires_in` is in seconds; the refresh token is null when a cookie has it."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme, no secret
    expires_in: int
    refresh_token: str | None
    user: User


# Shops, staff and items


class ShopNew(Model):
    name: Name
    slug: OptionalSlug = None
    description: Description = None
    address: Address = None
    phone: Phone = None
    email: OptionalEmail = None
    currency: Currency
    time_zone: TimeZone


class ShopChange(Model):
    name: Name = _ABSENT
    slug: Slug = _ABSENT
    description: Description = None
    address: Address = None
    phone: Phone = None
    email: OptionalEmail = None
    currency: Currency = _ABSENT
    time_zone: TimeZone = _ABSENT
    listed: bool = _ABSENT
    ordering: Ordering = _ABSENT


class Shop(Model):
    id: str
    slug: str
    name: str
    description: str | None
    address: str | None
    phone: str | None
    email: str | None
    currency: str
    time_zone: str
    listed: bool
    ordering: Ordering
    version: int
    created_at: Instant
    updated_at: Instant


class ShopPage(Model):
    data: list[Shop]
    next_cursor: str | None


class StaffNew(Model):
    email: Email


class StaffMember(Model):
    user_id: str
    name: str
    email: str


class StaffPage(Model):
    data: list[StaffMember]
    next_cursor: str | None


class ItemNew(Model):
    name: Name
    description: Description = None
    category: Category = None
    price_minor: Minor
    available: bool = True
    stock: Stock | None = None
    position: Position = 0


class ItemChange(Model):
    name: Name = _ABSENT
    description: Description = None
    category: Category = None
    price_minor: Minor = _ABSENT
    available: bool = _ABSENT
    stock: Stock | None = None
    position: Position = _ABSENT


class Item(Model):
    """An item as everybody sees it."""

    id: str
    name: str
    description: str | None
    category: str | None
    price_minor: int
    available: bool
    sold_out: bool
    position: int
    version: int
    archived: bool
    updated_at: Instant


class StockedItem(Item):
    """An item as staff see it over REST; a `stock` of null is unlimited."""

    stock: int | None


class ItemPage(Model):
    data: list[StockedItem | Item]
    next_cursor: str | None


# Orders


class LineNew(Model):
    item_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
    note: Note = None


class OrderNew(Model):
    """Lines with the same item and note are joined; 99 at most is the limit of each line, joined or not."""

    lines: Annotated[tuple[LineNew, ...], Field(strict=False, min_length=1, max_length=MAX_LINES)]
    note: Note = None
    pickup_name: PickupName = None
    email: OptionalEmail = None
    expected_total_minor: Annotated[int, Field(ge=0, le=2**53)] | None = None

    @model_validator(mode="after")
    def _joined_lines_keep_the_limit(self) -> Self:
        if len(self.lines) > 1 and any(line.quantity > MAX_QUANTITY for line in self.joined()):
            raise ValueError(f"At most {MAX_QUANTITY} of an item with the same note.")
        return self

    def joined(self) -> tuple[LineNew, ...]:
        """The lines, those with the same item and note as one, in the order of their first mention."""
        if len(self.lines) == 1:
            return self.lines
        quantities: dict[tuple[UUID, str | None], int] = {}
        for line in self.lines:
            key = (line.item_id, line.note)
            quantities[key] = quantities.get(key, 0) + line.quantity
        return tuple(
            LineNew.model_construct(item_id=item_id, quantity=quantity, note=note)
            for (item_id, note), quantity in quantities.items()
        )


class OrderMove(Model):
    status: Status
    reason: Annotated[str | None, AfterValidator(partial(_optional, max_length=200)), _nullable(200)] = None

    @model_validator(mode="after")
    def _only_a_cancellation_has_a_reason(self) -> Self:
        if self.reason is not None and self.status != "cancelled":
            raise ValueError("Only a cancellation has a reason.")
        return self


class OrderShop(Model):
    id: str
    slug: str
    name: str


class OrderCustomer(Model):
    id: str
    name: str


class Line(Model):
    item_id: str
    name: str
    quantity: int
    unit_price_minor: int
    amount_minor: int
    note: str | None


class Order(Model):
    """An order, the same for its customer and its shop's staff; names, slug, prices are as they were when placed."""

    id: str
    number: int
    business_day: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    status: Status
    version: int
    shop: OrderShop
    customer: OrderCustomer
    pickup_name: str | None
    lines: list[Line]
    note: str | None
    currency: str
    total_minor: int
    placed_at: Instant
    preparing_at: Instant | None
    ready_at: Instant | None
    picked_up_at: Instant | None
    cancelled_at: Instant | None
    cancelled_by: Party | None
    reason: str | None
    updated_at: Instant


class OrderPage(Model):
    data: list[Order]
    next_cursor: str | None


class TimelineEvent(Model):
    event: Literal["placed", "moved"]
    from_status: Annotated[Status | None, Field(alias="from", serialization_alias="from")]
    to: Status
    at: Instant
    by: Party
    reason: str | None


class Timeline(Model):
    data: list[TimelineEvent]
    next_cursor: None = None


# Frames of a shop's feed


class OrderFrame(Model):
    type: Literal["order"]
    seq: int
    at: Instant
    event: Literal["placed", "moved"]
    from_status: Annotated[Status | None, Field(alias="from")]
    to: Status
    by: Party
    reason: str | None
    order: Order


class ItemFrame(Model):
    type: Literal["item"]
    seq: int
    at: Instant
    item: Item


class ShopFrame(Model):
    type: Literal["shop"]
    seq: int
    at: Instant
    shop: Shop


class EventPage(Model):
    data: list[OrderFrame | ItemFrame | ShopFrame]
    epoch: str
    head: int


class AuthMessage(Model):
    """What a client may say on a socket: its next access token."""

    type: Literal["auth"]
    token: Annotated[str, Field(min_length=1, max_length=4096)]
