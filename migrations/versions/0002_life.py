"""The life of a report: its versions, what a later one does to destinations and notifications, reviews that are settled, notices."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0002"
down_revision = "0001"

ROLE = "role IN ('reviewer', 'lead', 'coordinator', 'operator')"


def upgrade() -> None:
    """Columns and checks first, then the new tables and what the first versions were, then the grants."""
    _ingest()
    _console()
    _router()
    _notifier()
    _first_versions()
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())


def _yes_no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _ingest() -> None:
    with op.batch_alter_table("ingest_api_key") as table:
        table.add_column(_yes_no("sandbox"))
    with op.batch_alter_table("ingest_incident") as table:
        table.add_column(sa.Column("source_version", sa.Integer(), nullable=True))
        table.add_column(sa.Column("source_changed_at", Instant(), nullable=True))
        table.add_column(_yes_no("sandbox"))
        table.add_column(sa.Column("withdrawn_at", Instant(), nullable=True))
    op.create_table(
        "ingest_version",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("content_id", sa.String(length=36), nullable=False),
        sa.Column("child_ids", sa.JSON(), nullable=False),
        sa.Column("first_received_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("believed_at", Instant(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        _yes_no("sandbox"),
        sa.CheckConstraint("kind IN ('received', 'corrected', 'withdrawn')", name=op.f("ck_ingest_version_kind")),
        sa.CheckConstraint("kind <> 'withdrawn' OR reason IS NOT NULL", name=op.f("ck_ingest_version_withdrawn_says_why")),
        sa.ForeignKeyConstraint(["incident_id"], ["ingest_incident.incident_id"], name=op.f("fk_ingest_version_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "incident_version", name=op.f("pk_ingest_version")),
    )


def _console() -> None:
    for name in ("console_sign_in", "console_session"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("label", sa.String(length=80), server_default=sa.text("''"), nullable=False))
            table.drop_constraint(op.f(f"ck_{name}_role"), type_="check")
            table.create_check_constraint(op.f(f"ck_{name}_role"), ROLE)


def _router() -> None:
    with op.batch_alter_table("router_decision") as table:
        table.add_column(sa.Column("decided_by", sa.String(length=64), nullable=True))
    with op.batch_alter_table("router_destination") as table:
        table.add_column(sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False))
        table.add_column(sa.Column("revised_version", sa.Integer(), nullable=True))
        table.add_column(sa.Column("ended_at", Instant(), nullable=True))
        name = op.f("uq_router_destination_incident_id_kind_ref_purpose_incident_version")
        table.drop_constraint(name, type_="unique")
        table.create_unique_constraint(
            op.f("uq_router_destination_incident_id_kind_ref_purpose_incident_version_round"),
            ["incident_id", "kind", "ref", "purpose", "incident_version", "round"],
        )
    with op.batch_alter_table("router_destination_child") as table:
        table.add_column(sa.Column("ended_at", Instant(), nullable=True))
    with op.batch_alter_table("router_review") as table:
        table.add_column(sa.Column("claimed_by", sa.String(length=36), nullable=True))
        table.add_column(sa.Column("claimed_until_at", Instant(), nullable=True))
        table.add_column(sa.Column("settlement", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("settled_by", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("settled_at", Instant(), nullable=True))
        table.add_column(_yes_no("sandbox"))
        table.create_check_constraint(
            op.f("ck_router_review_settled_when"), "state <> 'settled' OR (settled_at IS NOT NULL AND settlement IS NOT NULL)"
        )
        table.create_check_constraint(
            op.f("ck_router_review_settlement"),
            "settlement IS NULL OR settlement IN ('pupil', 'setting', 'team', 'excluded', 'superseded')",
        )
        table.create_check_constraint(op.f("ck_router_review_claimed_until"), "(claimed_by IS NULL) = (claimed_until_at IS NULL)")


def _notifier() -> None:
    with op.batch_alter_table("notifier_notification") as table:
        table.add_column(sa.Column("incident_version", sa.Integer(), server_default=sa.text("1"), nullable=False))
        table.add_column(_yes_no("supplement"))
        table.add_column(_yes_no("sandbox"))
        table.drop_constraint(op.f("ck_notifier_notification_state"), type_="check")
        table.create_check_constraint(op.f("ck_notifier_notification_state"), "state IN ('open', 'acknowledged', 'recalled', 'withdrawn')")
    with op.batch_alter_table("notifier_child") as table:
        table.add_column(sa.Column("withdrawn_at", Instant(), nullable=True))
    op.create_table(
        "notifier_notice",
        sa.Column("notice_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=True),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("leased_until_at", Instant(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('changed', 'withdrawn', 'picked-up', 'review-owed', 'call-owed')", name=op.f("ck_notifier_notice_kind")
        ),
        sa.CheckConstraint("state IN ('owed', 'sent', 'failed')", name=op.f("ck_notifier_notice_state")),
        sa.CheckConstraint("state <> 'owed' OR due_at IS NOT NULL", name=op.f("ck_notifier_notice_owed_is_due")),
        sa.CheckConstraint("state = 'owed' OR ended_at IS NOT NULL", name=op.f("ck_notifier_notice_ended_when")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_notice_notification_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notifier_notice")),
        sa.UniqueConstraint("kind", "subject_id", "contact_id", name=op.f("uq_notifier_notice_kind_subject_id_contact_id")),
    )
    op.create_index(
        "ix_notifier_notice_due",
        "notifier_notice",
        ["due_at"],
        postgresql_where=sa.text("state = 'owed'"),
        sqlite_where=sa.text("state = 'owed'"),
    )


def _first_versions() -> None:
    """What the incidents were that are here already: their fact in the journal knows, the database's own rows do not."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.text(
            "SELECT i.incident_id, i.force, i.content_id, j.data FROM ingest_incident i "
            "JOIN journal j ON j.incident_id = i.incident_id AND j.type = 'incident.received' AND j.version = 1"
        )
    )
    version = sa.table(
        "ingest_version",
        *(sa.column(name) for name in ("incident_id", "incident_version", "kind", "force", "content_id")),
        sa.column("child_ids", sa.JSON()),
        *(sa.column(name, Instant()) for name in ("first_received_at", "received_at", "believed_at")),
    )
    for row in rows.all():
        data = json.loads(row.data) if isinstance(row.data, str) else row.data
        received_at = datetime.fromisoformat(data["received_at"])
        bind.execute(
            version.insert().values(
                incident_id=row.incident_id,
                incident_version=1,
                kind="received",
                force=row.force,
                content_id=row.content_id,
                child_ids=data["child_ids"],
                first_received_at=received_at,
                received_at=received_at,
                believed_at=datetime.fromisoformat(data["believed_at"]),
            )
        )
