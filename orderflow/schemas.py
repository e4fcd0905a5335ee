"""The models of everything that crosses the border: strict about types, closed to unknown fields, bounded."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from orderflow.fields import (
    ABSENT,
    MAX_LINES,
    MAX_QUANTITY,
    Address,
    AnyEmail,
    AnyPassword,
    Category,
    Currency,
    Description,
    Email,
    Id,
    Instant,
    Minor,
    Minutes,
    Name,
    Note,
    OptionalEmail,
    OptionalSlug,
    Ordering,
    Password,
    Phone,
    PhotoUrl,
    PickupName,
    Position,
    Reason,
    Role,
    Slug,
    Stock,
    TimeZone,
    Token,
)
from orderflow.lifecycle import Party, Status
from orderflow.text import Unfit


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
    email: AnyEmail
    password: AnyPassword
    cookie: bool = False


class Refresh(Model):
    refresh_token: Token | None = None


class Logout(Model):
    refresh_token: Token | None = None


class MeChange(Model):
    name: Name = ABSENT


class MeErase(Model):
    password: AnyPassword


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
    """`warm_minutes` and `hot_minutes`: from when on an order that waits stands out on the board, and is late."""

    name: Name = ABSENT
    slug: Slug = ABSENT
    description: Description = None
    address: Address = None
    phone: Phone = None
    email: OptionalEmail = None
    currency: Currency = ABSENT
    time_zone: TimeZone = ABSENT
    listed: bool = ABSENT
    ordering: Ordering = ABSENT
    warm_minutes: Minutes = ABSENT
    hot_minutes: Minutes = ABSENT


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
    warm_minutes: int
    hot_minutes: int
    version: int
    created_at: Instant
    updated_at: Instant


class ShopPage(Model):
    data: list[Shop]
    next_cursor: str | None


class MyShop(Shop):
    """A shop as who works there sees it among their own."""

    role: Literal["owner", "staff"]


class MyShopPage(Model):
    data: list[MyShop]
    next_cursor: str | None


class Screen(Model):
    """A screen of a shop: the address at which people reach it, and the path of that as a QR code."""

    screen: str
    url: str
    qr: str


class ScreenPage(Model):
    data: list[Screen]
    next_cursor: None


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
    photo_url: PhotoUrl = None
    price_minor: Minor
    available: bool = True
    stock: Stock | None = None
    position: Position = 0


class ItemChange(Model):
    name: Name = ABSENT
    description: Description = None
    category: Category = None
    photo_url: PhotoUrl = None
    price_minor: Minor = ABSENT
    available: bool = ABSENT
    stock: Stock | None = None
    position: Position = ABSENT


class Item(Model):
    """An item as everybody sees it."""

    id: str
    name: str
    description: str | None
    category: str | None
    photo_url: str | None
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
            raise Unfit("too_large", f"At most {MAX_QUANTITY} of an item with the same note.", MAX_QUANTITY)
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
    reason: Reason = None

    @model_validator(mode="after")
    def _only_a_cancellation_has_a_reason(self) -> Self:
        if self.reason is not None and self.status != "cancelled":
            raise Unfit("unfit", "Only a cancellation has a reason.")
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
