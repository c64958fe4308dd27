"""The ordered feed of outcomes, webhooks, control lists and the watch over silent forces."""

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The journal's new column, then the tables, then the grants."""
    _journal()
    _feed()
    _webhooks()
    _control()
    _watch()
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())


def _journal() -> None:
    """Rows that are here already are complete: 0. Only adding keeps the triggers on both databases, and rewrites no row."""
    op.add_column("journal", sa.Column("txid", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE journal ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint")
    op.create_index(op.f("ix_journal_txid_seq"), "journal", ["txid", "seq"])


def _feed() -> None:
    op.create_table(
        "ingest_feed_place",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("txid", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ingest_feed_place")),
    )
    op.create_table(
        "ingest_outcome",
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("deadline_at", Instant(), nullable=True),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("late_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("child_id", name=op.f("pk_ingest_outcome")),
    )
    op.create_index(
        "ix_ingest_outcome_due",
        "ingest_outcome",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_ingest_outcome_incident_id"), "ingest_outcome", ["incident_id"], unique=False)
    op.create_table(
        "ingest_feed",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("since_at", Instant(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("deadline_at", Instant(), nullable=True),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("late_at", Instant(), nullable=True),
        sa.Column("told_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ingest_feed")),
    )
    op.create_index(op.f("ix_ingest_feed_force_sandbox_position"), "ingest_feed", ["force", "sandbox", "position"], unique=False)
    op.execute("INSERT INTO ingest_feed_place (name, txid, seq, position) VALUES ('feed', 0, 0, 0)")


def _webhooks() -> None:
    op.create_table(
        "ingest_webhook",
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sending_to", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("failing_since_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.CheckConstraint("state <> 'paused' OR reason IS NOT NULL", name=op.f("ck_ingest_webhook_paused_says_why")),
        sa.CheckConstraint("state IN ('active', 'paused')", name=op.f("ck_ingest_webhook_state")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_ingest_webhook")),
    )
    op.create_index(
        "uq_ingest_webhook_live",
        "ingest_webhook",
        ["force", "sandbox"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "ingest_webhook_secret",
        sa.Column("secret_id", sa.String(length=36), nullable=False),
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["ingest_webhook.webhook_id"], name=op.f("fk_ingest_webhook_secret_webhook_id")),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_ingest_webhook_secret")),
    )
    op.create_index(op.f("ix_ingest_webhook_secret_webhook_id"), "ingest_webhook_secret", ["webhook_id"], unique=False)


def _control() -> None:
    op.create_table(
        "ingest_control_list",
        sa.Column("list_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("covers_on", sa.Date(), nullable=False),
        sa.Column("references_count", sa.Integer(), nullable=False),
        sa.Column("gaps_count", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["ingest_api_key.key_id"], name=op.f("fk_ingest_control_list_key_id")),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_ingest_control_list")),
    )
    op.create_index(
        op.f("ix_ingest_control_list_force_system_received_at"), "ingest_control_list", ["force", "system", "received_at"], unique=False
    )
    op.create_table(
        "ingest_control_gap",
        sa.Column("gap_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("covers_on", sa.Date(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("second_owner", sa.String(length=64), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("deadline_at", Instant(), nullable=False),
        sa.Column("escalated_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint("kind IN ('no-report', 'no-outcome')", name=op.f("ck_ingest_control_gap_kind")),
        sa.CheckConstraint(
            "closed_at IS NULL OR (closed_by IS NOT NULL AND reason IS NOT NULL)", name=op.f("ck_ingest_control_gap_closed_says_why")
        ),
        sa.PrimaryKeyConstraint("gap_id", name=op.f("pk_ingest_control_gap")),
    )
    op.create_index(
        "ix_ingest_control_gap_owed",
        "ingest_control_gap",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND escalated_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL AND escalated_at IS NULL"),
    )
    op.create_index(
        "uq_ingest_control_gap_open",
        "ingest_control_gap",
        ["force", "system", "reference"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )


def _watch() -> None:
    op.create_table(
        "ingest_heard",
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("heard_at", Instant(), nullable=False),
        sa.CheckConstraint("kind IN ('report', 'list')", name=op.f("ck_ingest_heard_kind")),
        sa.PrimaryKeyConstraint("force", "kind", "system", name=op.f("pk_ingest_heard")),
    )
    op.create_table(
        "ingest_watch",
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("set_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("force", name=op.f("pk_ingest_watch")),
    )
    op.create_table(
        "ingest_alarm",
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("since_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("cleared_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('silent', 'list-missing', 'webhook-paused')", name=op.f("ck_ingest_alarm_kind")),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_ingest_alarm")),
    )
    op.create_index(
        "uq_ingest_alarm_open",
        "ingest_alarm",
        ["force", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
        sqlite_where=sa.text("cleared_at IS NULL"),
    )
