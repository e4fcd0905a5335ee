"""The schema as SQLAlchemy Core tables. The migrations make it; a test holds the two together."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from orderflow.credentials import NO_HASH
from orderflow.lifecycle import ACTIVE, STATUSES

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _id() -> Column[Any]:
    return Column("id", Uuid, primary_key=True)


def _at(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _required(name: str, kind: Any, *more: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=False, **options)


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
    CheckConstraint("ordering IN ('open', 'paused')", name="ordering"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
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
    CheckConstraint("price_minor BETWEEN 0 AND 100000000", name="price_minor"),
    CheckConstraint("stock BETWEEN 0 AND 1000000", name="stock"),
    CheckConstraint("position BETWEEN 0 AND 1000000", name="position"),
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

# E-mails to send, written by the transaction that they follow from. The id is Resend's Idempotency-Key.
outbox: Final = Table(
    "outbox",
    metadata,
    _id(),
    _required("order_id", Uuid, ForeignKey("orders.id")),
    _required("kind", Text),
    # Null once the account or the address that it belongs to has been erased.
    Column("recipient", Text),
    _required("state", Text),
    _at("queued_at"),
    # The end of the hold, or when somebody put it back: the order in which an owner's are sent, and what its age counts
    # from.
    _at("due_at"),
    _required("attempts", Integer),
    # Not before this, after a failure of which it may be the cause itself; null otherwise.
    _at("retry_at", nullable=True),
    # Rendered and fixed at the first claim, so that each attempt sends the same under its key; null before that, again
    # where it is certain that no attempt was accepted, and once it was sent.
    Column("payload", JSON),
    # The moment of the claim that fixed the payload; null before that.
    _at("claimed_at", nullable=True),
    # While a worker has it; null for nobody.
    _at("leased_until", nullable=True),
    # When it was sent, withdrawn or given up; null while it waits.
    _at("settled_at", nullable=True),
    # Resend's id of it, or the path of its file; null until it is sent.
    Column("sent_as", Text),
    # What the last attempt failed with, in a sentence; null if none did.
    Column("error", Text),
    # The owner of the order's shop, whose turn it takes. A trigger sets it; null where it was settled before that.
    Column("owner_id", Uuid),
    # When its failures were put down to an outage, which happens once: the next ones are taken for its own.
    _at("excused_at", nullable=True),
    CheckConstraint("kind IN ('ready', 'picked_up')", name="kind"),
    CheckConstraint("state IN ('waiting', 'sent', 'withdrawn', 'given_up')", name="state"),
    CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name="settled_at"),
    # Told at most once per order, however often it is picked up.
    Index("uq_outbox_order_id_picked_up", "order_id", unique=True, postgresql_where=text("kind = 'picked_up'")),
    # What leaves an order's history: its mails are found when it moves, and when its customer is erased.
    Index("ix_outbox_order_id", "order_id"),
    # Whether anything is due, and what has been for too long.
    Index("ix_outbox_due_at_id", "due_at", "id", postgresql_where=text("state = 'waiting'")),
    # Whose letters wait, and of each owner the one that has been due for longest.
    Index("ix_outbox_owner_id_due_at_id", "owner_id", "due_at", "id", postgresql_where=text("state = 'waiting'")),
)

# When a letter of an owner's shops was claimed last: next is who has waited for longest.
mail_turns: Final = Table(
    "mail_turns",
    metadata,
    Column("owner_id", Uuid, primary_key=True),
    _at("claimed_at"),
)

# When staff placed an order for an address, within the last hour: what bounds that. Without the address, and apart from
# the orders, since an erasure makes no room.
staff_emails: Final = Table(
    "staff_emails",
    metadata,
    _required("shop_id", Uuid),
    _at("at"),
    _required("order_id", Uuid),
    PrimaryKeyConstraint("shop_id", "at", "order_id"),
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

# One row: when the next e-mail may leave, over all processes, so that the team's rate at Resend is kept.
mail_rate: Final = Table(
    "mail_rate",
    metadata,
    Column("id", Boolean, primary_key=True),
    _at("next_at"),
    # How often in a row Resend could not be used, whatever the letter.
    _required("failures", Integer),
    # While one letter is tried after a failure; null otherwise.
    _at("probing_until", nullable=True),
    # The last owner whose letters were looked at, where more have some than are looked at at once; null while none did.
    Column("looked_to", Uuid),
    CheckConstraint("id", name="one_row"),
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
