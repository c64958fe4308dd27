"""Messages that came back, sending that is suppressed for a while, the duty desk's list, and calls that are entered afterwards."""

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Columns that may be empty and new tables, then the grants."""
    op.add_column("notifier_attempt", sa.Column("returned", sa.String(length=16), nullable=True))
    op.add_column("notifier_attempt", sa.Column("returned_at", Instant(), nullable=True))
    op.add_column("notifier_call", sa.Column("made_by", sa.String(length=64), nullable=True))
    op.add_column("notifier_call", sa.Column("entered_at", Instant(), nullable=True))
    op.create_table(
        "notifier_suppression",
        sa.Column("suppression_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("decider", sa.String(length=64), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("kind IN ('setting', 'team', 'contact', 'channel')", name=op.f("ck_notifier_suppression_kind")),
        sa.CheckConstraint("until_at > decided_at", name=op.f("ck_notifier_suppression_ends")),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_notifier_suppression")),
    )
    op.create_index(op.f("ix_notifier_suppression_until_at"), "notifier_suppression", ["until_at"])
    op.create_table(
        "notifier_list",
        sa.Column("list_id", sa.String(length=36), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_notifier_list")),
    )
    op.create_index(op.f("ix_notifier_list_written_at"), "notifier_list", ["written_at"])
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())
