"""A file of a watched folder that failed, or whose rows came back, is an alarm; its subject is the folder's label."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

KIND = "kind IN ('silent', 'list-missing', 'webhook-paused', 'folder-failed', 'folder-returned')"


def upgrade() -> None:
    """A label is longer than a system's name."""
    with op.batch_alter_table("ingest_alarm") as table:
        table.alter_column("subject", existing_type=sa.String(length=36), type_=sa.String(length=80), existing_nullable=False)
        table.drop_constraint(op.f("ck_ingest_alarm_kind"), type_="check")
        table.create_check_constraint(op.f("ck_ingest_alarm_kind"), KIND)
