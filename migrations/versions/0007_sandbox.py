"""A sandbox's incidents have identities of their own; a source's version may be larger than an integer."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """What was unique stays so: until now nothing was sent with a sandbox key."""
    with op.batch_alter_table("ingest_incident") as table:
        table.alter_column("source_version", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=True)
        # As it is: SQLite's table is made anew, and would write the default that it reads of itself in another way.
        table.alter_column("sandbox", existing_type=sa.Boolean(), existing_nullable=False, server_default=sa.text("false"))
        table.drop_constraint(op.f("uq_ingest_incident_force_system_reference"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_ingest_incident_force_system_reference_sandbox"), ["force", "system", "reference", "sandbox"]
        )
