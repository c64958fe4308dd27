"""What the review desk needs to remember."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Tables first, then the grants."""
