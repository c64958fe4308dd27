"""Saying how long a force may be silent."""

from datetime import datetime

from services.ingest import store_watch
from services.ingest.store_watch import Watch
from shared.db import Transaction


async def set_watch(tx: Transaction, force: str, hours: int, now: datetime) -> None:
    """Watch the force from ``now`` on: ``hours`` of business time without a report or a control list are an alarm. 0 ends the watch."""
    if hours:
        await store_watch.set_watch(tx, Watch(force=force, hours=hours, set_at=now))
    else:
        await store_watch.end_watch(tx, force)
