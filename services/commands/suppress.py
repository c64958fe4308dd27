"""`encompass suppress`: stop messages to a place, a person or over a channel for a while; it ends by itself, and what was owed goes."""

from typing import Annotated

import typer

from services.commands.session import console, with_parts
from services.notifier import handlers_suppressing, store_suppressions
from services.notifier.domain.suppression import HOURS_MAX, Kind, Reason
from shared.calendar.wall import LONDON
from shared.service import Parts

app = typer.Typer(help="Stop messages for a while. The telephone task stands; what was not sent goes at the end.", no_args_is_help=True)

Decider = Annotated[str, typer.Option(help="Who decides: a post, such as `duty operator`, never a person's name.")]


@app.command()
def start(
    kind: Annotated[Kind, typer.Argument(help="What to stop.")],
    ref: Annotated[str, typer.Argument(help="A setting's or team's id, a contact's id, or `email` or `sms`.")],
    reason: Annotated[Reason, typer.Option(help="Why.")],
    decider: Decider,
    hours: Annotated[float, typer.Option(help=f"Hours until it ends by itself; at most {HOURS_MAX}.")],
) -> None:
    """Send nothing there until the end; the next rung does not wait for a contact who is suppressed."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            one = await handlers_suppressing.suppress(tx, parts.directory, kind, ref, reason, decider, minutes=round(hours * 60))
        ends = f"{one.until_at.astimezone(LONDON):%H:%M on %d %B %Y}"
        console.print(f"Suppression {one.suppression_id} ends by itself at {ends}, London time.", highlight=False, soft_wrap=True)

    with_parts(work)


@app.command("list")
def list_active() -> None:
    """What is suppressed now, and until when."""

    async def work(parts: Parts) -> None:
        async with parts.database.reading() as reading:
            found = await store_suppressions.active(reading)
        for one in found:
            until = f"until {one.until_at.astimezone(LONDON):%H:%M on %d %B %Y}"
            line = f"{one.suppression_id}  {one.kind.value} {one.ref}  {until}  {one.reason.value}, decided by {one.decider}"
            console.print(line, highlight=False, soft_wrap=True)
        if not found:
            console.print("Nothing is suppressed.")

    with_parts(work)


@app.command()
def end(
    suppression_id: Annotated[str, typer.Argument(help="The suppression's id.")],
    decider: Decider,
) -> None:
    """End one before its time: what it held back is owed now."""

    async def work(parts: Parts) -> None:
        async with parts.database.transaction() as tx:
            await handlers_suppressing.end(tx, suppression_id, decider)
        console.print("It has ended. What it held back goes now.")

    with_parts(work)
