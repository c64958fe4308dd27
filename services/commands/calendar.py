"""`encompass calendar`: school days from an iCalendar file or a table of events, shown before they count, and out again."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.commands.session import console, with_parts
from services.console import store_subscriptions
from services.console.domain.calendar_plan import Change
from services.console.handlers_calendars import CalendarResult, export_calendar, import_calendar
from services.console.handlers_closing import REASONS, Closed, close, reopen
from services.console.handlers_subscriptions import subscribe, unsubscribe
from shared.service import Parts

app = typer.Typer(help="School days in and out.", no_args_is_help=True)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="An .ics file, or a CSV table of events.")],
    owner: Annotated[str, typer.Option("--for", help="The code of the authority, or of the setting, whose days they are.")],
    source: Annotated[str, typer.Option(help="Where the calendar comes from; stored with each row.")],
    as_at: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day on which the source said it.")],
    accept: Annotated[list[str] | None, typer.Option(help="The code of a contradiction that may stand; may be repeated.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Store it. Without this the difference is only shown.")] = False,
) -> None:
    """Show which days become school, staff-only or closed, and store them with --apply."""
    as_at_on: date = as_at.date()

    async def work(parts: Parts) -> None:
        result = await import_calendar(file, owner, source=source, as_at_on=as_at_on, accept=accept or (), apply=apply, parts=parts)
        for line in told(result):
            console.print(escape(line), highlight=False, soft_wrap=True)
        if result.open:
            raise typer.Exit(1)

    with_parts(work)


@app.command("export")
def export(
    setting: Annotated[str, typer.Argument(help="The setting's identifier.")],
    year: Annotated[int, typer.Option(min=2000, max=2100, help="The year in whose autumn the school year begins.")],
) -> None:
    """Print a setting's terms and single days of one school year as iCalendar."""

    async def work(parts: Parts) -> None:
        typer.echo(await export_calendar(setting, year, parts), nl=False)

    with_parts(work)


@app.command("close")
def closing(
    of: Annotated[str, typer.Option("--of", help="A setting, or an authority: then every open setting of it.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(REASONS)}.")],
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; the first where left out.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Store it. Without this it is only shown.")] = False,
) -> None:
    """Close for a day or a few: snow, a strike, a polling station; an INSET day keeps its staff."""

    async def work(parts: Parts) -> None:
        _say("closed", await close(of, first.date(), (last or first).date(), reason, parts, apply=apply), apply=apply)

    with_parts(work)


@app.command("reopen")
def reopening(
    of: Annotated[str, typer.Option("--of", help="A setting, or an authority: then every open setting of it.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day; the first where left out.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Store it. Without this it is only shown.")] = False,
) -> None:
    """Let those days be again what the calendar says of them."""

    async def work(parts: Parts) -> None:
        _say("as the calendar says", await reopen(of, first.date(), (last or first).date(), parts, apply=apply), apply=apply)

    with_parts(work)


@app.command("subscribe")
def subscribing(
    url: Annotated[str, typer.Argument(help="Where the calendar is published as iCalendar: an https address.")],
    owner: Annotated[str, typer.Option("--for", help="The code of the authority, or of the setting, whose days they are.")],
    source: Annotated[str, typer.Option(help="Where the calendar comes from; stored with each row.")],
    accept: Annotated[list[str] | None, typer.Option(help="The code of a contradiction that may stand; may be repeated.")] = None,
) -> None:
    """Look at a published calendar once a day; what is in doubt is kept out and shown by the readiness page."""

    async def work(parts: Parts) -> None:
        await subscribe(owner, url, source, accept or (), parts)
        console.print("it is looked at within a minute of the console's running, and then once a day")

    with_parts(work)


@app.command("unsubscribe")
def unsubscribing(owner: Annotated[str, typer.Option("--for", help="The code of the authority, or of the setting.")]) -> None:
    """Look there no more; the days that were taken stay."""

    async def work(parts: Parts) -> None:
        await unsubscribe(owner, parts)
        console.print("it is looked at no more")

    with_parts(work)


@app.command("subscriptions")
def subscriptions() -> None:
    """List what is looked at, and what came of it."""

    async def work(parts: Parts) -> None:
        async with parts.database.reading() as reading:
            known = await store_subscriptions.every(reading)
        for one in known:
            read = "never read" if one.read_at is None else f"read {one.read_at:%Y-%m-%d %H:%M} UTC"
            console.print(escape(f"{one.owner}: {one.state} {one.finding}".rstrip() + f"; {read}; {one.url}"), soft_wrap=True)
        if not known:
            console.print("nothing is subscribed to")

    with_parts(work)


def _say(what: str, done: Closed, *, apply: bool) -> None:
    line = f"{done.settings} {'setting' if done.settings == 1 else 'settings'}, {done.days} {'day' if done.days == 1 else 'days'} {what}"
    console.print(f"{line}: stored, {done.changed} of them new" if apply else f"{line}: nothing was stored yet; --apply stores it")


def told(result: CalendarResult) -> list[str]:
    """The result as lines: what changes, what was not understood, what disagrees, and what became of it."""
    lines = [_range(change) for change in result.changes] or ["no day changes"]
    lines += list(result.left)
    lines += [f"{finding.code}: {finding.where}: {finding.wrong}; {finding.remedy}" for finding in result.findings]
    if result.open:
        return [*lines, f"nothing was stored: correct the file, or accept with {' '.join(f'--accept {code}' for code in result.open)}"]
    rows = f"{result.terms} terms, {result.days} single days"
    if not result.applied:
        return [*lines, f"{rows}: nothing was stored yet; --apply stores them"]
    return [*lines, f"{rows}: stored; {result.changed} of them new or otherwise than before"]


def _range(change: Change) -> str:
    dates = f"{change.first_on}" if change.first_on == change.last_on else f"{change.first_on} to {change.last_on}"
    return f"{dates}: {change.before} becomes {change.after}"
