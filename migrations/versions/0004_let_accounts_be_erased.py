"""Let accounts be erased: a user without an e-mail address is one of whom only the id is left.

The code before it survives it: it makes users that have an address, and finds them by it.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE users ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE, ALTER COLUMN email DROP NOT NULL")
    op.execute("ALTER TABLE users ADD CONSTRAINT ck_users_erased_at CHECK ((email IS NULL) = (erased_at IS NOT NULL))")
