"""Keep an order that waited for its turn from being placed by an account that was erased meanwhile.

And find by index what an erasure needs: orders that staff placed for an address, and who was erased lately.

The code before it survives it: only within a second after an erasure by newer code could it meet the new outcome, which
it would take for a failure.
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"

FUNCTION = Path(__file__).parents[1] / "sql" / "0005_place_order.sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(FUNCTION.read_text(encoding="utf-8"))
    op.execute("CREATE INDEX ix_orders_email ON orders (email) WHERE email IS NOT NULL")
    op.execute("CREATE INDEX ix_users_erased_at ON users (erased_at) WHERE erased_at IS NOT NULL")
