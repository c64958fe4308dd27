"""The spine: journal, outbox, inbox, vault, directory, and the tables of the four services."""

from alembic import op

from shared.db import guards
from shared.db.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    guards.install(op.get_bind())
