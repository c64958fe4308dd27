"""What is wrong with a force's ways in or out. Pure."""

from datetime import datetime, timedelta

SILENT, LIST_MISSING, WEBHOOK_PAUSED = "silent", "list-missing", "webhook-paused"
FOLDER_FAILED, FOLDER_RETURNED = "folder-failed", "folder-returned"


def silent_since(heard: datetime | None, watched_from: datetime, hours: int, now: datetime) -> datetime | None:
    """Since when a force is silent that may be so for ``hours``: the instant it was last heard. None while it is within them."""
    last = watched_from if heard is None else max(heard, watched_from)
    return last if now >= last + timedelta(hours=hours) else None
