"""The schema as SQLAlchemy Core tables, without the e-mails'. The migrations make it; a test holds them together."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from orderflow.columns import at as _at
from orderflow.columns import identity as _id
from orderflow.columns import metadata
from orderflow.columns import required as _required
from orderflow.credentials import NO_HASH
from orderflow.lifecycle import ACTIVE, STATUSES


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


# In PostgreSQL's own words, since that is what a comparison of the schema reads.
_IS_ACTIVE: Final = "status = ANY (ARRAY[" + ", ".join(f"'{status}'::text" for status in ACTIVE) + "])"

# Salt and digest of nobody's hash; what stands before them may change with what it costs to verify.
_BLANK: Final = "$" + NO_HASH.split("$", 4)[4]

users: Final = Table(
    "users",
    metadata,
    _id(),
    # Null once the account has been erased: what is left is an id, which orders and events point at.
    Column("email", Text, unique=True),
    _required("name", Text),
    _required("role", Text),
    _required("password_hash", Text),
    _at("created_at"),
    _at("erased_at", nullable=True),
    CheckConstraint("role IN ('customer', 'shop_owner')", name="role"),
    CheckConstraint("email = lower(email)", name="email_lower"),
    CheckConstraint("(email IS NULL) = (erased_at IS NOT NULL)", name="erased_at"),
    # Against whoever would write a name back: code that knows of no erasures, or a request that began before one.
    CheckConstraint(f"erased_at IS NULL OR name = 'erased' AND password_hash LIKE '%{_BLANK}'", name="erased"),
    # Asked every second: whether somebody was erased lately.
    Index("ix_users_erased_at", "erased_at", postgresql_where=text("erased_at IS NOT NULL")),
)

# A session is a family of refresh tokens; ended_at is set by logout, by reuse of a token and by a new password.
sessions: Final = Table(
    "sessions",
    metadata,
    _id(),
    _required("user_id", Uuid, ForeignKey("users.id"), index=True),
    _at("created_at"),
    _at("expires_at"),
    _at("ended_at", nullable=True),
    # Asked every second: which sessions ended lately.
    Index("ix_sessions_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
)

refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    # SHA-256 of the token: what leaks from here opens nothing.
    Column("hash", LargeBinary, primary_key=True),
    _required("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), index=True),
    _required("in_cookie", Boolean),
    _at("issued_at"),
    # Null until it has been exchanged for the next one.
    _at("used_at", nullable=True),
)

shops: Final = Table(
    "shops",
    metadata,
    _id(),
    _required("owner_id", Uuid, ForeignKey("users.id"), index=True),
    _required("slug", Text, unique=True),
    _required("name", Text),
    Column("description", Text),
    Column("address", Text),
    Column("phone", Text),
    Column("email", Text),
    _required("currency", Text),
    _required("time_zone", Text),
    _required("listed", Boolean),
    _required("ordering", Text),
    _required("version", Integer),
    _at("created_at"),
    _at("updated_at"),
    # When an order that waits for the shop stands out on its board, and when it is late.
    _required("warm_minutes", Integer, server_default=text("5")),
    _required("hot_minutes", Integer, server_default=text("10")),
    CheckConstraint("ordering IN ('open', 'paused')", name="ordering"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("warm_minutes > 0 AND warm_minutes < hot_minutes", name="warm_before_hot"),
    # The public list, by name.
    Index("ix_shops_name_id", "name", "id", postgresql_where=text("listed")),
)

# Every slug that a shop has or had: an old one goes to nobody else.
shop_slugs: Final = Table(
    "shop_slugs",
    metadata,
    Column("slug", Text, primary_key=True),
    _required("shop_id", Uuid, ForeignKey("shops.id"), index=True),
)

shop_staff: Final = Table(
    "shop_staff",
    metadata,
    _required("shop_id", Uuid, ForeignKey("shops.id")),
    _required("user_id", Uuid, ForeignKey("users.id"), index=True),
    _at("added_at"),
    PrimaryKeyConstraint("shop_id", "user_id"),
)

items: Final = Table(
    "items",
    metadata,
    _id(),
    _required("shop_id", Uuid, ForeignKey("shops.id")),
    _required("name", Text),
    Column("description", Text),
    Column("category", Text),
    _required("price_minor", BigInteger),
    _required("available", Boolean),
    # Null is unlimited.
    Column("stock", Integer),
    _required("position", Integer),
    _required("version", Integer),
    _required("archived", Boolean),
    _at("updated_at"),
    # Where whoever looks at the menu fetches it from.
    Column("photo_url", Text),
    CheckConstraint("price_minor BETWEEN 0 AND 100000000", name="price_minor"),
    CheckConstraint("stock BETWEEN 0 AND 1000000", name="stock"),
    CheckConstraint("position BETWEEN 0 AND 1000000", name="position"),
    CheckConstraint("photo_url LIKE 'https://%'", name="photo_url"),
    # A shop's menu, in its order.
    Index("ix_items_shop_id_position_id", "shop_id", "position", "id"),
)

orders: Final = Table(
    "orders",
    metadata,
    _id(),
    _required("shop_id", Uuid, ForeignKey("shops.id")),
    _required("customer_id", Uuid, ForeignKey("users.id")),
    _required("number", Integer),
    _required("business_day", Date),
    _required("status", Text),
    # What the indexes of open orders are about: a move within them changes no index, and stays on its page (HOT).
    Column("is_active", Boolean, Computed(_IS_ACTIVE, persisted=True), nullable=False),
    # The statuses before this one whose moves are not undone, oldest first; empty where nothing can be undone.
    _required("trail", ARRAY(Text)),
    _required("version", Integer),
    # Copies from when it was placed.
    _required("shop_slug", Text),
    _required("shop_name", Text),
    _required("customer_name", Text),
    _required("currency", Text),
    _required("total_minor", BigInteger),
    Column("pickup_name", Text),
    Column("note", Text),
    # Where mails about it go instead of to the customer: only for orders that staff placed for somebody.
    Column("email", Text),
    _required("by_staff", Boolean),
    # Null when the client gave none; unique with the customer, with the hash of what was ordered.
    Column("idempotency_key", Text),
    Column("body_hash", LargeBinary),
    _at("placed_at"),
    _at("preparing_at", nullable=True),
    _at("ready_at", nullable=True),
    _at("picked_up_at", nullable=True),
    _at("cancelled_at", nullable=True),
    Column("cancelled_by", Text),
    Column("reason", Text),
    _at("updated_at"),
    CheckConstraint(f"status IN ({_listed(STATUSES)})", name="status"),
    CheckConstraint("total_minor >= 0", name="total_minor"),
    CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
    CheckConstraint("(status = 'cancelled') = (cancelled_by IS NOT NULL)", name="cancelled_by"),
    CheckConstraint("cancelled_by IN ('customer', 'shop', 'system')", name="cancelled_by_known"),
    # A number is never repeated within a shop's business day.
    UniqueConstraint("shop_id", "business_day", "number"),
    Index(
        "uq_orders_customer_id_idempotency_key",
        "customer_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    # The lists of a shop and of a customer, newest first.
    Index("ix_orders_shop_id_id", "shop_id", "id"),
    Index("ix_orders_customer_id_id", "customer_id", "id"),
    # The boards and what nobody touched for long; how many a customer has open at a shop.
    Index("ix_orders_active_shop_id", "shop_id", "id", postgresql_where=text("is_active")),
    Index("ix_orders_active_customer_id", "customer_id", "shop_id", postgresql_where=text("is_active")),
    # What was finished lately, of a customer. By columns that no move within the open orders changes (HOT again).
    Index(
        "ix_orders_customer_id_finished_at",
        "customer_id",
        text("coalesce(picked_up_at, cancelled_at)"),
        postgresql_where=text("NOT is_active"),
    ),
    # The lists of what was cancelled, which may be few among very many.
    Index("ix_orders_cancelled_shop_id", "shop_id", "id", postgresql_where=text("cancelled_at IS NOT NULL")),
    Index("ix_orders_cancelled_customer_id", "customer_id", "id", postgresql_where=text("cancelled_at IS NOT NULL")),
    # What staff ordered for an address, when the account with this address is erased.
    Index("ix_orders_email", "email", postgresql_where=text("email IS NOT NULL")),
    postgresql_with={"fillfactor": "80"},
)

order_lines: Final = Table(
    "order_lines",
    metadata,
    _required("order_id", Uuid, ForeignKey("orders.id")),
    _required("position", Integer),
    _required("item_id", Uuid, ForeignKey("items.id")),
    _required("name", Text),
    _required("quantity", Integer),
    _required("unit_price_minor", BigInteger),
    Column("note", Text),
    # What this line did to a limited stock: 'none', 'taken', or 'returned' by a cancellation.
    _required("stock", Text),
    PrimaryKeyConstraint("order_id", "position"),
    CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity"),
    CheckConstraint("unit_price_minor BETWEEN 0 AND 100000000", name="unit_price_minor"),
    CheckConstraint("stock IN ('none', 'taken', 'returned')", name="stock"),
)

# One narrow row for each feed, away from what foreign keys point at, since its lock is held until the commit.
feeds: Final = Table(
    "feeds",
    metadata,
    # The id of a shop or of a customer.
    _id(),
    _required("epoch", Text),
    _required("head", BigInteger),
    # Only of a shop: the seq of the last change of its menu or facts, the business day and its last number.
    _required("menu_seq", BigInteger),
    Column("day", Date),
    _required("number", Integer),
    postgresql_with={"fillfactor": "50"},
)

events: Final = Table(
    "events",
    metadata,
    _required("shop_id", Uuid),
    _required("shop_seq", BigInteger),
    # Null but for orders.
    Column("customer_id", Uuid),
    Column("customer_seq", BigInteger),
    _required("kind", Text),
    # What it is about; both null for the shop itself.
    Column("order_id", Uuid),
    Column("item_id", Uuid),
    # Only of orders; from_status is null when it was placed.
    Column("from_status", Text),
    Column("to_status", Text),
    _required("by", Text),
    # Null for the system.
    Column("actor_id", Uuid),
    Column("reason", Text),
    # Not jsonb: what is told again has to be the very text.
    _required("state", JSON),
    _at("at"),
    PrimaryKeyConstraint("shop_id", "shop_seq"),
    CheckConstraint("kind IN ('placed', 'moved', 'item', 'shop')", name="kind"),
    CheckConstraint("\"by\" IN ('customer', 'shop', 'system')", name="by"),
    # A customer's feed after a position.
    Index(
        "uq_events_customer_id_customer_seq",
        "customer_id",
        "customer_seq",
        unique=True,
        postgresql_where=text("customer_id IS NOT NULL"),
    ),
    # The timeline of an order.
    Index("ix_events_order_id_shop_seq", "order_id", "shop_seq", postgresql_where=text("order_id IS NOT NULL")),
)

# Orders under way that staff had placed for somebody who was erased meanwhile: their words go when they are finished.
late_erasures: Final = Table(
    "late_erasures",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id"), primary_key=True),
    # When they went, the last time if the order was recalled; null until then.
    _at("done_at", nullable=True),
    # Asked every second: whether words went lately.
    Index("ix_late_erasures_done_at", "done_at", postgresql_where=text("done_at IS NOT NULL")),
)

# One row: which database this is. Another answer means that it was restored, so feeds get new epochs.
lineage: Final = Table(
    "lineage",
    metadata,
    Column("id", Boolean, primary_key=True),
    # PostgreSQL's own: of the cluster, of the history of its log, of the database in it. Null where it does not tell.
    Column("system_identifier", BigInteger),
    Column("timeline", Integer),
    Column("database_oid", BigInteger),
    # Of the table of feeds in it, which a restore into the same database makes anew.
    Column("feeds_oid", BigInteger),
    _at("noted_at"),
    # Sessions that began before this have ended, also those that a restored database has lost; null while none were.
    _at("sessions_since", nullable=True),
    CheckConstraint("id", name="one_row"),
)
