"""Reports to four processes on PostgreSQL and RabbitMQ while each is killed and the broker restarts: nothing lost, repeats marked.

The count is the sender's own: its list against the API. To show that it can fail, ``plant`` then loses a child, which must be found.
"""

import asyncio
import contextlib
import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services import NAMES
from services.console.handlers import import_file
from services.ingest import keys
from services.router.roll import import_roll
from shared.clock import SystemClock
from shared.db.tables.journal import inbox, journal
from shared.db.tables.notifier import notifier_attempt
from tests.backends import worker
from tests.directory_samples import AUTHORITY, FORCE, imported
from tests.installation import Installation
from tests.parts import Parts
from tests.servers import PrivateRabbit, free_port
from tests.soak import Mailbox, Schools, Sender, mail_server, reports, roll, terms_around

pytestmark = [pytest.mark.soak, pytest.mark.postgres, pytest.mark.rabbit_node, pytest.mark.xdist_group("soak")]

REPORTS = 60
"""Each day; five hundred in ``make exhaustive``."""
TODAY = SystemClock().now().date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """An installation with its directory, a sender with a key, and schools with a mailbox."""

    installation: Installation
    node: PrivateRabbit
    sender: Sender
    schools: Schools
    mailbox: Mailbox


@contextlib.asynccontextmanager
async def night(parts: Parts, folder: Path, made: list[dict[str, Any]]) -> AsyncIterator[Night]:
    mailbox = Mailbox()
    with PrivateRabbit(str(parts.rabbitmq_server), folder / "rabbit") as node, mail_server(mailbox, free_port()) as email_url:
        installation = Installation(folder, f"encompass_soak_{worker()}", node.url, email_url)
        await installation.prepare()
        try:
            key, telephones = await _directory(installation, folder, made)
            await installation.start_all()
            sender = Sender(installation.api, key)
            schools = Schools(installation.pages, mailbox, folder, telephones)
            yield Night(installation=installation, node=node, sender=sender, schools=schools, mailbox=mailbox)
        finally:
            await installation.close()


async def _directory(installation: Installation, folder: Path, made: list[dict[str, Any]]) -> tuple[str, dict[str, str]]:
    """Fill the directory and the roll, issue a key; the key, and each mailbox's telephone."""
    database, vault = installation.opened()
    clock = SystemClock()
    paths = await imported(database, vault, clock, folder / "directory")
    terms = await import_file("terms", terms_around(folder / "terms.csv", TODAY), database, vault, clock, _quiet)
    taken = await import_roll(
        roll(folder / "roll.csv", made),
        authority=AUTHORITY,
        as_at_on=TODAY,
        agreement="soak",
        database=database,
        vault=vault,
        clock=clock,
        progress=_quiet,
    )
    assert (terms.applied, taken.applied) == (True, True), (terms.refused, taken.refused)
    async with database.transaction() as tx:
        _, key = await keys.issue(tx, FORCE, "soak", clock.now(), 1)
    await database.close()
    with paths["contacts"].open(encoding="utf-8", newline="") as handle:
        return key, {row["email"]: row["phone"] for row in csv.DictReader(handle) if row["email"]}


def _quiet(_done: int, _total: int) -> None: ...


async def under_fire(night: Night) -> None:
    """Kill each process, one after the other, and the broker in the midst of it; each comes back at once."""
    for service in NAMES:
        night.installation.kill(service)
        night.installation.start(service)
        await night.installation.ready(service)
        if service == "router":
            await asyncio.to_thread(night.node.stop)
            await asyncio.to_thread(night.node.start)


@pytest.mark.parametrize("count", [REPORTS, pytest.param(500, marks=pytest.mark.exhaustive)])
async def test_nothing_is_lost_while_everything_dies_once(parts: Parts, tmp_path: Path, count: int) -> None:
    made, more = reports(count, seed=1, today=TODAY), reports(4, seed=2, today=TODAY)
    async with night(parts, tmp_path, made + more) as tonight, tonight.schools.at_work():
        async with asyncio.TaskGroup() as group:
            group.create_task(tonight.sender.post(made))
            group.create_task(under_fire(tonight))
        async with asyncio.TaskGroup() as group:  # and once more while the schools are answering
            counting = group.create_task(tonight.sender.count(made, within=420))
            group.create_task(under_fire(tonight))
        tally = counting.result()
        assert tally.lost == (), (tally, tonight.schools.failures)
        assert sum(tally.outcomes.values()) == tally.children
        assert tally.outcomes["acknowledged"] > 0.9 * tally.children, tally.outcomes
        await repeats_are_marked(tonight)
        await a_planted_loss_is_found(tonight, more)


async def repeats_are_marked(night: Night) -> None:
    """Whoever got a message more than once was told so in every one after the first."""
    database, _ = night.installation.opened()
    async with database.reading() as reading:
        identity = (notifier_attempt.c.notification_id, notifier_attempt.c.rung, notifier_attempt.c.contact_id)
        sent = select(*identity).where(notifier_attempt.c.channel == "email").distinct().subquery()
        identities = (await reading.execute(select(func.count()).select_from(sent))).scalar_one()
        unmarked = select(notifier_attempt.c.attempt_id).where(notifier_attempt.c.round > 1, notifier_attempt.c.is_repeat.is_(False))
        assert list(await reading.execute(unmarked)) == []
    await database.close()
    first = [mail for mail in night.mailbox.mails if mail.link and not mail.message.subject.startswith("Sent again")]
    assert len(first) <= identities


async def a_planted_loss_is_found(night: Night, made: list[dict[str, Any]]) -> None:
    """The first report is one that router believes it has handled, and has not: nobody inside the system will ever look at it again."""
    night.installation.kill("router")
    await night.sender.post(made[:1])
    await plant(night)
    night.installation.start("router")
    await night.installation.ready("router")
    await night.sender.post(made)
    tally = await night.sender.count(made, within=12)
    assert tally.lost == tuple(f"{made[0]['reference']}/{child['reference']}" for child in made[0]["children"])


async def plant(night: Night) -> None:
    database, _ = night.installation.opened()
    clock = SystemClock()

    newest = select(journal.c.fact_id).where(journal.c.type == "incident.received").order_by(journal.c.seq.desc()).limit(1)
    async with database.transaction() as tx:
        fact_id = (await tx.execute(newest)).scalar_one()
        row = {"service": "router", "fact_id": fact_id, "type": "incident.received", "state": "done", "attempts": 1}
        await tx.execute(inbox.insert(), row | {"received_at": clock.now()})
    await database.close()
