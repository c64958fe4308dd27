"""Watching the folders into which records systems write their exports."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ingest.domain.mapping_files import ExportRefused
from services.ingest.handlers_folder import FolderIntake
from shared.errors import Unavailable
from shared.events import INGEST
from shared.log import logger

log = logger(__name__)


class Folders:
    """Takes what lies in each folder, a step of each in turn. A folder or a file that cannot be read is told of, and the others go on."""

    name = f"{INGEST}.folders"
    every_seconds = 1.0

    def __init__(self, folders: Sequence[FolderIntake]) -> None:
        self.woken = asyncio.Event()
        self.folders = tuple(folders)
        self._told: set[str] = set()

    async def run_once(self) -> int:
        """A step in every folder; how many had something to do. Raises Unavailable when all of them have been looked at."""
        done, down = 0, None
        for one in self.folders:
            try:
                done += await one.turn()
                self._told.discard(one.folder.label)
            except ExportRefused as refused:
                done += await self._failed(one, refused.code)
            except OSError:
                done += await self._failed(one, "unreadable")
            except Unavailable as error:
                down = error
        if down is not None:
            raise down
        return done

    async def next_due(self) -> datetime | None:
        """None: files come when they come."""
        return None

    async def close(self) -> None:
        """Let every folder go."""
        for one in self.folders:
            one.close()

    async def _failed(self, one: FolderIntake, code: str) -> int:
        """Put the file away. A folder in which nothing can be moved is told of once, and looked at again."""
        try:
            if await one.failed(code):
                return 1
        except OSError:
            pass
        if one.folder.label not in self._told:
            self._told.add(one.folder.label)
            log.error("folder.unreadable", force=one.folder.force, reason=code)
        return 0
