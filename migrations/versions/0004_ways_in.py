"""What watched folders and reports typed by hand need to remember."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Tables first, then the grants."""
