"""The second place: a folder, best on another machine's disk, in which the newest sealed lists lie."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.errors import SettingsRefused
from shared.vault.private_file import write_private

KEPT = 8
"""Two hours of lists, one every quarter of an hour."""
PREFIX = "owed-"


class Folder:
    """The adapter. A list has a name of its own and mode 0600; the newest name is the newest list."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, box: bytes, made_at: datetime) -> None:
        """Written beside, made durable, then named: whoever dies in between leaves the older lists as they were."""
        write_private(self._path / f"{PREFIX}{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.box", box, replace=True, what="duty list")
        for old in [*self.lists()[:-KEPT], *self._path.glob(f".{PREFIX}*")]:
            old.unlink(missing_ok=True)

    def lists(self) -> Sequence[Path]:
        """What lies there, the newest last. Raises SettingsRefused when the folder cannot be read."""
        try:
            return sorted(self._path.glob(f"{PREFIX}*.box"))
        except OSError:
            raise SettingsRefused("the folder of duty lists cannot be read") from None
