"""A contact may be told in the holidays; postcodes lie in authorities; a first staff day's destination is looked at again before it."""

import sqlalchemy as sa
from alembic import op

from shared.db.guards import grant
from shared.db.tables.base import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nobody was a holiday contact before this, and no message stood for others."""
    op.add_column("directory_contact", sa.Column("holiday", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.create_table(
        "directory_area",
        sa.Column("postcodes", sa.String(length=8), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["authority"], ["directory_authority.authority"], name=op.f("fk_directory_area_authority")),
        sa.PrimaryKeyConstraint("postcodes", name=op.f("pk_directory_area")),
    )
    op.add_column("router_destination", sa.Column("rematched_at", Instant(), nullable=True))
    op.create_index(
        "ix_router_destination_first_staff_day",
        "router_destination",
        ["send_at"],
        postgresql_where=sa.text("purpose = 'first-staff-day' AND ended_at IS NULL AND rematched_at IS NULL"),
        sqlite_where=sa.text("purpose = 'first-staff-day' AND ended_at IS NULL AND rematched_at IS NULL"),
    )
    op.add_column("notifier_attempt", sa.Column("carried_by", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_notifier_attempt_carried_by"), "notifier_attempt", ["carried_by"])
    op.create_table(
        "router_offer",
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("setting_id", sa.String(length=32), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("authority", "token", name=op.f("pk_router_offer")),
    )
    op.create_index(op.f("ix_router_offer_token"), "router_offer", ["token"])
    _briefings()
    if op.get_bind().dialect.name == "postgresql":
        grant(op.get_bind())


def _briefings() -> None:
    op.create_table(
        "notifier_briefing",
        sa.Column("briefing_id", sa.String(length=36), nullable=False),
        sa.Column("setting_id", sa.String(length=32), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("leased_until_at", Instant(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=True),
        sa.Column("code_key_id", sa.String(length=32), nullable=True),
        sa.Column("code_at", Instant(), nullable=True),
        sa.Column("codes", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("code_tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("code_used_at", Instant(), nullable=True),
        sa.Column("visit_hash", sa.String(length=64), nullable=True),
        sa.Column("visit_until_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('owed', 'sent', 'failed')", name=op.f("ck_notifier_briefing_state")),
        sa.CheckConstraint(
            "state <> 'owed' OR (due_at IS NOT NULL AND contact_id IS NOT NULL)", name=op.f("ck_notifier_briefing_owed_is_due")
        ),
        sa.CheckConstraint("state = 'owed' OR ended_at IS NOT NULL", name=op.f("ck_notifier_briefing_ended_when")),
        sa.PrimaryKeyConstraint("briefing_id", name=op.f("pk_notifier_briefing")),
        sa.UniqueConstraint("setting_id", "begins_on", "contact_id", name=op.f("uq_notifier_briefing_setting_id_begins_on_contact_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_notifier_briefing_token_hash")),
        sa.UniqueConstraint("visit_hash", name=op.f("uq_notifier_briefing_visit_hash")),
    )
    op.create_index(
        "ix_notifier_briefing_due",
        "notifier_briefing",
        ["due_at"],
        postgresql_where=sa.text("state = 'owed'"),
        sqlite_where=sa.text("state = 'owed'"),
    )
