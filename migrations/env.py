"""Run by Alembic: brings the schema of the connection that it is handed to a revision, or compares it."""

from alembic import context
from sqlalchemy import Connection

# Each adds its tables to the metadata.
from orderflow import columns, mail_tables, tables  # noqa: F401

# `orderflow.migrations` hands it over, and owns its transaction and its lock.
connection: Connection = context.config.attributes["connection"]

context.configure(connection=connection, target_metadata=columns.metadata, compare_server_default=True)
context.run_migrations()
