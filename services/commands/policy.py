"""`encompass policy`: a policy document looked at before it is published, and two of them compared in words."""

from pathlib import Path
from typing import Annotated

import typer

from services.commands.session import console, faults
from shared.policy import Policy, PolicyRefused, parse, version
from shared.policy.differences import differences

app = typer.Typer(help="Policy documents: check one, compare two.", no_args_is_help=True)

Document = Annotated[Path, typer.Argument(help="A policy document, TOML.")]


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Policy documents, TOML.")]) -> None:
    """Say what each document is, or all that is wrong with it: file, line, column, key, fault, remedy. Exit 1 when one is refused."""
    found = [(path, read_policy(path)) for path in files]
    for path, policy in found:
        if policy is not None:
            begins = f"{policy.effective_from_on:%-d %B %Y}"
            said = f"{path}: {policy.name}, {policy.owner_kind} {policy.owner}, in force from {begins}, version {version(policy)}"
            console.print(said, highlight=False, soft_wrap=True, markup=False)
    if any(policy is None for _, policy in found):
        raise typer.Exit(1)


@app.command()
def diff(before: Document, after: Document) -> None:
    """Say in words what changes, for whom, from one document to the other."""
    one, other = read_policy(before), read_policy(after)
    if one is None or other is None:
        raise typer.Exit(1)
    for sentence in differences(one, other) or ("Nothing changes.",):
        console.print(sentence, highlight=False, soft_wrap=True)


def read_policy(path: Path) -> Policy | None:
    """The policy of a document, or None when it is refused, which has been told with each fault's line."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"), source=str(path))
    except PolicyRefused as refused:
        for problem in refused.problems:
            faults.print(f"{path}:{problem}", highlight=False, soft_wrap=True, markup=False)
    except (OSError, UnicodeDecodeError):
        faults.print(f"{path}: the file cannot be read as UTF-8", highlight=False, soft_wrap=True, markup=False)
    return None
