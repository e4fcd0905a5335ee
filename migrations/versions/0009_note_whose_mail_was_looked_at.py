"""Note whose letters were looked at last, so that a claim need not look at those of all owners.

Apart from the turns, since workers lock the rate and the outbox in either order: with both in one transaction, this
would be a deadlock.

The code before it survives it: it does not know the column.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE mail_rate ADD COLUMN looked_to UUID")
