"""Let accounts be erased: a user without an e-mail address is one of whom only the id is left.

The code before it survives it as long as nobody is erased: beside an erased account it answers 500 to who still holds
a token of it, and can give it a name again until 0006. Replace all processes before the first erasure.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE users ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE, ALTER COLUMN email DROP NOT NULL")
    op.execute("ALTER TABLE users ADD CONSTRAINT ck_users_erased_at CHECK ((email IS NULL) = (erased_at IS NOT NULL))")
