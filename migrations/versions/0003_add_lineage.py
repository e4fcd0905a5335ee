"""Add the note of which database this is, by which a restored one is noticed.

The code before it survives it: it does not know the table.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        CREATE TABLE lineage (
            id BOOLEAN NOT NULL,
            system_identifier BIGINT NOT NULL,
            timeline INTEGER NOT NULL,
            database_oid BIGINT NOT NULL,
            noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT pk_lineage PRIMARY KEY (id),
            CONSTRAINT ck_lineage_one_row CHECK (id)
        )
    """)
