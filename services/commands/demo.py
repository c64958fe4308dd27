"""`encompass demo`: Encompass with a fictional authority, in one process, on this machine alone; and a check that walks one report through."""

import asyncio
import contextlib
import json
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from services.commands.serve import listen, opened_listener, refuse_to_start
from services.commands.session import at_work, carry_out, console
from services.console.handlers import import_file
from services.demo.client import police_system
from services.demo.messages import Arrived, Messages
from services.demo.report import sample_report
from services.demo.walk import Counted, Walk, WalkFailed
from services.demo.world import AGREEMENT, AUTHORITY, FORCE, World, write_world
from services.ingest import keys
from services.router.roll import import_roll
from shared.calendar import london_date
from shared.clock import Clock, MovableClock, SystemClock
from shared.db import migrate as migrations
from shared.errors import Refused
from shared.run import quiet_tracebacks
from shared.scope import Scope
from shared.service import Parts
from shared.settings import Settings, checked, refuse_doubtful
from shared.vault import custody
from shared.web import sessions
from shared.web.sessions import Role

HOST, PORT = "127.0.0.1", 8000
SIGN_IN_HOURS = 12
BEGINNINGS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a visitor of the demonstration needs: the address, the API key of the fictional force, the report to post, a sign-in link."""

    address: str
    key: str = field(repr=False)
    report: Path
    sign_in: str = field(repr=False)


def demo(
    check: Annotated[bool, typer.Option("--check", help="Walk one report through to its acknowledgement, then end: 0 if all was well.")] = False,
    port: Annotated[int | None, typer.Option(help=f"Port to listen on; {PORT} unless it is taken, any free one for --check.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep everything in this new folder, instead of one that is removed at the end.")] = None,
    at: Annotated[datetime | None, typer.Option(formats=BEGINNINGS, help="Begin at this instant (UTC) instead of now.")] = None,
) -> None:
    """Start Encompass with a fictional authority: no message leaves this machine."""
    quiet_tracebacks()
    clock: Clock = SystemClock() if at is None else MovableClock(at.replace(tzinfo=UTC), running=True)
    carry_out(_demo(clock, port, folder, check=check))


async def _demo(clock: Clock, port: int | None, kept: Path | None, *, check: bool) -> None:
    with _made(kept) as folder:
        listener = opened_listener(HOST, port) if port is not None else _usual_listener(check=check)
        settings = _settings(folder, listener.getsockname()[1])
        world = write_world(folder / "testshire", today := london_date(clock.now()))
        custody.init(folder / "keyring", today)
        await migrations.upgrade(settings.database_url)
        async with at_work(settings, clock) as parts:
            await _import(parts, world, today)
            await refuse_to_start(parts)
            access = await _access(parts, world, folder)
            messages = Messages(folder / "messages")
            parts.database.on_recorded.append(lambda _services: messages.woken.set())
            stopping = _stopped_by_signals()
            serving = asyncio.create_task(listen(parts, (), listener=listener, stopping=stopping))
            try:
                await (_check(access, messages) if check else _show(access, messages, serving))
            finally:
                stopping.set()
                await serving


# --- making it ready --------------------------------------------------------------------------------------------------------------------


def _made(kept: Path | None) -> AbstractContextManager[Path]:
    """The folder of this demonstration. Raises Refused for one that holds something already: a demonstration begins afresh."""
    if kept is None:
        temporary = tempfile.TemporaryDirectory(prefix="encompass-demo-")
        return contextlib.ExitStack() and _inside(temporary)
    if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise Refused("the folder is not empty; name a new one")
    kept.mkdir(parents=True, exist_ok=True)
    return contextlib.nullcontext(kept.resolve())
