"""What the review desk needs to remember: settlements that can still be taken back, and searches of the roll."""

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0005"
down_revision = "0004"

PENDING = "state = 'pending'"


def upgrade() -> None:
    """Tables first, then the grants."""
    _settlement()
    op.create_table(
        "router_search",
        sa.Column("search_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("searched_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["router_review.review_id"], name=op.f("fk_router_search_review_id")),
        sa.PrimaryKeyConstraint("search_id", name=op.f("pk_router_search")),
    )
    op.create_index(op.f("ix_router_search_session_id_searched_at"), "router_search", ["session_id", "searched_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())


def _settlement() -> None:
    op.create_table(
        "router_settlement",
        sa.Column("settlement_id", sa.String(length=36), nullable=False),
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("refs", sa.JSON(), nullable=False),
        sa.Column("pupil_id", sa.String(length=36), nullable=True),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("effect_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('pupil', 'setting', 'team', 'excluded')", name=op.f("ck_router_settlement_kind")),
        sa.CheckConstraint("kind <> 'excluded' OR code IS NOT NULL", name=op.f("ck_router_settlement_excluded_says_why")),
        sa.CheckConstraint("state IN ('pending', 'done', 'undone', 'void')", name=op.f("ck_router_settlement_state")),
        sa.CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name=op.f("ck_router_settlement_ended_when")),
        sa.ForeignKeyConstraint(["review_id"], ["router_review.review_id"], name=op.f("fk_router_settlement_review_id")),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_router_settlement")),
    )
    op.create_index(op.f("ix_router_settlement_incident_id"), "router_settlement", ["incident_id"], unique=False)
    for name, column, unique in (("ux_router_settlement_pending", "review_id", True), ("ix_router_settlement_due", "effect_at", False)):
        pending = sa.text(PENDING)
        op.create_index(name, "router_settlement", [column], unique=unique, postgresql_where=pending, sqlite_where=pending)
