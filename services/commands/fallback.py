"""`encompass fallback`: the list by which a duty desk works when the service is not there."""

from pathlib import Path
from typing import Annotated

import typer

from services.commands.session import console, refuse, with_parts
from services.notifier import fallback_of
from services.notifier.channels.duty_lists import Folder
from services.notifier.domain.duty_list import as_page, as_text, from_bytes
from shared.errors import EncompassError, Refused, SettingsRefused
from shared.service import Parts
from shared.vault import box
from shared.vault.private_file import read_private, write_private

app = typer.Typer(help="A sealed list of what is owed, for a duty desk that works without the service.", no_args_is_help=True)


@app.command()
def keys(
    private: Annotated[Path, typer.Argument(help="Where the desk's private key is written; mode 0600. Never on the service's machine.")],
    public: Annotated[Path, typer.Argument(help="Where the public key is written, for ENCOMPASS_FALLBACK_KEY_FILE.")],
) -> None:
    """Make the duty desk's pair of keys. Whoever holds the private one reads every list."""
    secret, shown = box.new_pair()
    try:
        write_private(private, secret.encode(), replace=False, what="key")
        write_private(public, shown.encode(), replace=False, what="key")
    except EncompassError as error:
        refuse(error)
    console.print(f"Give {private} to the duty desk alone, and {public} to the service.", highlight=False)


@app.command()
def write() -> None:
    """Write a list now, whatever the last one's age."""

    async def work(parts: Parts) -> None:
        loop = fallback_of(parts)
        if loop is None:
            raise Refused("ENCOMPASS_FALLBACK_DIR and ENCOMPASS_FALLBACK_KEY_FILE are not set")
        made = await loop.write()
        console.print(f"{len(made.owing)} to ring, {len(made.undecided)} undecided.", highlight=False)

    with_parts(work)


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="A list, or the folder of them: then the newest.")],
    key: Annotated[Path, typer.Option(help="The private key's file.")],
    html: Annotated[Path | None, typer.Option(help="Write a page for printing there, mode 0600, instead of printing the list.")] = None,
) -> None:
    """Print a list. Needs this program and the key, and no database, keyring or network."""
    try:
        made = from_bytes(box.open_box(read_private(key).decode("ascii", "replace"), _content(file)))
        if html is None:
            typer.echo(as_text(made), nl=False)
        else:
            write_private(html, as_page(made).encode(), replace=True, what="page")
    except EncompassError as error:
        refuse(error)


def _content(file: Path) -> bytes:
    try:
        if not file.is_dir():
            return file.read_bytes()
        lists = Folder(file).lists()
        if lists:
            return lists[-1].read_bytes()
    except OSError:
        raise SettingsRefused("the list cannot be read") from None
    raise Refused("there is no list in that folder")
