"""Let nothing undo an erasure, and let it end later for orders under way: at the move that finishes them.

And note which table of feeds this is, so that a restore into the database that is in use is noticed.

The code before it survives it. What it erases itself it does not note: the words of orders that are under way then
stay. To who is erased it can give no name again: such a change is refused, and answered with 500.

All of it is one transaction, since nobody who writes `orders` goes on to ask for `users` or `lineage`. The other way
round they do, so that `orders` comes last, which the foreign key locks against writers.
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"

SQL = Path(__file__).parents[1] / "sql"
# Nobody's hash, of whatever it costs to verify, and the first such.
BLANK = f"${'A' * 22}${'A' * 43}"
NO_HASH = f"$argon2id$v=19$m=19456,t=2,p=1{BLANK}"
IS_ERASED = f"name = 'erased' AND password_hash LIKE '%{BLANK}'"

STATEMENTS = (
    "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
    # What code that knew of no erasures has written since.
    f"UPDATE users SET name = 'erased', password_hash = '{NO_HASH}' WHERE erased_at IS NOT NULL AND NOT ({IS_ERASED})",  # noqa: S608
    f"ALTER TABLE users ADD CONSTRAINT ck_users_erased CHECK (erased_at IS NULL OR {IS_ERASED})",
    "ALTER TABLE lineage ADD COLUMN feeds_oid BIGINT",
    """
    CREATE TABLE late_erasures (
        order_id UUID NOT NULL,
        done_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT pk_late_erasures PRIMARY KEY (order_id),
        CONSTRAINT fk_late_erasures_order_id FOREIGN KEY (order_id) REFERENCES orders (id)
    )
    """,
    "CREATE INDEX ix_late_erasures_done_at ON late_erasures (done_at) WHERE done_at IS NOT NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    functions = ((SQL / f"0006_{name}.sql").read_text(encoding="utf-8") for name in ("erase_orders", "move_order"))
    for statement in (*STATEMENTS, *functions):
        op.get_bind().exec_driver_sql(statement)
