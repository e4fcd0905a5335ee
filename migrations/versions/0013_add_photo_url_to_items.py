"""Let an item have a photo, by its address on the web.

The code before it survives it: it makes items without a photo, and passes the new document on as it is.
"""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"

DOCUMENT = Path(__file__).parents[1] / "sql" / "0013_item_document.sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE items ADD COLUMN photo_url TEXT")
    # Nothing has a photo yet, so that nothing needs to be looked at while the table is locked.
    op.execute("ALTER TABLE items ADD CONSTRAINT ck_items_photo_url CHECK (photo_url LIKE 'https://%')")
    op.get_bind().exec_driver_sql(DOCUMENT.read_text(encoding="utf-8"))
