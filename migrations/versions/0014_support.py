"""Where people find support, by area and period; and what the published bank holidays are otherwise than the program's."""

import sqlalchemy as sa
from alembic import op

from shared.db.guards import grant

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Nothing is in it: the national numbers come with the program, and a row replaces one of them by its id."""
    op.create_table(
        "directory_support",
        sa.Column("support_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("how", sa.String(length=300), nullable=False),
        sa.Column("hours", sa.String(length=120), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("link", sa.String(length=200), nullable=True),
        sa.Column("holiday", sa.String(length=16), nullable=True),
        sa.Column("closed", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("as_at_on", sa.Date(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.CheckConstraint("audience IN ('public', 'staff')", name=op.f("ck_directory_support_audience")),
        sa.CheckConstraint("holiday IS NULL OR holiday IN ('open', 'closed', 'dates')", name=op.f("ck_directory_support_holiday")),
        sa.PrimaryKeyConstraint("support_id", name=op.f("pk_directory_support")),
    )
    op.create_table(
        "directory_bank_holiday",
        sa.Column("nation", sa.String(length=16), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("is_holiday", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("nation", "on", name=op.f("pk_directory_bank_holiday")),
    )
    op.create_index(op.f("ix_directory_support_area"), "directory_support", ["area"])
    if op.get_bind().dialect.name == "postgresql":
        grant(op.get_bind())
