"""`encompass demo --headless`: two generated weeks on a moved clock, counted from outside, as one line of JSON."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from services import composition
from services.commands.serve import refuse_to_start
from services.commands.session import at_work, faults
from services.demo import store
from services.demo.client import Visitors
from services.demo.generated import BEGINS_ON, ENDS_ON, WORLD_ON, sendings
from services.demo.messages import Messages
from services.demo.people import FAMILIES
from services.demo.places import FORCE
from services.demo.start import demo_settings, import_world
from services.demo.tally import COUNTED, tally
from services.demo.week import Meddle, Week
from services.demo.world import write_world
from services.ingest import keys
from shared.calendar import at
from shared.clock import ManualClock
from shared.db import migrate as migrations
from shared.vault import custody

KEY_DAYS = 60


async def headless(
    folder: Path, *, seed: int, reports: int, meddle: Meddle | None = None, families: int = FAMILIES, ends_on: date = ENDS_ON
) -> dict[str, int]:
    """Play so many reports in ``folder`` (empty) and count; progress goes to a terminal's standard error.

    ``meddle`` is called at each stop before the sender asks: a test spoils something there. With fewer ``families``, or an earlier end,
    the play is smaller.
    """
    settings = demo_settings(folder, 0)
    clock = ManualClock(at(WORLD_ON, time(9)))
    world = write_world(folder / "testshire", WORLD_ON, seed=seed, families=families)
    custody.init(folder / "keyring", WORLD_ON)
    await migrations.upgrade(settings.database_url)
    async with at_work(settings, clock) as parts:
        with _bar() as told:
            await import_world(parts, world, WORLD_ON, lambda _name, _done, _total: None)
            await refuse_to_start(parts)
            clock.move_to(at(BEGINS_ON, time(0)))
            async with parts.database.transaction() as tx:
                _, key = await keys.issue(tx, FORCE, "Demonstration", clock.real(), KEY_DAYS)
            process = composition.process(parts)
            visitors = Visitors(composition.application(process, drive=False), settings.public_url)
            async with visitors.police_system(key) as police:
                week = Week(
                    process=process, clock=clock, visitors=visitors, police=police, messages=Messages(folder / "messages"), seed=seed
                )
                await week.play(sendings(world.pupils, seed=seed, reports=reports), told, meddle, ends_on=ends_on)
            async with parts.database.reading() as reading:
                facts = await store.facts_after(reading, 0, types=COUNTED)
            for close in (close for service in process.services for close in service.closers):
                await close()
    return tally(week, facts, seed=seed)


def as_json(counted: dict[str, int]) -> str:
    """The one line."""
    return json.dumps(counted)


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=faults, transient=True, disable=not faults.is_terminal) as progress:
        task = progress.add_task("A school week and a holiday", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
