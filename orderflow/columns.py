"""What the tables of the schema share: their names' convention, and columns that come again and again."""

from typing import Any, Final

from sqlalchemy import Column, DateTime, MetaData, Uuid

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity() -> Column[Any]:
    """The key of most tables."""
    return Column("id", Uuid, primary_key=True)


def at(name: str, *, nullable: bool = False) -> Column[Any]:
    """A moment, with its offset."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def required(name: str, kind: Any, *more: Any, **options: Any) -> Column[Any]:
    """A column that always has a value."""
    return Column(name, kind, *more, nullable=False, **options)
