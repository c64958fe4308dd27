"""The spine: journal, outbox, inbox, vault, directory, and the tables of the four services.

Written out, not built from ``shared.db.tables``: a migration is what it was, whatever the tables become.
"""

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant, Sequence64

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Tables, indexes, then triggers, roles and grants."""

    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("scope_kind", sa.String(length=16), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("role IN ('reviewer', 'coordinator', 'operator')", name=op.f("ck_console_session_role")),
        sa.CheckConstraint("scope_kind IN ('force', 'authority')", name=op.f("ck_console_session_scope_kind")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_session")),
        sa.UniqueConstraint("session_id", name=op.f("uq_console_session_session_id")),
    )
    op.create_table(
        "console_sign_in",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("scope_kind", sa.String(length=16), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.CheckConstraint("role IN ('reviewer', 'coordinator', 'operator')", name=op.f("ck_console_sign_in_role")),
        sa.CheckConstraint("scope_kind IN ('force', 'authority')", name=op.f("ck_console_sign_in_scope_kind")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_sign_in")),
    )
    op.create_table(
        "directory_authority",
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("nation", sa.String(length=16), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.CheckConstraint("nation IN ('england', 'wales')", name=op.f("ck_directory_authority_nation")),
        sa.PrimaryKeyConstraint("authority", name=op.f("pk_directory_authority")),
    )
    op.create_table(
        "directory_import",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("rows_taken", sa.Integer(), nullable=False),
        sa.Column("rows_refused", sa.Integer(), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_directory_import")),
    )
    op.create_index(op.f("ix_directory_import_kind_imported_at"), "directory_import", ["kind", "imported_at"], unique=False)
    op.create_table(
        "directory_policy",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("effective_from_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.CheckConstraint("owner_kind IN ('force', 'authority')", name=op.f("ck_directory_policy_owner_kind")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_directory_policy")),
    )
    op.create_index(op.f("ix_directory_policy_owner_kind_owner"), "directory_policy", ["owner_kind", "owner"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("fact_id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("error", sa.String(length=120), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.CheckConstraint("state <> 'parked' OR error IS NOT NULL", name=op.f("ck_inbox_parked_says_why")),
        sa.CheckConstraint("state <> 'retry' OR due_at IS NOT NULL", name=op.f("ck_inbox_retry_is_due")),
        sa.CheckConstraint("state IN ('done', 'retry', 'parked')", name=op.f("ck_inbox_state")),
        sa.PrimaryKeyConstraint("service", "fact_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_owed",
        "inbox",
        ["service", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'retry'"),
        sqlite_where=sa.text("state = 'retry'"),
    )
    op.create_index(
        "ix_inbox_parked",
        "inbox",
        ["service"],
        unique=False,
        postgresql_where=sa.text("state = 'parked'"),
        sqlite_where=sa.text("state = 'parked'"),
    )
    op.create_table(
        "ingest_api_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_ingest_api_key")),
    )
    op.create_index(op.f("ix_ingest_api_key_force"), "ingest_api_key", ["force"], unique=False)
    op.create_table(
        "journal",
        sa.Column("seq", Sequence64, autoincrement=True, nullable=False),
        sa.Column("fact_id", sa.String(length=36), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("type", sa.String(length=48), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_journal_fact_id")),
    )
    op.create_index(op.f("ix_journal_incident_id_seq"), "journal", ["incident_id", "seq"], unique=False)
    op.create_index(op.f("ix_journal_type_recorded_at"), "journal", ["type", "recorded_at"], unique=False)
    op.create_table(
        "journal_seal",
        sa.Column("first_seq", Sequence64, autoincrement=False, nullable=False),
        sa.Column("last_seq", Sequence64, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", Instant(), nullable=False),
        sa.CheckConstraint("last_seq >= first_seq", name=op.f("ck_journal_seal_range")),
        sa.PrimaryKeyConstraint("first_seq", name=op.f("pk_journal_seal")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_journal_seal_last_seq")),
    )
    op.create_table(
        "notifier_notification",
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("destination_id", sa.String(length=36), nullable=False),
        sa.Column("destination_kind", sa.String(length=16), nullable=False),
        sa.Column("destination_ref", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("rungs_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deadline_at", Instant(), nullable=False),
        sa.Column("next_rung_at", Instant(), nullable=True),
        sa.Column("next_action_at", Instant(), nullable=True),
        sa.Column("leased_until_at", Instant(), nullable=True),
        sa.Column("late_at", Instant(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("state <> 'open' OR next_action_at IS NOT NULL", name=op.f("ck_notifier_notification_open_is_due")),
        sa.CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name=op.f("ck_notifier_notification_ended_when")),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'recalled')", name=op.f("ck_notifier_notification_state")),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_notifier_notification")),
        sa.UniqueConstraint("destination_id", name=op.f("uq_notifier_notification_destination_id")),
    )
    op.create_index(
        "ix_notifier_due",
        "notifier_notification",
        ["next_action_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_notifier_notification_incident_id"), "notifier_notification", ["incident_id"], unique=False)
    op.create_table(
        "router_incident",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_router_incident")),
    )
    op.create_table(
        "router_roll",
        sa.Column("roll_id", sa.String(length=36), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("as_at_on", sa.Date(), nullable=False),
        sa.Column("agreement", sa.String(length=120), nullable=False),
        sa.Column("pupils", sa.Integer(), nullable=False),
        sa.Column("index_key_id", sa.String(length=32), nullable=False),
        sa.Column("loaded_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('live', 'superseded')", name=op.f("ck_router_roll_state")),
        sa.PrimaryKeyConstraint("roll_id", name=op.f("pk_router_roll")),
    )
    op.create_index(
        "ux_router_roll_live",
        "router_roll",
        ["authority"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
        sqlite_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "vault_key",
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("kek_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("destroyed_at", Instant(), nullable=True),
        sa.CheckConstraint("(wrapped IS NULL) <> (destroyed_at IS NULL)", name=op.f("ck_vault_key_wrapped_or_destroyed")),
        sa.PrimaryKeyConstraint("scope_id", name=op.f("pk_vault_key")),
    )
    op.create_index(
        "ix_vault_key_live",
        "vault_key",
        ["kek_id", "scope_id"],
        unique=False,
        postgresql_where=sa.text("wrapped IS NOT NULL"),
        sqlite_where=sa.text("wrapped IS NOT NULL"),
    )
    op.create_table(
        "vault_retired",
        sa.Column("kek_id", sa.String(length=32), nullable=False),
        sa.Column("retired_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kek_id", name=op.f("pk_vault_retired")),
    )
    op.create_table(
        "directory_setting",
        sa.Column("setting_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("town", sa.String(length=80), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("telephone", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("low_age", sa.Integer(), nullable=True),
        sa.Column("high_age", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('school', 'college', 'early-years')", name=op.f("ck_directory_setting_kind")),
        sa.CheckConstraint("status IN ('open', 'closing', 'closed')", name=op.f("ck_directory_setting_status")),
        sa.ForeignKeyConstraint(["authority"], ["directory_authority.authority"], name=op.f("fk_directory_setting_authority")),
        sa.PrimaryKeyConstraint("setting_id", name=op.f("pk_directory_setting")),
    )
    op.create_index(op.f("ix_directory_setting_authority"), "directory_setting", ["authority"], unique=False)
    op.create_table(
        "directory_team",
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=True),
        sa.Column("force", sa.String(length=32), nullable=True),
        sa.Column("telephone", sa.String(length=32), nullable=True),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.CheckConstraint("kind IN ('education', 'social-care', 'health', 'police')", name=op.f("ck_directory_team_kind")),
        sa.ForeignKeyConstraint(["authority"], ["directory_authority.authority"], name=op.f("fk_directory_team_authority")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_directory_team")),
    )
    op.create_table(
        "ingest_incident",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("hash_key_id", sa.String(length=32), nullable=False),
        sa.Column("content_id", sa.String(length=36), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["ingest_api_key.key_id"], name=op.f("fk_ingest_incident_key_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_ingest_incident")),
        sa.UniqueConstraint("force", "system", "reference", name=op.f("uq_ingest_incident_force_system_reference")),
    )
    op.create_index(op.f("ix_ingest_incident_received_at"), "ingest_incident", ["received_at"], unique=False)
    op.create_table(
        "notifier_attempt",
        sa.Column("attempt_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=True),
        sa.Column("provider_reference", sa.String(length=120), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("result = 'started' OR ended_at IS NOT NULL", name=op.f("ck_notifier_attempt_ended_when")),
        sa.CheckConstraint(
            "result IN ('started', 'handed-over', 'try-again', 'refused', 'unknown')", name=op.f("ck_notifier_attempt_result")
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_attempt_notification_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_notifier_attempt")),
        sa.UniqueConstraint(
            "notification_id",
            "rung",
            "contact_id",
            "channel",
            "round",
            name=op.f("uq_notifier_attempt_notification_id_rung_contact_id_channel_round"),
        ),
    )
    op.create_table(
        "notifier_breach",
        sa.Column("breach_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("content_was_shown", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_breach_notification_id")
        ),
        sa.PrimaryKeyConstraint("breach_id", name=op.f("pk_notifier_breach")),
        sa.UniqueConstraint("notification_id", "child_id", name=op.f("uq_notifier_breach_notification_id_child_id")),
    )
    op.create_table(
        "notifier_child",
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answered_by", sa.String(length=36), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=36), nullable=True),
        sa.Column("acknowledged_at", Instant(), nullable=True),
        sa.Column("recalled_at", Instant(), nullable=True),
        sa.CheckConstraint("acknowledged_at IS NULL OR answer = 'on-our-roll'", name=op.f("ck_notifier_child_acknowledged_is_ours")),
        sa.CheckConstraint("answer IS NULL OR answer IN ('on-our-roll', 'not-ours', 'has-left')", name=op.f("ck_notifier_child_answer")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_child_notification_id")
        ),
        sa.PrimaryKeyConstraint("notification_id", "child_id", name=op.f("pk_notifier_child")),
    )
    op.create_table(
        "notifier_phone_task",
        sa.Column("phone_task_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name=op.f("ck_notifier_phone_task_ended_when")),
        sa.CheckConstraint("state IN ('open', 'done', 'not-needed')", name=op.f("ck_notifier_phone_task_state")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_phone_task_notification_id")
        ),
        sa.PrimaryKeyConstraint("phone_task_id", name=op.f("pk_notifier_phone_task")),
        sa.UniqueConstraint("notification_id", "reason", name=op.f("uq_notifier_phone_task_notification_id_reason")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", Sequence64, autoincrement=True, nullable=False),
        sa.Column("fact_id", sa.String(length=36), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["fact_id"], ["journal.fact_id"], name=op.f("fk_outbox_fact_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("fact_id", name=op.f("uq_outbox_fact_id")),
    )
    op.create_index(op.f("ix_outbox_service_due_at"), "outbox", ["service", "due_at"], unique=False)
    op.create_table(
        "router_decision",
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("pupil_id", sa.String(length=36), nullable=True),
        sa.Column("policy_version", sa.String(length=64), nullable=True),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.CheckConstraint("outcome IN ('matched', 'held', 'excluded')", name=op.f("ck_router_decision_outcome")),
        sa.ForeignKeyConstraint(["incident_id"], ["router_incident.incident_id"], name=op.f("fk_router_decision_incident_id")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_router_decision")),
        sa.UniqueConstraint(
            "incident_id",
            "incident_version",
            "child_id",
            "round",
            name=op.f("uq_router_decision_incident_id_incident_version_child_id_round"),
        ),
    )
    op.create_table(
        "router_destination",
        sa.Column("destination_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("incident_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("send_at", Instant(), nullable=False),
        sa.Column("deadline_at", Instant(), nullable=False),
        sa.Column("urgency", sa.String(length=16), nullable=False),
        sa.Column("calendar_known", sa.Boolean(), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("routed_at", Instant(), nullable=False),
        sa.CheckConstraint("kind IN ('setting', 'team')", name=op.f("ck_router_destination_kind")),
        sa.CheckConstraint("purpose IN ('school-day', 'holiday-live', 'first-staff-day')", name=op.f("ck_router_destination_purpose")),
        sa.CheckConstraint("urgency IN ('ordinary', 'urgent', 'late-on-arrival')", name=op.f("ck_router_destination_urgency")),
        sa.ForeignKeyConstraint(["incident_id"], ["router_incident.incident_id"], name=op.f("fk_router_destination_incident_id")),
        sa.PrimaryKeyConstraint("destination_id", name=op.f("pk_router_destination")),
        sa.UniqueConstraint(
            "incident_id",
            "kind",
            "ref",
            "purpose",
            "incident_version",
            name=op.f("uq_router_destination_incident_id_kind_ref_purpose_incident_version"),
        ),
    )
    op.create_table(
        "router_pupil",
        sa.Column("pupil_id", sa.String(length=36), nullable=False),
        sa.Column("roll_id", sa.String(length=36), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["roll_id"], ["router_roll.roll_id"], name=op.f("fk_router_pupil_roll_id")),
        sa.PrimaryKeyConstraint("pupil_id", name=op.f("pk_router_pupil")),
    )
    op.create_index(op.f("ix_router_pupil_roll_id_pupil_id"), "router_pupil", ["roll_id", "pupil_id"], unique=False)
    op.create_table(
        "router_review",
        sa.Column("review_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("escalates_to", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("deadline_at", Instant(), nullable=False),
        sa.Column("next_action_at", Instant(), nullable=True),
        sa.Column("escalated_at", Instant(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.CheckConstraint("state <> 'escalated' OR escalated_at IS NOT NULL", name=op.f("ck_router_review_escalated_when")),
        sa.CheckConstraint("state <> 'open' OR next_action_at IS NOT NULL", name=op.f("ck_router_review_open_is_due")),
        sa.CheckConstraint("state IN ('open', 'escalated', 'settled')", name=op.f("ck_router_review_state")),
        sa.ForeignKeyConstraint(["incident_id"], ["router_incident.incident_id"], name=op.f("fk_router_review_incident_id")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_router_review")),
        sa.UniqueConstraint("incident_id", "child_id", "round", name=op.f("uq_router_review_incident_id_child_id_round")),
    )
    op.create_index(
        "ix_router_review_due",
        "router_review",
        ["next_action_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "vault_content",
        sa.Column("content_id", sa.String(length=36), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["vault_key.scope_id"], name=op.f("fk_vault_content_scope_id")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_vault_content")),
    )
    op.create_index(op.f("ix_vault_content_scope_id"), "vault_content", ["scope_id"], unique=False)
    op.create_table(
        "directory_contact",
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("setting_id", sa.String(length=32), nullable=True),
        sa.Column("team_id", sa.String(length=64), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.Column("has_email", sa.Boolean(), nullable=False),
        sa.Column("has_phone", sa.Boolean(), nullable=False),
        sa.Column("scope_id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "role IN ('dsl', 'deputy', 'head', 'trust', 'authority', 'duty', 'lead')", name=op.f("ck_directory_contact_role")
        ),
        sa.CheckConstraint("state <> 'verified' OR verified_at IS NOT NULL", name=op.f("ck_directory_contact_verified_when")),
        sa.CheckConstraint("state IN ('unverified', 'verified', 'suspended')", name=op.f("ck_directory_contact_state")),
        sa.CheckConstraint("(setting_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_directory_contact_one_destination")),
        sa.ForeignKeyConstraint(["setting_id"], ["directory_setting.setting_id"], name=op.f("fk_directory_contact_setting_id")),
        sa.ForeignKeyConstraint(["team_id"], ["directory_team.team_id"], name=op.f("fk_directory_contact_team_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_directory_contact")),
        sa.UniqueConstraint("reference", name=op.f("uq_directory_contact_reference")),
    )
    op.create_index(op.f("ix_directory_contact_setting_id"), "directory_contact", ["setting_id"], unique=False)
    op.create_index(op.f("ix_directory_contact_team_id"), "directory_contact", ["team_id"], unique=False)
    op.create_table(
        "directory_day",
        sa.Column("setting_id", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.CheckConstraint("kind IN ('school', 'staff-only', 'closed')", name=op.f("ck_directory_day_kind")),
        sa.ForeignKeyConstraint(["setting_id"], ["directory_setting.setting_id"], name=op.f("fk_directory_day_setting_id")),
        sa.PrimaryKeyConstraint("setting_id", "on", name=op.f("pk_directory_day")),
    )
    op.create_table(
        "directory_term",
        sa.Column("term_id", sa.String(length=36), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("setting_id", sa.String(length=32), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("as_at_on", sa.Date(), nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_directory_term_range")),
        sa.ForeignKeyConstraint(["authority"], ["directory_authority.authority"], name=op.f("fk_directory_term_authority")),
        sa.ForeignKeyConstraint(["setting_id"], ["directory_setting.setting_id"], name=op.f("fk_directory_term_setting_id")),
        sa.PrimaryKeyConstraint("term_id", name=op.f("pk_directory_term")),
    )
    op.create_index(op.f("ix_directory_term_authority"), "directory_term", ["authority"], unique=False)
    op.create_table(
        "ingest_child",
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["ingest_incident.incident_id"], name=op.f("fk_ingest_child_incident_id")),
        sa.PrimaryKeyConstraint("child_id", name=op.f("pk_ingest_child")),
        sa.UniqueConstraint("incident_id", "ordinal", name=op.f("uq_ingest_child_incident_id_ordinal")),
    )
    op.create_table(
        "notifier_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("attempt_id", sa.String(length=36), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["notifier_attempt.attempt_id"], name=op.f("fk_notifier_link_attempt_id")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_link_notification_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_notifier_link")),
        sa.UniqueConstraint("link_id", name=op.f("uq_notifier_link_link_id")),
    )
    op.create_index(op.f("ix_notifier_link_notification_id"), "notifier_link", ["notification_id"], unique=False)
    op.create_table(
        "router_destination_child",
        sa.Column("destination_id", sa.String(length=36), nullable=False),
        sa.Column("child_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["router_destination.destination_id"], name=op.f("fk_router_destination_child_destination_id")
        ),
        sa.PrimaryKeyConstraint("destination_id", "child_id", name=op.f("pk_router_destination_child")),
    )
    op.create_index(op.f("ix_router_destination_child_child_id"), "router_destination_child", ["child_id"], unique=False)
    op.create_table(
        "router_pupil_setting",
        sa.Column("pupil_id", sa.String(length=36), nullable=False),
        sa.Column("setting_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["router_pupil.pupil_id"], name=op.f("fk_router_pupil_setting_pupil_id")),
        sa.PrimaryKeyConstraint("pupil_id", "setting_id", name=op.f("pk_router_pupil_setting")),
    )
    op.create_table(
        "router_pupil_token",
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("pupil_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["pupil_id"], ["router_pupil.pupil_id"], name=op.f("fk_router_pupil_token_pupil_id")),
        sa.PrimaryKeyConstraint("token", "pupil_id", name=op.f("pk_router_pupil_token")),
    )
    op.create_index(op.f("ix_router_pupil_token_key_id"), "router_pupil_token", ["key_id"], unique=False)
    op.create_index(op.f("ix_router_pupil_token_pupil_id"), "router_pupil_token", ["pupil_id"], unique=False)
    op.create_table(
        "notifier_code",
        sa.Column("code_id", sa.String(length=36), nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("hash_key_id", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["notifier_link.link_id"], name=op.f("fk_notifier_code_link_id")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_notifier_code")),
    )
    op.create_index(op.f("ix_notifier_code_link_id"), "notifier_code", ["link_id"], unique=False)
    op.create_table(
        "notifier_visit",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("link_id", sa.String(length=36), nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["link_id"], ["notifier_link.link_id"], name=op.f("fk_notifier_visit_link_id")),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifier_notification.notification_id"], name=op.f("fk_notifier_visit_notification_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_notifier_visit")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_notifier_visit_visit_id")),
    )
    op.create_index(op.f("ix_notifier_visit_notification_id"), "notifier_visit", ["notification_id"], unique=False)
    guards.install(op.get_bind())
