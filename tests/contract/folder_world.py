"""A watched folder in a test's hand, and processes that end at a chosen moment."""

import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.ingest.handlers import Accept, Answer, Intake
from services.ingest.handlers_folder import Folder, FolderIntake
from services.ingest.loops_folder import Folders
from shared.db import Database, Transaction
from tests.contract.ingest_world import FORCE, NOW, World
from tests.exports import example

STAMP = NOW.timestamp()


class Killed(BaseException):
    """The process ends here."""


class Dying(Intake):
    """Ends the process at the batch with that number, before or after it is taken."""

    dies_at, after = 0, False

    async def accept(self, batch: Sequence[Accept]) -> list[Answer]:
        Dying.dies_at -= 1
        if Dying.dies_at == 0 and not self.after:
            raise Killed
        answers = await super().accept(batch)
        if Dying.dies_at == 0:
            raise Killed
        return answers


class DyingDatabase(Database):
    """Ends the process when the transaction with that number begins."""

    dies_at = 0

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.dies_at -= 1
        if self.dies_at == 0:
            raise Killed
        async with super().transaction() as tx:
            yield tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder, and the world that its reports go to."""

    world: World
    path: Path

    def loop(self, intake: Intake | None = None) -> Folders:
        one = self.world
        folder = Folder(path=self.path, export=example(), force=FORCE, label="nightly")
        made = FolderIntake(
            folder, database=one.database, vault=one.vault, clock=one.clock, intake=intake or one.intake, corrections=one.corrections
        )
        return Folders([made])

    def dying(self, at: int, *, after: bool) -> Folders:
        intake = Dying(database=self.world.database, vault=self.world.vault, retention_months=6)
        Dying.dies_at, Dying.after = at, after
        return self.loop(intake)

    def drop(self, name: str, content: bytes, minutes: int = 0) -> Path:
        path = self.path / name
        path.write_bytes(content)
        os.utime(path, (STAMP + minutes * 60, STAMP + minutes * 60))
        return path

    async def settle(self, loop: Folders | None = None) -> None:
        """Look twice, then until there is nothing to do; whoever holds the folder lets it go."""
        loop = loop or self.loop()
        try:
            await loop.run_once()
            self.world.clock.move_to(self.world.clock.now() + timedelta(seconds=3))
            while await loop.run_once():
                self.world.clock.move_to(self.world.clock.now() + timedelta(seconds=3))
        finally:
            await loop.close()

    def files(self) -> list[str]:
        found = [path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file()]
        return sorted(name for name in found if name != ".encompass.lock")

    async def taken(self) -> dict[str, int]:
        children = Counter(child["incident_id"] for child in await self.world.rows("ingest_child"))
        return {one["reference"]: children[one["incident_id"]] for one in await self.world.rows("ingest_incident")}
