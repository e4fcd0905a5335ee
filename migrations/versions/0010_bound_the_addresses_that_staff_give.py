"""Bound how many e-mail addresses a shop's staff give within an hour, in orders that they place for others.

When they did stands in a table of its own, of an hour at most: an erasure takes the addresses out of the orders, and
must not make room for the next ones.

The code before it survives it: it goes on to call `place_order` with the thirteen values that it knows, without bound.
"""

import re
from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0010_place_order.sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE staff_emails (
            shop_id UUID NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            order_id UUID NOT NULL,
            CONSTRAINT pk_staff_emails PRIMARY KEY (shop_id, at, order_id)
        )
    """)
    for statement in re.split(r";\n\n(?=\S)", FUNCTIONS.read_text(encoding="utf-8")):
        op.get_bind().exec_driver_sql(statement)
