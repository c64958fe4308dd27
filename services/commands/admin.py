"""Commands for whoever operates an installation: API keys, sign-in links, parked facts."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from services.commands.session import console, refuse, with_parts
from services.ingest import keys as api_keys
from shared.bus import inbox
from shared.calendar import london_date
from shared.db import Reading
from shared.errors import EncompassError, NotFound, Refused
from shared.scope import Scope, ScopeKind
from shared.service import Parts
from shared.web import sessions
from shared.web.sessions import LABEL_CHARS_MAX, Role

keys = typer.Typer(help="API keys of police systems, each for one force.", no_args_is_help=True)
inboxes = typer.Typer(help="Facts that could not be handled.", no_args_is_help=True)


@keys.command("issue")
def issue_key(
    force: Annotated[str, typer.Option(help="The force whose reports this key may post and read.")],
    label: Annotated[str, typer.Option(help="Which system will hold it.")],
    days: Annotated[int, typer.Option(help="Days until it ends.", min=1, max=3650)] = 365,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="For trying out: nobody is ever told of what this key posts.")] = False,
) -> None:
    """Make a key and print it, once. Only its hash is kept. The force needs a policy: its reports would be nobody's."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            await refuse_without_policy(parts, tx, force)
            key_id, token = await api_keys.issue(tx, force, label, parts.clock.now(), days, sandbox=sandbox)
        what = "Sandbox key" if sandbox else "Key"
        console.print(f"{what} {key_id} for {force}. It is not shown again:", highlight=False)
        console.print(token, highlight=False, soft_wrap=True)

    with_parts(work)


@keys.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The key's id: what stands before the dot.")]) -> None:
    """End a key now."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            if not await api_keys.revoke(tx, key_id, parts.clock.now()):
                raise Refused("there is no such key that has not ended")
        console.print(f"Key {key_id} has ended; a process that knows it forgets it within half a minute.", highlight=False)

    with_parts(work)


def sign_in(
    role: Annotated[Role, typer.Option(help="What the session may do.")],
    scope: Annotated[str, typer.Option(help="Whose data it may see: force:CODE or authority:CODE.")],
    hours: Annotated[int, typer.Option(help="Hours until the link ends unused.", min=1, max=72)] = 1,
    label: Annotated[str, typer.Option(help="How the desk calls whoever signs in, as others see it there: a post, never a name.")] = "",
) -> None:
    """Print a link that opens one session, once."""
    try:
        whose = _scope(scope)
        if len(label) > LABEL_CHARS_MAX:
            raise Refused(f"a label has at most {LABEL_CHARS_MAX} characters")
    except EncompassError as error:
        refuse(error)

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, whose, parts.clock.real(), timedelta(hours=hours), label=label.strip())
        console.print(f"{parts.settings.public_url}/sign-in/{token}", highlight=False, soft_wrap=True)

    with_parts(work)


@inboxes.command("list")
def list_parked() -> None:
    """The facts that were given up."""

    async def work(parts: Parts) -> None:
        async with parts.database.reading() as reading:
            parked = await inbox.parked(reading)
        table = Table("service", "fact", "type", "attempts", "error", "since")
        for row in parked:
            table.add_row(*(str(row[name]) for name in ("service", "fact_id", "type", "attempts", "error", "received_at")))
        console.print(table if parked else "Nothing is parked.")

    with_parts(work)


@inboxes.command("replay")
def replay_parked(service: str, fact_id: list[str]) -> None:
    """Try parked facts again: the running process takes them up within a second."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            replayed = await inbox.replay(tx, service, fact_id)
        console.print(f"{replayed} will be tried again.")

    with_parts(work)


async def refuse_without_policy(parts: Parts, reading: Reading, force: str) -> None:
    """Raise Refused for a force that has no policy in force today: nobody could decide or own what its key posts."""
    try:
        await parts.directory.deciding(reading, force, None, london_date(parts.clock.now()))
    except NotFound:
        raise Refused(f"force {force} has no policy in force: import one first, or correct the code") from None


def _scope(text: str) -> Scope:
    kind, _, code = text.partition(":")
    if kind not in (ScopeKind.FORCE, ScopeKind.AUTHORITY) or not code:
        raise Refused("a scope is force:CODE or authority:CODE")
    return Scope(kind=ScopeKind(kind), id=code)
