"""Mail that came back to our own mailbox: a Maildir that the mail server, or whatever fetches the mailbox, delivers into.

What lies in ``new`` is read once and removed: it holds addresses. What says nothing that we understand is moved to ``unread`` for a person.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from services.notifier.domain.returned import Mail

SIZE_MAX = 64_000
"""Bytes that are looked at; a report that returns a message of ours has some thousands, and what it says stands first."""
UNREAD = "unread"


class MaildirBox:
    """The adapter for a folder with ``new`` in it."""

    def __init__(self, folder: Path) -> None:
        self._new = folder / "new"
        self._unread = folder / UNREAD

    def mails(self, most: int) -> Sequence[Mail]:
        if not self._new.is_dir():
            return ()
        names = sorted(entry.name for entry in os.scandir(self._new) if entry.is_file(follow_symlinks=False))
        return tuple(Mail(name=name, content=self._read(name)) for name in names[:most])

    def done(self, mail: Mail) -> None:
        (self._new / mail.name).unlink(missing_ok=True)

    def aside(self, mail: Mail) -> None:
        self._unread.mkdir(mode=0o700, exist_ok=True)
        (self._new / mail.name).replace(self._unread / mail.name)

    def _read(self, name: str) -> bytes:
        with os.fdopen(os.open(self._new / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as handle:
            return handle.read(SIZE_MAX)
