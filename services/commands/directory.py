"""`encompass directory`: bringing settings, contacts, calendars, policies and the roll in, with reasons for every refused row."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from services.commands.session import bar, console, with_parts
from services.console.handlers import IMPORTS, import_file
from services.router.roll import import_roll
from services.router.roll_admissions import import_admissions
from shared.service import Parts

REFUSED_SHOWN = 50

app = typer.Typer(help="Settings, contacts, calendars, policies, the roll.", no_args_is_help=True)

Partial = Annotated[bool, typer.Option("--accept-partial", help="Take the good rows although some are refused.")]


@app.command("import")
def import_files(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(IMPORTS)}.")],
    files: Annotated[list[Path], typer.Argument(help="CSV files; TOML for policies.")],
    accept_partial: Partial = False,
) -> None:
    """Take files into the directory: each whole, or not at all."""

    async def work(parts: Parts) -> None:
        for path in files:
            with bar(path.name) as told:
                result = await import_file(
                    kind,
                    path,
                    parts.database,
                    parts.vault,
                    parts.clock,
                    told,
                    accept_partial=accept_partial,
                    fictional_only=parts.settings.demo,
                )
            _tell(path, result)

    with_parts(work)


@app.command("import-roll")
def import_roll_file(
    file: Annotated[Path, typer.Argument(help="The authority's pupil extract, CSV.")],
    authority: Annotated[str, typer.Option(help="The authority's code.")],
    as_at: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day that the extract shows.")],
    agreement: Annotated[str, typer.Option(help="The sharing agreement under which it is held.")],
    accept_partial: Partial = False,
) -> None:
    """Put a new roll in the place of the authority's last one, whole or not at all."""
    as_at_on: date = as_at.date()

    async def work(parts: Parts) -> None:
        with bar(file.name) as told:
            result = await import_roll(
                file,
                authority=authority,
                as_at_on=as_at_on,
                agreement=agreement,
                database=parts.database,
                vault=parts.vault,
                clock=parts.clock,
                progress=told,
                accept_partial=accept_partial,
            )
        _tell(file, result)

    with_parts(work)


@app.command("import-admissions")
def import_admissions_file(
    file: Annotated[Path, typer.Argument(help="The places offered and accepted for the next school year, CSV.")],
    authority: Annotated[str, typer.Option(help="The authority's code.")],
    accept_partial: Partial = False,
) -> None:
    """Put these places in the place of the authority's last ones, whole or not at all."""

    async def work(parts: Parts) -> None:
        vault = parts.vault
        _tell(file, await import_admissions(file, authority=authority, database=parts.database, vault=vault, accept_partial=accept_partial))

    with_parts(work)


def _tell(path: Path, result: Any) -> None:
    """What became of a file; exit 1 when it was not taken."""
    if result.refused:
        table = Table("line", "column", "code", "why", title=f"{path.name}: {len(result.refused)} rows refused")
        for row in result.refused[:REFUSED_SHOWN]:
            table.add_row(str(row.line), row.column, row.code, row.text)
        console.print(table)
        if len(result.refused) > REFUSED_SHOWN:
            console.print(f"and {len(result.refused) - REFUSED_SHOWN} more")
    if not result.applied:
        console.print(f"{path.name}: nothing was taken; the directory is as it was. --accept-partial takes the good rows.")
        raise typer.Exit(1)
    console.print(f"{path.name}: {result.taken} rows taken.")
