"""`encompass keyring`: the keys that seal personal data, made, extended, exchanged and destroyed (design rule 7.2)."""

import re
from pathlib import Path
from typing import Annotated

import typer

from services import composition
from services.commands.session import bar, console, refuse, settings, with_parts
from services.ingest import store as incidents
from services.notifier import store_visits as codes
from services.router import store_tokens as rolls
from shared.calendar import london_date
from shared.clock import SystemClock
from shared.errors import EncompassError, Refused
from shared.service import Parts
from shared.vault import custody
from shared.vault.custody import Source
from shared.vault.erasure import Erasure
from shared.vault.keyring import MONTHS
from shared.vault.rotation import Rotation

app = typer.Typer(help="The keyring: what seals personal data.", no_args_is_help=True)

Month = Annotated[str, typer.Argument(help="A retention month, such as 2027-05.")]

_MONTH = re.compile(r"(?:kek-)?(\d{4}-(?:0[1-9]|1[0-2]))", re.ASCII)


@app.command()
def init(path: Annotated[Path, typer.Argument(help="Where to write it; mode 0600.")]) -> None:
    """Make a new keyring and its erasure ledger. Keep a copy of both where the database's backups are not."""
    try:
        custody.init(path, london_date(SystemClock().now()), ledger=settings().erasures_file)
    except EncompassError as error:
        refuse(error)
    console.print(f"A new keyring is at {path}. Without it nothing that is sealed can be opened.", highlight=False)


@app.command()
def check() -> None:
    """Say what is to be done about the configured keyring; exit 1 when something is."""
    found = settings()
    try:
        keyring = _source().read()
    except EncompassError as error:
        refuse(error)
    findings = custody.check(keyring, london_date(SystemClock().now()), found.retention_months)
    for finding in findings:
        console.print(f"{finding.code}: {finding.text} {', '.join(finding.key_ids)}", highlight=False)
    if findings:
        raise typer.Exit(1)
    console.print("The keyring is sound.")


@app.command()
def extend(months: Annotated[int, typer.Option(help="Up to how many months ahead.", min=1, max=600)] = MONTHS) -> None:
    """Add keys for the months to come."""
    today = london_date(SystemClock().now())
    try:
        with _source().changing() as keyring:
            extended = keyring.extended(today, months)
            _source().write(extended)
    except EncompassError as error:
        refuse(error)
    console.print(f"{len(extended.wrapping_keys) - len(keyring.wrapping_keys)} months were added.", highlight=False)


@app.command()
def rotate(
    month: Annotated[str | None, typer.Argument(help="A retention month, such as 2027-05.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every month that the keyring holds.")] = False,
) -> None:
    """Exchange a month's wrapping key: what it had wrapped is wrapped anew, and it leaves the keyring."""

    async def work(parts: Parts) -> None:
        if (month is None) is not every:
            raise Refused("name a month, or all of them with --all")
        source = composition.keyring_source(parts.settings)
        with source.changing() as keyring:
            parts.vault.keyring = keyring
            every_month = sorted({keyring.generations(held)[0] for held in keyring.wrapping_keys})
            for kek_id in [_kek_id(month)] if month is not None else every_month:
                with bar(kek_id) as told:
                    rotation = Rotation(database=parts.database, vault=parts.vault, source=source, told=told)
                    done = await rotation.rotate(kek_id)
                console.print(f"{kek_id}: {done} data keys are wrapped anew.", highlight=False)

    with_parts(work)


@app.command("destroy-month")
def destroy_month(month: Month) -> None:
    """Erase everything that was kept until the end of a month, and destroy that month's wrapping key."""

    async def work(parts: Parts) -> None:
        source, today = composition.keyring_source(parts.settings), london_date(parts.clock.now())
        with source.changing() as keyring, bar(month) as told:
            parts.vault.keyring = keyring
            erased = await Erasure(parts.database, parts.vault).destroy_month(_kek_id(month), today, source, told)
        console.print(f"The month's key is destroyed, with {erased.incidents} incidents and {erased.others} others.", highlight=False)

    with_parts(work)


@app.command("add-index-key")
def add_index_key() -> None:
    """Make a new current index key. Tokens and hashes under it are written in the background; the old key stays until then."""
    try:
        with _source().changing() as keyring:
            added = keyring.with_new_index_key()
            _source().write(added)
    except EncompassError as error:
        refuse(error)
    console.print(f"{added.current_index_key_id} is the current index key. Restart every process, so that it is used.", highlight=False)


@app.command("remove-index-key")
def remove_index_key(key_id: Annotated[str, typer.Argument(help="Such as index-1; never the current one.")]) -> None:
    """Take an old index key out of the keyring. Refuses while anything still needs it."""

    async def work(parts: Parts) -> None:
        source = composition.keyring_source(parts.settings)
        with source.changing() as keyring:
            without = keyring.without_index_key(key_id)
            if key_id not in keyring.index_keys:
                raise Refused("the keyring holds no such index key")
            async with parts.database.reading() as reading:
                needed_by = {
                    "the roll": await rolls.needs_index_key(reading, key_id),
                    "incidents": await incidents.needs_index_key(reading, key_id),
                    "one-time codes": await codes.needs_index_key(reading, key_id, parts.clock.real()),
                }
            if needing := [name for name, needs in needed_by.items() if needs]:
                raise Refused(f"still needed by {', '.join(needing)}: let the processes run with the new key, and try again")
            source.write(without)
        console.print(f"{key_id} is no longer in the keyring.", highlight=False)

    with_parts(work)


def _source() -> Source:
    return composition.keyring_source(settings())


def _kek_id(month: str) -> str:
    found = _MONTH.fullmatch(month)
    if found is None:
        raise Refused("a month is written as 2027-05")
    return f"kek-{found[1]}"
