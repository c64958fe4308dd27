"""`encompass erase` and `encompass restore`: taking away for ever, also from older copies of the database (design rule 7.2)."""

from typing import Annotated

import typer

from services.commands.session import bar, console, with_parts
from shared.calendar import london_date
from shared.service import Parts
from shared.vault.erasure import Erasure

app = typer.Typer(help="Erase what is sealed, for ever.", no_args_is_help=True)


@app.command("incident")
def erase_incident(
    incident_id: Annotated[str, typer.Argument(help="The incident's id.")],
    reason: Annotated[str, typer.Option(help="Why, as a code: small letters, digits, hyphens. No name, no text.")],
) -> None:
    """Erase one report. What became of its children stays known."""

    async def work(parts: Parts) -> None:
        erased = await Erasure(parts.database, parts.vault).incident(incident_id, reason)
        console.print("The report is erased." if erased else "The report was erased before.")

    with_parts(work)


@app.command("ended")
def erase_ended() -> None:
    """Erase everything whose retention month has ended."""

    async def work(parts: Parts) -> None:
        with bar("erasing") as told:
            erased = await Erasure(parts.database, parts.vault).ended(london_date(parts.clock.now()), told)
        console.print(f"{erased.incidents} incidents and {erased.others} others are erased.", highlight=False)

    with_parts(work)


def restore() -> None:
    """After the database was put back from a backup: erase again what had been erased since. `serve` does the same before it is ready."""

    async def work(parts: Parts) -> None:
        erased = await Erasure(parts.database, parts.vault).restore()
        console.print(f"{erased.incidents} incidents and {erased.others} others are erased again.", highlight=False)
        if erased.others:
            console.print("Rolls or contacts were among them: import both anew.")

    with_parts(work)
