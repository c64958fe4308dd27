"""Every destination says by which route and on which footing; settings have a provision and a successor; teams have areas by route."""

import sqlalchemy as sa
from alembic import op

from shared.db.guards import grant
from shared.db.tables.base import Instant

revision = "0013"
down_revision = "0012"

NATIONS = "nation IN ('england', 'wales', 'scotland', 'northern-ireland')"
PROVISIONS = "provision IN ('mainstream', 'independent', 'alternative', 'residential', 'hospital')"
CLASSES = "legal_class IS NULL OR legal_class IN ('statutory', 'local-agreement')"


def upgrade() -> None:
    """Every setting so far is taken for a mainstream one; what was routed before says nothing of its route."""
    with op.batch_alter_table("directory_authority") as table:
        table.drop_constraint(op.f("ck_directory_authority_nation"), type_="check")
        table.create_check_constraint(op.f("ck_directory_authority_nation"), NATIONS)
    with op.batch_alter_table("directory_setting") as table:
        table.add_column(sa.Column("provision", sa.String(length=32), nullable=False, server_default=sa.text("'mainstream'")))
        table.add_column(sa.Column("successor", sa.String(length=32), nullable=True))
        table.create_check_constraint(op.f("ck_directory_setting_provision"), PROVISIONS)
    op.create_table(
        "directory_area_team",
        sa.Column("postcodes", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["directory_team.team_id"], name=op.f("fk_directory_area_team_team_id")),
        sa.PrimaryKeyConstraint("postcodes", "route", name=op.f("pk_directory_area_team")),
    )
    with op.batch_alter_table("router_destination") as table:
        table.add_column(sa.Column("route", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("legal_class", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("moved_at", Instant(), nullable=True))
        table.create_check_constraint(op.f("ck_router_destination_legal_class"), CLASSES)
    still = sa.text("ended_at IS NULL AND moved_at IS NULL")
    op.create_index("ix_router_destination_moves", "router_destination", ["ref"], postgresql_where=still, sqlite_where=still)
    with op.batch_alter_table("notifier_notification") as table:
        table.add_column(sa.Column("route", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("legal_class", sa.String(length=16), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        grant(op.get_bind())
