"""A single day of a setting says as at when its source said it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Days taken in before this do not say."""
    op.add_column("directory_day", sa.Column("as_at_on", sa.Date(), nullable=True))
