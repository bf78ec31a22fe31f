"""Samples of automatic decisions."""

import sqlalchemy as sa
from alembic import op

revision = "hub_0002_3fa3bb"
down_revision = "hub_0001_b3b891"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_pair",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("a", sa.BigInteger(), nullable=False),
        sa.Column("b", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "number", "ordinal", name=op.f("pk_audit_pair")),
    )
    op.create_table(
        "audit_sample",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=True),
        sa.Column("refusals", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "number", name=op.f("pk_audit_sample")),
    )
    op.create_table(
        "audit_stratum",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stratum", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("floor", sa.Float(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "number", "stratum", name=op.f("pk_audit_stratum")),
    )


def downgrade() -> None:
    op.drop_table("audit_stratum")
    op.drop_table("audit_sample")
    op.drop_table("audit_pair")
