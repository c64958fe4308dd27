"""What every command stands on: settings, one line for an error, and the database held for as long as the command runs."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services import composition
from shared import log
from shared.clock import Clock, SystemClock
from shared.db import migrate
from shared.db.engine import claim_file
from shared.errors import EncompassError
from shared.run import quiet_tracebacks
from shared.service import Parts
from shared.settings import Settings, checked, from_environment

if sys.platform != "win32":
    import uvloop

console = Console()
faults = Console(stderr=True)


def refuse(error: EncompassError) -> NoReturn:
    """One line for each fault, and exit 2."""
    for line in error.text.split("; "):
        faults.print(f"[bold]encompass[/]: {line}", highlight=False, soft_wrap=True)
    raise typer.Exit(2)


def carry_out(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work``; an error of ours becomes one line, and a defect its class and place."""
    quiet_tracebacks()
    try:
        _run(work)
    except EncompassError as error:
        refuse(error)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop, which spends less on each message to the database, where it exists."""
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        uvloop.run(work)


def settings(**overrides: Any) -> Settings:
    """This process's settings; a fault is told and ends the command."""
    try:
        found = from_environment()
        return checked(found.model_dump() | {name: value for name, value in overrides.items() if value is not None})
    except EncompassError as error:
        refuse(error)


@contextlib.asynccontextmanager
async def at_work(found: Settings, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """The parts over a migrated database, with SQLite's file held for this process alone; on the machine's clock if no other is given."""
    log.start(level=found.log_level)
    held = claim_file(found.database_url)
    try:
        await migrate.check(found.database_url)
        parts = composition.parts(found, clock or SystemClock())
        try:
            yield parts
        finally:
            await parts.database.close()
    finally:
        if held is not None:
            held.close()


class bar:  # noqa: N801  reads as a word of the block that it opens
    """A progress bar that gives its block a function to tell (rows done, rows to do)."""

    def __init__(self, name: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
        )
        self._task = self._progress.add_task(name, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._progress.start()
        return lambda done, total: self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def with_parts(work: Callable[[Parts], Awaitable[None]]) -> None:
    """Carry out a command that needs the database."""
    found = settings()

    async def all_of_it() -> None:
        async with at_work(found) as parts:
            await work(parts)

    carry_out(all_of_it())
