"""`encompass demo`: everything in one process with a fictional authority, on this machine alone; ``--check`` walks one report through."""

import asyncio
import contextlib
import functools
import json
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from services import composition
from services.commands.headless import as_json, headless
from services.commands.serve import listen, opened_listener, refuse_to_start
from services.commands.session import at_work, carry_out, console, faults
from services.demo import pages
from services.demo.client import Unexpected, Visitors, police_system
from services.demo.messages import Messages
from services.demo.pace import Pace
from services.demo.places import SETTINGS
from services.demo.room import Room
from services.demo.start import HOST, Access, demo_settings, give_access, import_world
from services.demo.walk import Walk, WalkFailed
from services.demo.world import World, write_world
from shared.calendar import london_date
from shared.clock import MovableClock, SystemClock
from shared.db import migrate as migrations
from shared.errors import Refused, SettingsRefused
from shared.run import Process, quiet_tracebacks
from shared.service import Parts
from shared.vault import custody

PORT = 8000
ANY_PORT = 0
BEGINNINGS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d"]
CHANNELS = {"email": "E-mail to", "sms": "Text message to"}


def demo(
    headless_: Annotated[
        bool, typer.Option("--headless", help="Play generated reports over two weeks on a moved clock; print one line of JSON.")
    ] = False,
    seed: Annotated[int, typer.Option(help="With --headless: decides what everybody does.", min=0)] = 1,
    reports: Annotated[int, typer.Option(help="With --headless: how many reports come in.", min=1, max=2000)] = 200,
    check: Annotated[bool, typer.Option("--check", help="Walk one report through, then end: 0 when every child is acknowledged.")] = False,
    port: Annotated[int | None, typer.Option(help=f"Port to listen on. Default: {PORT}, or any free one.")] = None,
    folder: Annotated[Path | None, typer.Option(help="A new folder to keep everything in. Default: one that is removed.")] = None,
    at: Annotated[datetime | None, typer.Option(formats=BEGINNINGS, help="Begin at this instant (UTC). Default: now.")] = None,
) -> None:
    """Start Encompass with a fictional authority. No message leaves this machine."""
    quiet_tracebacks()
    if headless_:
        carry_out(play(folder, seed, reports))
        return
    clock = MovableClock(SystemClock().now() if at is None else at.replace(tzinfo=UTC), running=True)
    carry_out(_demo(clock, port, folder, check=check))


async def play(kept: Path | None, seed: int, reports: int, **smaller: Any) -> None:
    """Print the line of one play; ends the command with 1 when a child was lost. ``smaller`` is for ``headless``."""
    with _made(kept) as folder:
        try:
            counted = await headless(folder, seed=seed, reports=reports, **smaller)
        except Unexpected as found:
            faults.print(f"\u2717 {found}", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
    _lines(as_json(counted))
    if counted["lost"]:
        raise typer.Exit(1)


async def _demo(clock: MovableClock, port: int | None, kept: Path | None, *, check: bool) -> None:
    stopping = _stopped_by_signals()
    with _made(kept) as folder, contextlib.closing(_listener(port, check=check)) as listener:
        settings = demo_settings(folder, listener.getsockname()[1])
        world = write_world(folder / "testshire", today := london_date(clock.now()))
        custody.init(folder / "keyring", today)
        await migrations.upgrade(settings.database_url)
        async with at_work(settings, clock) as parts:
            with _bars() as told:
                await import_world(parts, world, today, told)
            await refuse_to_start(parts)
            access = await give_access(parts, world, folder)
            messages = Messages(folder / "messages")
            parts.database.on_recorded.append(lambda _services: messages.woken.set())
            show = functools.partial(_application, clock, world, access, messages)
            async with _serving(parts, listener, stopping, show) as server:
                if check:
                    await _beside(server, _check(access, messages))
                else:
                    _guide(access, world, folder, removed=kept is None)
                    await _beside(server, _echo(messages))
    if not check:
        console.print(f"Stopped. {'The folder is removed.' if kept is None else f'Everything is in {kept}.'}", highlight=False)


@contextlib.contextmanager
def _made(kept: Path | None) -> Iterator[Path]:
    """The folder of this demonstration. Raises Refused for one that holds something already: a demonstration begins afresh."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="encompass-demo-") as made:
            yield Path(made)
        return
    if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise Refused("the folder holds something already: name a new one")
    kept.mkdir(parents=True, exist_ok=True)
    yield kept.resolve()


def _listener(port: int | None, *, check: bool) -> socket.socket:
    """The port asked for; else the usual one, or a free one where that is taken."""
    if port is not None:
        return opened_listener(HOST, port)
    if not check:
        with contextlib.suppress(SettingsRefused):
            return opened_listener(HOST, PORT)
    return opened_listener(HOST, ANY_PORT)


def _stopped_by_signals() -> asyncio.Event:
    """Set by Ctrl-C and by SIGTERM: the folder is removed either way. The server passes on to us what it caught itself."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


@contextlib.asynccontextmanager
async def _serving(
    parts: Parts, listener: socket.socket, stopping: asyncio.Event, show: Callable[[Process], Any]
) -> AsyncIterator[asyncio.Task[None]]:
    """All services at work while the block runs; the block gets the server, which ends early when it is told to stop."""
    server = asyncio.create_task(listen(parts, (), listener=listener, stopping=stopping, application=show))
    try:
        yield server
    finally:
        stopping.set()
        await server


def _application(clock: MovableClock, world: World, access: Access, messages: Messages, process: Process) -> Any:
    """The services behind HTTP with the demonstration's own pages beside them, moved by a clock that a visitor moves."""
    pace = Pace(process, clock)
    address = process.parts.settings.public_url
    visitors = Visitors(composition.application(process, drive=False), address)
    room = Room(parts=process.parts, world=world, pace=pace, messages=messages, visitors=visitors, key=access.key)
    return composition.application(process, running=pace.running, pages=[pages.build(room)])


async def _beside(server: "asyncio.Task[None]", work: Coroutine[Any, Any, None]) -> None:
    """Do the work for as long as the server lives; raises what the work raises."""
    working = asyncio.create_task(work)
    await asyncio.wait({server, working}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    else:
        working.result()


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for each file, gone when all are in."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield told


# --- for a visitor ----------------------------------------------------------------------------------------------------------------------


def _guide(access: Access, world: World, folder: Path, *, removed: bool) -> None:
    """Where to look and what to do, ready to paste."""
    header = f"-H 'Authorization: Bearer {access.key}'"
    console.print("\nEncompass with an invented authority", style="bold")
    _lines(
        "Nobody in it is real, and no message leaves this machine.",
        f"Testshire has {len(SETTINGS)} settings and {len(world.pupils)} pupils. Its terms are invented too: there is school around today.",
        "",
        f"Look at {access.address}/demo with a browser: a night, a morning and an escalation in two minutes.",
        "There are a police desk, everybody's mailbox and phone, sign-ins for each role, and a clock to move.",
        "",
        "Or by hand:",
        "",
        "1. Post a report of three children at two schools, as a police system would:",
        "",
        f"curl -sS {access.address}/v1/incidents {header} -H 'Content-Type: application/json' --data-binary '@{access.report}'",
        "",
        "2. The messages that follow appear below. Open a link in a browser, ask for the code, answer, and act.",
        "",
        "3. Ask what became of each child (the first answer has the incident_id):",
        "",
        f"curl -sS {access.address}/v1/incidents/INCIDENT_ID {header}",
        "",
        f"A coordinator can sign in once, at {access.sign_in}",
        f"Everything is in {folder}. Ctrl-C stops{', and removes it' if removed else ''}.",
        "",
    )


async def _echo(messages: Messages) -> None:
    """Show every message as it is handed over, without end."""
    while True:
        for arrived in await messages.fresh():
            console.print(f"{CHANNELS[arrived.channel]} {arrived.message.to}", style="bold", highlight=False, markup=False)
            _lines(*(f"    {line}" for line in arrived.message.body.splitlines() if line), "")


def _lines(*lines: str) -> None:
    """Plain lines, never wrapped: they are for copying."""
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


# --- for a machine ----------------------------------------------------------------------------------------------------------------------


async def _check(access: Access, messages: Messages) -> None:
    """Walk one report through. Ends the command with 1 when a step fails, or when a child of the sender's own list is lost."""
    report = access.report.read_bytes()
    references = [child["reference"] for child in json.loads(report)["children"]]
    try:
        async with police_system(access.address, access.key) as police:
            counted = await Walk(access.address, police, messages, lambda step: _lines(f"\u2713 {step}")).carry_out(report, references)
    except (WalkFailed, asyncio.CancelledError) as failed:
        faults.print(f"\u2717 {str(failed) or 'The server has ended'}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in counted.by_outcome.items())
    _lines(f"{len(references)} children in the report: {outcomes}; {counted.lost} lost")
    if counted.later:
        _lines(f"{counted.later} of them are told on their setting's first staff day, when it opens again")
    if not counted.is_well:
        faults.print("\u2717 A child is neither acknowledged nor about to be told", highlight=False)
        raise typer.Exit(1)
