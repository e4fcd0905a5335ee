"""Add the outbox: the e-mails that follow from moves, and the one row that keeps the rate.

The code before it survives it: it does not know these tables, and goes on to call `move_order` with the eight values
that it knows. What it moves is queued too, with the usual hold, for the code after it to send.
"""

import re
from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE outbox (
        id UUID NOT NULL,
        order_id UUID NOT NULL,
        kind TEXT NOT NULL,
        recipient TEXT,
        state TEXT NOT NULL,
        queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE NOT NULL,
        attempts INTEGER NOT NULL,
        retry_at TIMESTAMP WITH TIME ZONE,
        payload JSON,
        claimed_at TIMESTAMP WITH TIME ZONE,
        leased_until TIMESTAMP WITH TIME ZONE,
        settled_at TIMESTAMP WITH TIME ZONE,
        sent_as TEXT,
        error TEXT,
        CONSTRAINT pk_outbox PRIMARY KEY (id),
        CONSTRAINT ck_outbox_kind CHECK (kind IN ('ready', 'picked_up')),
        CONSTRAINT ck_outbox_state CHECK (state IN ('waiting', 'sent', 'withdrawn', 'given_up')),
        CONSTRAINT ck_outbox_settled_at CHECK ((state = 'waiting') = (settled_at IS NULL)),
        CONSTRAINT fk_outbox_order_id FOREIGN KEY (order_id) REFERENCES orders (id)
    )
    """,
    "CREATE UNIQUE INDEX uq_outbox_order_id_picked_up ON outbox (order_id) WHERE kind = 'picked_up'",
    "CREATE INDEX ix_outbox_order_id ON outbox (order_id)",
    "CREATE INDEX ix_outbox_due_at_id ON outbox (due_at, id) WHERE state = 'waiting'",
    """
    CREATE TABLE mail_rate (
        id BOOLEAN NOT NULL,
        next_at TIMESTAMP WITH TIME ZONE NOT NULL,
        failures INTEGER NOT NULL,
        probing_until TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_mail_rate PRIMARY KEY (id),
        CONSTRAINT ck_mail_rate_one_row CHECK (id)
    )
    """,
    "INSERT INTO mail_rate VALUES (true, now(), 0, NULL)",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    script = (Path(__file__).parents[1] / "sql" / "0002_move_order.sql").read_text(encoding="utf-8")
    for statement in (*STATEMENTS, *re.split(r";\n\n(?=\S)", script)):
        op.get_bind().exec_driver_sql(statement)
