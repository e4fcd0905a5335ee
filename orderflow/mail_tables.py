"""The tables of e-mails: what is to send, whose turn it is, and what bounds it."""

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from orderflow.columns import at, identity, metadata, required

# E-mails to send, written by the transaction that they follow from. The id is Resend's Idempotency-Key.
outbox: Final = Table(
    "outbox",
    metadata,
    identity(),
    required("order_id", Uuid, ForeignKey("orders.id")),
    required("kind", Text),
    # Null once the account or the address that it belongs to has been erased.
    Column("recipient", Text),
    required("state", Text),
    at("queued_at"),
    # The end of the hold, or when somebody put it back: the order in which an owner's are sent, and what its age counts
    # from.
    at("due_at"),
    required("attempts", Integer),
    # Not before this, after a failure of which it may be the cause itself; null otherwise.
    at("retry_at", nullable=True),
    # Rendered and fixed at the first claim, so that each attempt sends the same under its key; null before that, again
    # where it is certain that no attempt was accepted, and once it was sent.
    Column("payload", JSON),
    # The moment of the claim that fixed the payload; null before that.
    at("claimed_at", nullable=True),
    # While a worker has it; null for nobody.
    at("leased_until", nullable=True),
    # When it was sent, withdrawn or given up; null while it waits.
    at("settled_at", nullable=True),
    # Resend's id of it, or the path of its file; null until it is sent.
    Column("sent_as", Text),
    # What the last attempt failed with, in a sentence; null if none did.
    Column("error", Text),
    # The owner of the order's shop, whose turn it takes. A trigger sets it; null where it was settled before that.
    Column("owner_id", Uuid),
    # When its failures were put down to an outage, which happens once: the next ones are taken for its own.
    at("excused_at", nullable=True),
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
    at("claimed_at"),
)

# When staff placed an order for an address, within the last hour: what bounds that. Without the address, and apart from
# the orders, since an erasure makes no room.
staff_emails: Final = Table(
    "staff_emails",
    metadata,
    required("shop_id", Uuid),
    at("at"),
    required("order_id", Uuid),
    PrimaryKeyConstraint("shop_id", "at", "order_id"),
)

# One row: when the next e-mail may leave, over all processes, so that the team's rate at Resend is kept.
mail_rate: Final = Table(
    "mail_rate",
    metadata,
    Column("id", Boolean, primary_key=True),
    at("next_at"),
    # How often in a row Resend could not be used, whatever the letter.
    required("failures", Integer),
    # While one letter is tried after a failure; null otherwise.
    at("probing_until", nullable=True),
    # The last owner whose letters were looked at, where more have some than are looked at at once; null while none did.
    Column("looked_to", Uuid),
    CheckConstraint("id", name="one_row"),
)
