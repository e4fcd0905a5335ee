"""Create the tables, the documents made of them, the feeds, and the two hot transactions.

The first schema: there is no older code that would have to survive it.
"""

import re
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SCRIPTS = ("0001_tables", "0001_documents", "0001_feeds", "0001_place_order", "0001_move_order")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in SCRIPTS:
        script = (Path(__file__).parents[1] / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        # asyncpg prepares one statement at a time; what is inside of a function is indented.
        for statement in re.split(r";\n\n(?=\S)", script):
            op.get_bind().exec_driver_sql(statement)
