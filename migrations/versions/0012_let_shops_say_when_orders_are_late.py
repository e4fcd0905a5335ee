"""Let a shop say after how many minutes an order on its counter board stands out, and after how many it is late.

A bakery hands over in two minutes what a pizzeria needs twenty for. The usual values are those that the pages had.

The code before it survives it: it passes the longer document on as it is, and opens shops with the usual values.
"""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"

FUNCTION = Path(__file__).parents[1] / "sql" / "0012_shop_document.sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        ALTER TABLE shops
            ADD COLUMN warm_minutes INTEGER NOT NULL DEFAULT 5,
            ADD COLUMN hot_minutes INTEGER NOT NULL DEFAULT 10,
            ADD CONSTRAINT ck_shops_warm_before_hot CHECK (warm_minutes > 0 AND warm_minutes < hot_minutes)
    """)
    op.get_bind().exec_driver_sql(FUNCTION.read_text(encoding="utf-8"))
