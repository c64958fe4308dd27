"""Ingest's tables of what a force gets without asking: the ordered feed, webhooks, control lists, alarms."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from shared.db.tables.base import Instant, metadata

#: How far the journal has been read for the feed, and the feed's last position: one row, and whoever holds it writes the feed.
ingest_feed_place = Table(
    "ingest_feed_place",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("txid", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

#: What was last told of each child. ``due_at`` is when time alone may change it.
ingest_outcome = Table(
    "ingest_outcome",
    metadata,
    Column("child_id", String(36), primary_key=True),
    Column("incident_id", String(36), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    Column("owner", String(64)),
    Column("deadline_at", Instant),
    Column("acknowledged_at", Instant),
    Column("late_at", Instant),
    Column("due_at", Instant),
    Index(None, "incident_id"),
    Index("ix_ingest_outcome_due", "due_at", postgresql_where=text("due_at IS NOT NULL"), sqlite_where=text("due_at IS NOT NULL")),
)

#: The feed: every change of a child's outcome, in one order without gaps. ``reason`` and ``owner`` as the fold says them.
ingest_feed = Table(
    "ingest_feed",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("force", String(32), nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("incident_id", String(36), nullable=False),
    Column("child_id", String(36), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("since_at", Instant, nullable=False),
    Column("reason", String(64)),
    Column("owner", String(64)),
    Column("deadline_at", Instant),
    Column("acknowledged_at", Instant),
    Column("late_at", Instant),
    Column("told_at", Instant, nullable=False),
    Index(None, "force", "sandbox", "position"),
)

#: Where a force's outcomes are pushed to, one for real and one for trying out. ``position`` is the last entry that was taken there;
#: ``sending_to`` the last of a batch that may have been sent. ``due_at``, ``failing_since_at`` are real instants, as of every retry.
ingest_webhook = Table(
    "ingest_webhook",
    metadata,
    Column("webhook_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("url", String(500), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("position", BigInteger, nullable=False),
    Column("sending_to", BigInteger),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant, nullable=False),
    Column("failing_since_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    CheckConstraint("state IN ('active', 'paused')", name="state"),
    CheckConstraint("state <> 'paused' OR reason IS NOT NULL", name="paused_says_why"),
    Index(
        "uq_ingest_webhook_live",
        "force",
        "sandbox",
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
        sqlite_where=text("removed_at IS NULL"),
    ),
)

#: A webhook's secrets, sealed in a scope of the vault of their own. One that was rotated out signs until ``ends_at`` (real).
ingest_webhook_secret = Table(
    "ingest_webhook_secret",
    metadata,
    Column("secret_id", String(36), primary_key=True),
    Column("webhook_id", String(36), ForeignKey("ingest_webhook.webhook_id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Index(None, "webhook_id"),
)

#: A force's list of references with a linked child. ``covers_on`` is the London date that it is about.
ingest_control_list = Table(
    "ingest_control_list",
    metadata,
    Column("list_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("system", String(32), nullable=False),
    Column("covers_on", Date, nullable=False),
    Column("references_count", Integer, nullable=False),
    Column("gaps_count", Integer, nullable=False),
    Column("key_id", String(16), ForeignKey("ingest_api_key.key_id"), nullable=False),
    Column("received_at", Instant, nullable=False),
    Index(None, "force", "system", "received_at"),
)

#: A reference on a control list without an outcome. ``kind``: ``no-report`` or ``no-outcome``. It is its ``owner``'s, a team, until it
#: closes; past ``deadline_at`` it passes to a second owner. ``closed_by`` is a session, or ``ingest`` when it closed by itself.
ingest_control_gap = Table(
    "ingest_control_gap",
    metadata,
    Column("gap_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("system", String(32), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("covers_on", Date, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("second_owner", String(64), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("deadline_at", Instant, nullable=False),
    Column("escalated_at", Instant),
    Column("closed_at", Instant),
    Column("closed_by", String(64)),
    Column("reason", String(32)),
    CheckConstraint("kind IN ('no-report', 'no-outcome')", name="kind"),
    CheckConstraint("closed_at IS NULL OR (closed_by IS NOT NULL AND reason IS NOT NULL)", name="closed_says_why"),
    Index(
        "uq_ingest_control_gap_open",
        "force",
        "system",
        "reference",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
        sqlite_where=text("closed_at IS NULL"),
    ),
    Index(
        "ix_ingest_control_gap_owed",
        "deadline_at",
        postgresql_where=text("closed_at IS NULL AND escalated_at IS NULL"),
        sqlite_where=text("closed_at IS NULL AND escalated_at IS NULL"),
    ),
)

#: When a force was last heard: of ``kind`` ``report`` (any version), or ``list`` from one of its systems.
ingest_heard = Table(
    "ingest_heard",
    metadata,
    Column("force", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("system", String(32), primary_key=True),
    Column("heard_at", Instant, nullable=False),
    CheckConstraint("kind IN ('report', 'list')", name="kind"),
)

#: How long a force may be silent, in hours of business time, counted from ``set_at`` at the earliest.
ingest_watch = Table(
    "ingest_watch",
    metadata,
    Column("force", String(32), primary_key=True),
    Column("hours", Integer, nullable=False),
    Column("set_at", Instant, nullable=False),
)

#: What is wrong with a force's ways in or out, until it is well again. ``subject`` is a system, a webhook or a folder's label, else empty.
ingest_alarm = Table(
    "ingest_alarm",
    metadata,
    Column("alarm_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("since_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    CheckConstraint("kind IN ('silent', 'list-missing', 'webhook-paused', 'folder-failed', 'folder-returned')", name="kind"),
    Index(
        "uq_ingest_alarm_open",
        "force",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("cleared_at IS NULL"),
        sqlite_where=text("cleared_at IS NULL"),
    ),
)
