"""Let shops take turns at the mail, and letters that failed at showing whether Resend is back.

Letters went out in the order in which they fell due, whosever they were: one shop's ten thousand held up everybody's.
An owner's letters are found by an index of what waits, and when the last of them was claimed stands in a table of its
own, since that changes with each letter.

The code before it survives it, and goes on to send in the old order: it does not know what is new, and a trigger finds
the owner for it.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

# Only what waits takes turns: of the rest, of which there may be millions, no row is touched.
STATEMENTS = (
    "ALTER TABLE outbox ADD COLUMN owner_id UUID, ADD COLUMN excused_at TIMESTAMP WITH TIME ZONE",
    """
    CREATE FUNCTION set_owner_of_mail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.owner_id := (SELECT s.owner_id FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.id = NEW.order_id);
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER tr_outbox_owner_id BEFORE INSERT OR UPDATE ON outbox FOR EACH ROW
    WHEN (NEW.owner_id IS NULL AND NEW.state = 'waiting') EXECUTE FUNCTION set_owner_of_mail()
    """,
    "UPDATE outbox SET owner_id = NULL WHERE state = 'waiting'",
    "CREATE INDEX ix_outbox_owner_id_due_at_id ON outbox (owner_id, due_at, id) WHERE state = 'waiting'",
    """
    CREATE TABLE mail_turns (
        owner_id UUID NOT NULL,
        claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT pk_mail_turns PRIMARY KEY (owner_id)
    )
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
