"""Bring the e-mail of a ready order back when the order is recalled to ready before anybody was told.

Picked up by mistake within the hold, an order had its e-mail withdrawn, and recalled it had none: its customer never
heard of it.

The code before it survives it: it calls the same function with the same values.
"""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"

FUNCTION = Path(__file__).parents[1] / "sql" / "0007_move_order.sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(FUNCTION.read_text(encoding="utf-8"))
