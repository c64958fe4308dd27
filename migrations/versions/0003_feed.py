"""The ordered feed of outcomes, webhooks, control lists and the watch over silent forces."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Tables first, then the grants."""
