"""Router's tables for the review desk: settlements that wait to take effect, and how often a session has searched the roll."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

#: What a reviewer decided of one review. ``pending`` it waits for ``effect_at``, nobody is told and she may take it back (``undone``);
#: ``done`` it has taken effect; ``void`` the report or the review changed before. ``refs`` are the settings or the one team to be told,
#: ``code`` the reason of an exclusion, ``incident_version`` the version that she was shown.
router_settlement = Table(
    "router_settlement",
    metadata,
    Column("settlement_id", String(36), primary_key=True),
    Column("review_id", String(36), ForeignKey("router_review.review_id"), nullable=False),
    Column("incident_id", String(36), nullable=False),
    Column("child_id", String(36), nullable=False),
    Column("incident_version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("refs", JSON, nullable=False),
    Column("pupil_id", String(36)),
    Column("code", String(32)),
    Column("state", String(16), nullable=False),
    Column("decided_by", String(36), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("effect_at", Instant, nullable=False),
    Column("ended_at", Instant),
    CheckConstraint("kind IN ('pupil', 'setting', 'team', 'excluded')", name="kind"),
    CheckConstraint("kind <> 'excluded' OR code IS NOT NULL", name="excluded_says_why"),
    CheckConstraint("state IN ('pending', 'done', 'undone', 'void')", name="state"),
    CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ended_when"),
    Index(
        "ux_router_settlement_pending",
        "review_id",
        unique=True,
        postgresql_where=text("state = 'pending'"),
        sqlite_where=text("state = 'pending'"),
    ),
    Index(
        "ix_router_settlement_due",
        "effect_at",
        postgresql_where=text("state = 'pending'"),
        sqlite_where=text("state = 'pending'"),
    ),
    Index(None, "incident_id"),
)

#: One search of the roll by one session, at a real instant (a moved clock loosens no limit). What was searched for is kept nowhere.
router_search = Table(
    "router_search",
    metadata,
    Column("search_id", String(36), primary_key=True),
    Column("session_id", String(36), nullable=False),
    Column("review_id", String(36), ForeignKey("router_review.review_id"), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("searched_at", Instant, nullable=False),
    Column("met_restricted", Boolean, nullable=False, server_default=text("false")),
    Index(None, "session_id", "searched_at"),
    Index(None, "review_id"),
)
