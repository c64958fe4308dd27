"""How Alembic meets the database: one connection given by ``shared.db.migrate``, batch mode for SQLite, time-outs for PostgreSQL."""

from alembic import context

from shared.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
    compare_type=True,
)
context.run_migrations()
