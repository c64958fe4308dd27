"""Every table of the one database, a module for each owner.

``<owner>_<noun>`` singular, one writer a table. ``OWNERS`` says which service's role may write what: the migrations grant from it,
and ``tests/test_tidy.py`` keeps each service's store to its own module (``shared/directory`` reads the directory for all).
"""

from shared.db.tables import console, directory, ingest, ingest_feed, ingest_folder, journal, notifier, router, router_desk, vault
from shared.db.tables.base import Instant, metadata

__all__ = [
    "Instant",
    "console",
    "directory",
    "ingest",
    "ingest_feed",
    "ingest_folder",
    "journal",
    "metadata",
    "notifier",
    "router",
    "router_desk",
    "vault",
]
