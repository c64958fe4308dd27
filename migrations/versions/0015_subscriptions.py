"""Calendars that are looked at where they are published."""

import sqlalchemy as sa
from alembic import op

from shared.db.guards import grant
from shared.db.tables.base import Instant

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nobody had subscribed to anything before this."""
    op.create_table(
        "directory_subscription",
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("accept", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("finding", sa.String(length=200), nullable=False),
        sa.Column("seen_hash", sa.String(length=64), nullable=True),
        sa.Column("looked_at", Instant(), nullable=True),
        sa.Column("read_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('new', 'taken', 'kept-out', 'not-read')", name=op.f("ck_directory_subscription_state")),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_directory_subscription")),
    )
    if op.get_bind().dialect.name == "postgresql":
        grant(op.get_bind())
