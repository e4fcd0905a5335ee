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
            system_identifier BIGINT,
            timeline INTEGER,
            database_oid BIGINT,
            noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
            sessions_since TIMESTAMP WITH TIME ZONE,
            CONSTRAINT pk_lineage PRIMARY KEY (id),
            CONSTRAINT ck_lineage_one_row CHECK (id)
        )
    """)
