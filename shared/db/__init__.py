"""The two ways into the one database: ``transaction()`` and ``reading()`` (design 3).

>>> async with database.transaction() as tx:
...     await store.insert_incident(tx, incident)
...     await tx.record("ingest", [IncidentReceived(...)])      # the fact is in the commit (D1)
"""

from shared.db.database import Database, Reading, Transaction, assert_outside_transaction

__all__ = ["Database", "Reading", "Transaction", "assert_outside_transaction"]
