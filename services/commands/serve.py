"""`encompass serve` and `encompass migrate`."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
import uvicorn

from services import NAMES, composition, ingest
from services.commands.session import at_work, carry_out, console, settings
from shared.calendar import london_date
from shared.db import migrate as migrations
from shared.db.engine import claim_file
from shared.directory import check_start
from shared.errors import SettingsRefused
from shared.events import INGEST
from shared.log import logger
from shared.run import Process
from shared.service import Parts
from shared.settings import Settings, refuse_doubtful
from shared.vault import custody
from shared.vault.erasure import Erasure

BACKLOG = 2048

log = logger(__name__)


def serve(
    services: Annotated[
        list[str] | None, typer.Argument(help=f"Which services run in this process: {', '.join(NAMES)}. Default: all.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Run services until stopped. Refuses to start on a doubtful setting."""
    found = settings(host=host, port=port)
    carry_out(_serve(found, services or []))


def migrate() -> None:
    """Bring the database to this program's schema."""
    found = settings()
    carry_out(_migrate(found))


async def _migrate(found: Settings) -> None:
    held = claim_file(found.database_url)
    try:
        await migrations.upgrade(found.database_url)
    finally:
        if held is not None:
            held.close()
    console.print("The database is at this program's newest migration.")


async def _serve(found: Settings, names: Sequence[str]) -> None:
    refuse_doubtful(found)
    async with at_work(found) as parts:
        await refuse_to_start(parts)
        if not names or INGEST in names:
            await ingest.check_folders(parts)
        await listen(parts, names)


async def refuse_to_start(parts: Parts) -> None:
    """Raise SettingsRefused for a directory that would leave a child without an owner. What is wrong with the keyring is told, no more:
    while it is short ingest takes no report (503), but whoever has been promised a message must still get it.

    Before anything else, what had been erased is erased again: this may be an older copy of the database (design rule 7.2).
    """
    await Erasure(parts.database, parts.vault).restore()
    today = london_date(parts.clock.now())
    async with parts.database.reading() as reading:
        await check_start(reading, parts.directory, parts.clock.now())
    for finding in custody.check(parts.vault.keyring, today, parts.settings.retention_months):
        log.warning("keyring.found", reason=finding.code)


async def listen(
    parts: Parts,
    names: Sequence[str],
    *,
    listener: socket.socket | None = None,
    stopping: asyncio.Event | None = None,
    application: Callable[[Process], Any] = composition.application,
) -> None:
    """Serve the named services over HTTP until the process is told to stop, or until ``stopping`` is set.

    ``listener`` takes the place of the settings' address: whoever gives one knows that a connection waits until it is answered.
    ``application`` puts the process behind HTTP. Raises SettingsRefused when the settings' address cannot be listened on.
    """
    process = composition.process(parts, names)
    app = application(process)
    config = uvicorn.Config(app, access_log=False, server_header=False, log_config=None, lifespan="on", timeout_graceful_shutdown=10)
    server = uvicorn.Server(config)
    gc.freeze()  # what start-up made lives as long as the process: the collector need not look at it again
    log.info("process.started", services=",".join(service.name for service in process.services), port=parts.settings.port)
    with contextlib.closing(listener or opened_listener(parts.settings.host, parts.settings.port)) as listening:
        ending = asyncio.create_task(_end(server, stopping or asyncio.Event()))
        try:
            await server.serve(sockets=[listening])
        finally:
            ending.cancel()
    log.info("process.stopped")


def opened_listener(host: str, port: int) -> socket.socket:
    """A socket that already queues connections; port 0 is any free one. Raises SettingsRefused when the address cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsRefused(f"cannot listen on {host} port {port} ({error.strerror})") from None
    return listener


async def _end(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
