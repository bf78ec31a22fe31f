"""What columns are made of, and the table that keeps every version of a row."""

import sqlalchemy as sa

OPEN = 9223372036854775807
NAMING = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
STAMP = sa.DateTime(timezone=True)
Big = sa.BigInteger
Text = sa.Text


def versioned(meta: sa.MetaData, name: str, key: list[str], *columns: sa.Column) -> sa.Table:
    """A table that keeps every version of a row, each from one run up to another."""
    return sa.Table(
        name, meta, *columns,
        sa.Column("from_run", sa.Integer, nullable=False),
        sa.Column("to_run", Big, nullable=False),
        sa.PrimaryKeyConstraint(*key, "from_run"),
    )  # fmt: skip
