"""A search of the roll keeps whether it met a restricted record."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Searches made before this met none: what they showed said so on the page alone."""
    op.add_column("router_search", sa.Column("met_restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(op.f("ix_router_search_review_id"), "router_search", ["review_id"], unique=False)
