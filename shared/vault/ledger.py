"""The erasure ledger: what has been erased, kept where no backup of the database reaches (design rule 7.2).

A backup from before an erasure still holds the wrapped key. The ledger remembers, and whoever starts on such a backup first destroys
again what it names. So every line is durable before the database is touched: a crash between the two leaves a line that is carried out
at the next start. A line is the id of what was erased together and the instant, and nothing else:

    {"scope_id": "2f0c6f2e-6a53-4f0e-9d53-0f6b6f0f7a11", "at": "2026-11-22T23:10:00.000000Z"}

A last line without its end was never told of as done, and counts for nothing. Any other line that cannot be read refuses: it may have
named something that would now come back.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shared.errors import SettingsRefused, Unavailable
from shared.vault.private_file import demand_private, write_private

WHAT = "erasure ledger"


class Ledger(Protocol):
    """Where erasures are remembered."""

    def add(self, scope_ids: Sequence[str], at: datetime) -> None:
        """Remember, durably when this returns. Raises Unavailable or SettingsRefused, and then nothing may be erased."""
        ...

    def entries(self) -> Mapping[str, datetime]:
        """Everything that was ever erased, with the first instant of each. Raises SettingsRefused when that cannot be told."""
        ...


class FileLedger:
    """The ledger in a file of mode 0600, to which several processes may add."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Begin an empty ledger; one that is there already is kept. Raises SettingsRefused when it cannot be written."""
        if not self._path.exists():
            write_private(self._path, b"", replace=False, what=WHAT)

    def add(self, scope_ids: Sequence[str], at: datetime) -> None:
        """As the port says."""
        instant = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        lines = "".join(json.dumps({"scope_id": scope_id, "at": instant}) + "\n" for scope_id in scope_ids)
        with self._opened(os.O_RDWR, fcntl.LOCK_EX) as descriptor:
            try:
                _write_behind(descriptor, lines.encode())
            except OSError:
                raise Unavailable("the erasure ledger cannot be written: nothing was erased", code="ledger") from None

    def entries(self) -> Mapping[str, datetime]:
        """As the port says."""
        with self._opened(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
            try:
                content = _read(descriptor)
            except OSError:
                raise SettingsRefused("the erasure ledger cannot be read") from None
        found: dict[str, datetime] = {}
        for line in content[: _whole(content)].splitlines():
            scope_id, at = _entry(line)
            found.setdefault(scope_id, at)
        return found

    @contextlib.contextmanager
    def _opened(self, flags: int, lock: int) -> Iterator[int]:
        try:
            descriptor = os.open(self._path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError):
            raise SettingsRefused(
                "the erasure ledger cannot be opened: put it back, or without any erasure so far begin an empty one"
            ) from None
        try:
            demand_private(os.fstat(descriptor), WHAT)
            fcntl.flock(descriptor, lock)
            yield descriptor
        finally:
            os.close(descriptor)


def _read(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as opened:
        opened.seek(0)
        return opened.read()


def _write_behind(descriptor: int, lines: bytes) -> None:
    """Put ``lines`` behind the last whole line: what a crash left behind it goes."""
    end = _whole(_read(descriptor))
    os.ftruncate(descriptor, end)
    with os.fdopen(os.dup(descriptor), "r+b") as opened:
        opened.seek(end)
        opened.write(lines)
        opened.flush()
        os.fsync(opened.fileno())


def _whole(content: bytes) -> int:
    """How many bytes are whole lines."""
    return content.rfind(b"\n") + 1


def _entry(line: bytes) -> tuple[str, datetime]:
    try:
        entry = json.loads(line)
        at = datetime.fromisoformat(entry["at"])
        if entry.keys() == {"scope_id", "at"} and isinstance(entry["scope_id"], str) and at.tzinfo is not None:
            return entry["scope_id"], at
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise SettingsRefused("the erasure ledger has a line that cannot be read")
