"""Commands about a force: how long it may be silent, and where its outcomes are pushed to."""

from typing import Annotated

import typer
from rich.table import Table

from services import ingest
from services.commands.admin import refuse_without_policy
from services.commands.session import console, with_parts
from services.ingest import handlers_watch
from shared.errors import Refused
from shared.service import Parts

app = typer.Typer(help="What a force gets without asking, and what tells that it has gone silent.", no_args_is_help=True)
webhook = typer.Typer(help="Where a force's outcomes are pushed to.", no_args_is_help=True)
app.add_typer(webhook, name="webhook")

Force = Annotated[str, typer.Option(help="The force's code.")]
Sandbox = Annotated[bool, typer.Option(help="The webhook for what was sent with a key for trying out.")]


@app.command("watch")
def watch(
    force: Force,
    hours: Annotated[
        int, typer.Option(help="Hours without a report or a control list before it is an alarm; 0 ends the watch.", min=0, max=2160)
    ],
) -> None:
    """Say how long a force may be silent. Without a watch nobody learns of it, and the page of missing reports says so."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            if hours:
                await refuse_without_policy(parts, tx, force)
            await handlers_watch.set_watch(tx, force, hours, parts.clock.now())
        console.print(f"{force} may be silent for {hours} hours." if hours else f"{force} is not watched.", highlight=False)

    with_parts(work)


@webhook.command("set")
def set_webhook(force: Force, url: Annotated[str, typer.Option(help="An https address.")], sandbox: Sandbox = False) -> None:
    """Push outcomes there from now on, and print the secret that signs them, once."""

    async def work(parts: Parts) -> None:
        async with parts.database.reading() as reading:
            await refuse_without_policy(parts, reading, force)
        _secret(force, await ingest.webhooks(parts).set(force, url, sandbox=sandbox))

    with_parts(work)


@webhook.command("rotate")
def rotate(force: Force, sandbox: Sandbox = False) -> None:
    """Print another secret, once. For a day every message carries a signature by each of the two."""

    async def work(parts: Parts) -> None:
        _secret(force, await ingest.webhooks(parts).rotate(force, sandbox=sandbox))

    with_parts(work)


@webhook.command("list")
def listed(force: Annotated[str | None, typer.Option(help="Only this force's.")] = None) -> None:
    """Where outcomes are pushed to, and whether they arrive."""

    async def work(parts: Parts) -> None:
        found = await ingest.webhooks(parts).listed(force)
        table = Table("force", "sandbox", "address", "state", "reason", "failing since", "up to")
        for one in found:
            since = "" if one.failing_since_at is None else one.failing_since_at.isoformat(timespec="seconds")
            table.add_row(one.force, "yes" if one.sandbox else "", one.url, one.state, one.reason or "", since, str(one.position))
        console.print(table if found else "There is no webhook.")

    with_parts(work)


@webhook.command("remove")
def remove(force: Force, sandbox: Sandbox = False) -> None:
    """Push nothing there any more, and destroy its secrets."""

    async def work(parts: Parts) -> None:
        await ingest.webhooks(parts).remove(force, sandbox=sandbox)
        console.print(f"The webhook of {force} is removed.", highlight=False)

    with_parts(work)


@webhook.command("resume")
def resume(force: Force, sandbox: Sandbox = False) -> None:
    """Go on after a pause, from where it stopped."""

    async def work(parts: Parts) -> None:
        await ingest.webhooks(parts).resume(force, sandbox=sandbox)
        console.print(f"The webhook of {force} goes on.", highlight=False)

    with_parts(work)


@webhook.command("test")
def send_test(force: Force, sandbox: Sandbox = False) -> None:
    """Send a signed message that says nothing; ends with 2 when it is not taken."""

    async def work(parts: Parts) -> None:
        posted = await ingest.webhooks(parts).test(force, ingest.poster(parts.settings), sandbox=sandbox)
        if not posted.taken:
            raise Refused(f"the receiver did not take it: {posted.said}")
        console.print(f"The receiver of {force} took it.", highlight=False)

    with_parts(work)


def _secret(force: str, secret: str) -> None:
    console.print(f"The secret of {force}'s webhook. It is not shown again:", highlight=False)
    console.print(secret, highlight=False, soft_wrap=True)
