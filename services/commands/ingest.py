"""Commands about exports: what a mapping file makes of one, and taking what lies in the watched folders."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services import ingest
from services.commands.session import carry_out, console, with_parts
from services.ingest.domain.mapping import folded
from services.ingest.handlers_folder import LOOK_SECONDS
from services.ingest.handlers_folder_check import Checked, check
from services.ingest.handlers_folder_setup import mapping_at
from shared.errors import Refused, SettingsRefused
from shared.service import Parts

app = typer.Typer(help="Exports of records systems that can do no other.", no_args_is_help=True)


@app.command("map")
def map_(
    mapping: Annotated[Path, typer.Option(help="The mapping file.")],
    check_: Annotated[Path, typer.Option("--check", help="An export to try it with.")],
) -> None:
    """Print what each column of an export becomes. Nothing is taken, and no value of the export is shown."""

    async def work() -> None:
        export = mapping_at(mapping)
        if not check_.is_file():
            raise Refused("the export cannot be read")
        _show(await asyncio.to_thread(check, export, check_))

    carry_out(work())


@app.command("watch")
def watch(
    once: Annotated[bool, typer.Option("--once", help="Take what lies there now, and end.")] = False,
) -> None:
    """Take the exports in the watched folders. `encompass serve` does so by itself."""

    async def work(parts: Parts) -> None:
        watched = ingest.folders(parts)
        if watched is None:
            raise SettingsRefused("ENCOMPASS_FOLDERS_FILE is missing: it names the folders")
        await ingest.check_folders(parts)
        taken = 0
        try:
            while True:
                while step := await watched.run_once():
                    taken += step
                await asyncio.sleep(LOOK_SECONDS)
                if not (step := await watched.run_once()) and once:
                    break
                taken += step
        finally:
            await watched.close()
        console.print(f"{taken} steps were taken." if taken else "There was nothing to take.", highlight=False)

    with_parts(work)


def _show(found: Checked) -> None:
    table = Table("column", "becomes", "codes known")
    entries = found.export.entries
    for column in dict.fromkeys([*found.header, *found.export.columns]):
        used = [entry for entry in entries if entry.column and folded(entry.column) == folded(column)]
        for entry in used:
            table.add_row(column, f"{entry.target} ({entry.kind.value})", "" if entry.codes is None else str(len(entry.codes)))
        if not used:
            table.add_row(column, "nothing", "")
    for entry in entries:
        if not entry.column:
            table.add_row("(constant)", entry.target, "")
    console.print(table)
    console.print(f"Nothing fills: {', '.join(found.unfilled) or 'no field'}.", highlight=False, soft_wrap=True)
    console.print(f"Read: {found.rows} rows of {found.incidents} incidents; {found.refused_rows} rows would come back.", highlight=False)
    for name, counts in (("come back as", found.refused), ("kept as written", found.notes), ("findings", found.findings)):
        for said, number in sorted(counts.items()):
            console.print(f"  {name}: {said}: {number}", highlight=False, soft_wrap=True)
