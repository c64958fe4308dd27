"""What the database itself refuses: changing the journal, sealing under a retired key, and a service writing another's table.

The migrations run these statements; nothing else does. On PostgreSQL every service has a group role (NOLOGIN) named
``encompass_<service>``; a login role for a deployment is a member of one, or of all when one process runs every service.
"""

from sqlalchemy import Connection, inspect, text

SERVICES = ("ingest", "router", "notifier", "console")

INSERT_ONLY = ("journal", "journal_seal")

#: Tables that several services write, through ``shared`` rooms alone: who, and what beside SELECT.
SHARED_WRITES: dict[str, dict[str, str]] = {
    "journal": dict.fromkeys(SERVICES, "INSERT"),
    "outbox": dict.fromkeys(SERVICES, "INSERT, UPDATE, DELETE"),
    "inbox": dict.fromkeys(SERVICES, "INSERT, UPDATE, DELETE"),
    "vault_key": {"ingest": "INSERT, UPDATE", "router": "INSERT, UPDATE", "console": "INSERT, UPDATE"},
    "vault_retired": {"ingest": "INSERT", "router": "INSERT", "console": "INSERT"},
    "vault_content": {"ingest": "INSERT", "router": "INSERT", "console": "INSERT"},
    "console_session": dict.fromkeys(SERVICES, "INSERT, UPDATE"),
    "console_sign_in": dict.fromkeys(SERVICES, "UPDATE") | {"console": "INSERT, UPDATE"},
    "journal_seal": {},
    "ingest_version": {"ingest": "INSERT"},
    "notifier_list": {"notifier": "INSERT, DELETE"},
}

#: Other services' tables that a service may read. Everyone reads the directory, the journal and the vault's rows.
SHARED_READS = (
    *("journal", "journal_seal", "outbox", "inbox", "vault_key", "vault_retired", "vault_content"),
    *("console_session", "console_sign_in"),
    *("ingest_version", "notifier_list"),
)

#: The name under which a data key wrapped under a retired key is refused, on both databases.
RETIRED_KEY = "retired_key"

ADVISORY_LOCK = 0x656E636F


def install(connection: Connection) -> None:
    """Create triggers, and on PostgreSQL the roles and their grants."""
    if connection.dialect.name == "postgresql":
        _postgresql_triggers(connection)
        _roles(connection)
        grant(connection)
    else:
        _sqlite_triggers(connection)


def grant(connection: Connection) -> None:
    """Give each service's role exactly what it needs: its own tables, and of the shared ones what the table above says.

    It looks at the tables that are there: a later migration that adds one calls it again.
    """
    tables = sorted(inspect(connection).get_table_names())
    for service in SERVICES:
        role = f"encompass_{service}"
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        for table in tables:
            for privilege in _privileges(service, table):
                connection.execute(text(f'GRANT {privilege} ON TABLE "{table}" TO {role}'))
        connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"))
        connection.execute(text(f"GRANT SELECT ON TABLE alembic_version TO {role}"))  # every process looks whether it is at its schema


def _privileges(service: str, table: str) -> tuple[str, ...]:
    owner = {"directory": "console"}.get(table.partition("_")[0], table.partition("_")[0])
    if table in SHARED_READS:
        writes = SHARED_WRITES[table].get(service)
        return ("SELECT", writes) if writes else ("SELECT",)
    if owner == service:
        return ("SELECT, INSERT, UPDATE, DELETE",)
    return ("SELECT",) if table.startswith("directory_") else ()


def _roles(connection: Connection) -> None:
    for service in SERVICES:
        connection.execute(
            text(
                f"DO $$ BEGIN CREATE ROLE encompass_{service} NOLOGIN; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )


def _postgresql_triggers(connection: Connection) -> None:
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION encompass_insert_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'insert-only' USING ERRCODE = 'check_violation'; END $$"
        )
    )
    for table in INSERT_ONLY:
        connection.execute(
            text(
                f"CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION encompass_insert_only()"
            )
        )
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION encompass_retired_key() RETURNS trigger LANGUAGE plpgsql AS "  # noqa: S608
            "$$ BEGIN IF EXISTS (SELECT 1 FROM vault_retired WHERE kek_id = NEW.kek_id) THEN "
            f"RAISE EXCEPTION 'retired' USING ERRCODE = 'check_violation', CONSTRAINT = '{RETIRED_KEY}'; END IF; RETURN NEW; END $$"
        )
    )
    connection.execute(
        text(
            "CREATE TRIGGER vault_key_retired BEFORE INSERT OR UPDATE OF kek_id ON vault_key "
            "FOR EACH ROW EXECUTE FUNCTION encompass_retired_key()"
        )
    )


def _sqlite_triggers(connection: Connection) -> None:
    for table in INSERT_ONLY:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table}: insert-only'); END"
                )
            )
    for verb in ("INSERT", "UPDATE OF kek_id"):
        connection.execute(
            text(
                f"CREATE TRIGGER vault_key_retired_{verb.split()[0].lower()} BEFORE {verb} ON vault_key "  # noqa: S608
                "WHEN EXISTS (SELECT 1 FROM vault_retired WHERE kek_id = NEW.kek_id) "
                f"BEGIN SELECT RAISE(ABORT, 'vault_key: {RETIRED_KEY}'); END"
            )
        )
