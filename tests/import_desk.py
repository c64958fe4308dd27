"""Someone who imports directory files, for tests."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from services.console.handlers import ImportResult, import_file
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from shared.vault import Vault
from tests.directory_samples import CONTACT_COLUMNS, write_csv


class Desk:
    """Someone who imports files."""

    def __init__(self, database: Database, vault: Vault, clock: ManualClock, folder: Path) -> None:
        self.database, self.vault, self.clock, self.folder = database, vault, clock, folder
        self.seen: list[tuple[int, int]] = []

    async def takes(self, kind: str, path: Path, *, accept_partial: bool = False) -> ImportResult:
        def progress(done: int, total: int) -> None:
            self.seen.append((done, total))

        return await import_file(kind, path, self.database, self.vault, self.clock, progress, accept_partial=accept_partial)

    async def takes_rows(
        self, kind: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, accept_partial: bool = False, encoding: str = "utf-8"
    ) -> ImportResult:
        path = write_csv(self.folder / f"again-{kind}.csv", columns, rows, encoding=encoding)
        return await self.takes(kind, path, accept_partial=accept_partial)

    async def takes_contact(self, *row: object, columns: Sequence[str] = CONTACT_COLUMNS) -> ImportResult:
        return await self.takes_rows("contacts", columns, [row])

    async def everything(self) -> str:
        """Every value of every table, as a stolen dump would show it."""
        async with self.database.reading() as reading:
            tables = [(await reading.execute(select(table))).all() for table in metadata.sorted_tables]
        return "\n".join(repr(sorted(map(str, rows))) for rows in tables)
