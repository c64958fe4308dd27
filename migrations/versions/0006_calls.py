"""Telephone calls: who has taken one, what came of each, and the passphrase that proves who answers."""

import json

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0006"
down_revision = "0005"

OUTCOMES = "'no-answer', 'engaged', 'wrong-number', 'not-registered', 'wrong-passphrase', 'no-passphrase', 'acknowledged'"
ACKNOWLEDGED_IS_OURS = "acknowledged_at IS NULL OR answer = 'on-our-roll' OR (answer IS NULL AND telephoned_at IS NOT NULL)"


def upgrade() -> None:
    """Columns and checks first, then the log of calls, then whose call it is of what is there already, then the grants."""
    for name in ("directory_setting", "directory_team"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("passphrase_hint", sa.String(length=80), nullable=True))
            table.add_column(sa.Column("passphrase_hash", sa.String(length=160), nullable=True))
    with op.batch_alter_table("notifier_notification") as table:
        table.add_column(sa.Column("call_team", sa.String(length=64), nullable=True))
    with op.batch_alter_table("notifier_child") as table:
        table.add_column(sa.Column("telephoned_at", Instant(), nullable=True))
        table.drop_constraint(op.f("ck_notifier_child_acknowledged_is_ours"), type_="check")
        table.create_check_constraint(op.f("ck_notifier_child_acknowledged_is_ours"), ACKNOWLEDGED_IS_OURS)
    with op.batch_alter_table("notifier_phone_task") as table:
        table.add_column(sa.Column("claimed_by", sa.String(length=36), nullable=True))
        table.add_column(sa.Column("claimed_until_at", Instant(), nullable=True))
        table.add_column(sa.Column("again_at", Instant(), nullable=True))
        table.add_column(sa.Column("passed_on_at", Instant(), nullable=True))
        table.add_column(sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False))
        table.drop_constraint(op.f("uq_notifier_phone_task_notification_id_reason"), type_="unique")
        table.create_unique_constraint(op.f("uq_notifier_phone_task_notification_id_reason_round"), ["notification_id", "reason", "round"])
        table.create_check_constraint(op.f("ck_notifier_phone_task_claimed_until"), "(claimed_by IS NULL) = (claimed_until_at IS NULL)")
    open_ones = sa.text("state = 'open'")
    op.create_index("ix_notifier_phone_task_open", "notifier_phone_task", ["due_at"], postgresql_where=open_ones, sqlite_where=open_ones)
    _calls()
    _whose_call()
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())


def _calls() -> None:
    op.create_table(
        "notifier_call",
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("phone_task_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=True),
        sa.Column("caller", sa.String(length=36), nullable=False),
        sa.Column("called_at", Instant(), nullable=False),
        sa.Column("called_real_at", Instant(), nullable=False),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name=op.f("ck_notifier_call_outcome")),
        sa.CheckConstraint("outcome <> 'acknowledged' OR contact_id IS NOT NULL", name=op.f("ck_notifier_call_acknowledged_by_whom")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_call_notification_id")
        ),
        sa.ForeignKeyConstraint(["phone_task_id"], ["notifier_phone_task.phone_task_id"], name=op.f("fk_notifier_call_phone_task_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_notifier_call")),
    )
    op.create_index(op.f("ix_notifier_call_phone_task_id"), "notifier_call", ["phone_task_id"])
    op.create_index(op.f("ix_notifier_call_notification_id"), "notifier_call", ["notification_id"])


def _whose_call() -> None:
    """The team that telephones, from the policy that made each plan."""
    bind = op.get_bind()
    for row in bind.execute(sa.text("SELECT version, document FROM directory_policy")).all():
        team = json.loads(row.document)["teams"]["phone"]
        said = sa.text("UPDATE notifier_notification SET call_team = :team WHERE policy_version = :version")
        bind.execute(said, {"team": team, "version": row.version})
