"""Telephone calls, and what a caller checks."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Tables first, then the grants."""
