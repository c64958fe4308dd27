"""Notifier alone: a directory, sealed reports, channels that keep what they are given, and a clock in the test's hand."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from jinja2 import FileSystemLoader
from sqlalchemy import select, update

import services.notifier
from services.notifier import built
from services.notifier.domain.messages import EMAIL, SMS, Message
from services.notifier.handlers_revising import Revising
from services.notifier.loops import AT_ONCE, Ladder
from services.notifier.loops_known import Knowing
from services.notifier.loops_notices import Notices
from services.notifier.loops_noticing import Noticing
from services.notifier.loops_sending import Sending
from shared.clock import ManualClock
from shared.db import Database, journal
from shared.db.tables import metadata
from shared.directory import BankHolidays, Directory
from shared.events import ROUTER, DestinationRevised, Envelope, Fact, IncidentReceived, IncidentRouted
from shared.ids import new_id
from shared.report.read import read
from shared.report.sealed import KIND, SealedReport
from shared.report.store import newest
from shared.service import Parts
from shared.settings import Settings
from shared.vault import Keyring, Vault, retention_month
from shared.web.app import build_app
from shared.web.frame import frame
from tests.accepted import accepted as accepted_rows
from tests.accepted import renewed
from tests.contract.notifier_channels import RecordingChannel
from tests.directory_samples import imported
from tests.samples import sample_report

SUNDAY_NIGHT = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DEADLINE = MONDAY.replace(hour=8)
KEYRING = Keyring.created(date(2026, 11, 1), 30)
TEMPLATES = Path(services.notifier.__file__).parent / "templates"
PUBLIC = "https://messages.example"
SCHOOL = "900001"
DSL, DEPUTY, HEAD = (f"{role}@900001.example" for role in ("dsl", "deputy", "head"))
DSL_PHONE = "+447700900001"
PHONE_DESK, AUTHORITY_LEAD = "testshire-phone-desk", "testshire-safeguarding-lead"


@dataclass
class World:
    """What a test speaks to."""

    database: Database
    clock: ManualClock
    vault: Vault
    directory: Directory
    email: RecordingChannel = field(default_factory=lambda: RecordingChannel(EMAIL))
    sms: RecordingChannel = field(default_factory=lambda: RecordingChannel(SMS))
    reported: dict[str, tuple[dict[str, Any], dict[str, str]]] = field(default_factory=dict)
    """The newest body and the children's ids, by incident."""
    journaled: list[Fact] = field(default_factory=list)

    @property
    def channels(self) -> dict[str, RecordingChannel]:
        return {EMAIL: self.email, SMS: self.sms}

    def ladder(self, *, at_once: int = AT_ONCE, **channels: RecordingChannel) -> Ladder:
        """A loop of its own, as another process would have it."""
        used = channels or self.channels
        database, clock = self.database, self.clock
        knowing = Knowing(database=database, directory=self.directory, vault=self.vault, channels=used)
        return Ladder(
            database=database,
            clock=clock,
            knowing=knowing,
            sending=Sending(database=database, clock=clock, channels=dict(used), public_url=PUBLIC),
            at_once=at_once,
        )

    async def settle(self, ladder: Ladder | None = None) -> int:
        """Run the ladder until nothing is due."""
        ladder, total = ladder or self.ladder(), 0
        while done := await ladder.run_once():
            total += done
            assert total < 1000, "the ladder never comes to rest"
        return total

    async def advance(self, until: datetime, ladder: Ladder | None = None) -> None:
        """Move to ``until``, stopping wherever something falls due."""
        await self.settle(ladder := ladder or self.ladder())
        while (due := await ladder.next_due()) is not None and due < until:
            self.clock.move_to(max(due, self.clock.now()))
            assert await self.settle(ladder), "named an instant and did nothing at it"
        self.clock.move_to(until)
        await self.settle(ladder)

    async def report(self, body: dict[str, Any] | None = None) -> tuple[str, dict[str, str]]:
        """A sealed report: incident_id, and child_id by reference."""
        accepted = read(_bytes(body or sample_report())).report
        incident_id, child_ids = new_id(), {child.reference: new_id() for child in accepted.children}
        sealed = SealedReport(report=accepted, child_ids=child_ids).to_bytes()
        content_id, now = new_id(), self.clock.now()
        self.reported[incident_id] = (body or sample_report(), child_ids)
        fact = IncidentReceived(
            incident_id=incident_id,
            incident_version=1,
            force="testshire",
            child_ids=tuple(child_ids.values()),
            received_at=now,
            believed_at=now,
        )
        async with self.database.transaction() as tx:
            await self.vault.new_scope(tx, incident_id, retention_month(date(2026, 11, 22), 6))
            await self.vault.put(tx, incident_id, [(content_id, KIND, sealed)])
            await accepted_rows(tx, accepted, fact, content_id)
        return incident_id, child_ids

    async def policy_version(self) -> str:
        async with self.database.reading() as reading:
            return (await self.directory.deciding(reading, "testshire", "999", date(2026, 11, 22))).version

    async def routed(self, *references: str, body: dict[str, Any] | None = None, **changes: Any) -> IncidentRouted:
        """The fact of one destination for these children of a new report (all when none is named)."""
        incident_id, child_ids = await self.report(body)
        now = self.clock.now()
        fact = IncidentRouted(
            incident_id=incident_id,
            incident_version=1,
            destination_id=new_id(),
            destination_kind="setting",
            destination_ref=SCHOOL,
            purpose="school-day",
            child_ids=tuple(child_ids[reference] for reference in references or child_ids),
            send_at=now,
            deadline_at=DEADLINE,
            urgency="ordinary",
            policy_version=await self.policy_version(),
            routed_at=now,
        )
        return replace(fact, **changes)

    async def stated(self, *facts: Fact) -> None:
        """Router's facts are in the journal, once each, before anybody hears of them."""
        new = [fact for fact in dict.fromkeys(facts) if fact not in self.journaled]
        self.journaled += new
        async with self.database.transaction() as tx:
            await tx.record(ROUTER, new)

    async def handle(self, *facts: IncidentRouted | DestinationRevised) -> None:
        """As delivery does: one transaction for a batch of facts of one type."""
        await self.stated(*facts)
        envelopes = [Envelope(id=new_id(), source=ROUTER, time=self.clock.now(), fact=fact) for fact in facts]
        revising = Revising(self.directory, self.vault)
        async with self.database.transaction() as tx:
            await (revising.routed if isinstance(facts[0], IncidentRouted) else revising.revised)(tx, envelopes)

    async def corrected(
        self, fact: IncidentRouted, version: int, change: Callable[[dict[str, Any]], object], *references: str, **changes: Any
    ) -> DestinationRevised:
        """A later version of the report, and the fact that brings it to the destination: for these children, or those it had."""
        body, child_ids = json.loads(json.dumps(self.reported[fact.incident_id]))
        change(body)
        accepted = read(_bytes(body)).report
        child_ids |= {child.reference: child_ids.get(child.reference) or new_id() for child in accepted.children}
        self.reported[fact.incident_id] = (body, child_ids)
        now, content_id = self.clock.now(), new_id()
        ids = {child.reference: child_ids[child.reference] for child in accepted.children}
        sealed = SealedReport(report=accepted, child_ids=ids).to_bytes()
        async with self.database.transaction() as tx:
            await self.vault.put(tx, fact.incident_id, [(content_id, KIND, sealed)])
            row = (await newest(tx, [fact.incident_id]))[fact.incident_id]
            changed: dict[str, Any] = {"kind": "corrected", "content_id": content_id, "child_ids": tuple(ids.values()), "received_at": now}
            row = replace(row, incident_version=version, **changed)
            await renewed(tx, row)
        revised = DestinationRevised(
            incident_id=fact.incident_id,
            incident_version=version,
            destination_id=fact.destination_id,
            child_ids=tuple(ids[reference] for reference in references) or fact.child_ids,
            reason="corrected",
            send_at=now,
            deadline_at=fact.deadline_at,
            urgency="ordinary",
            revised_at=now,
        )
        revised = replace(revised, **changes)
        await self.stated(revised)
        return revised

    def notices(self) -> Notices:
        """The loop of the messages outside the ladder."""
        noticing = Noticing(database=self.database, clock=self.clock, directory=self.directory, vault=self.vault)
        used = dict(self.channels)
        return Notices(database=self.database, clock=self.clock, noticing=noticing, channels=used, public_url=PUBLIC)

    async def tell(self) -> list[Message]:
        """Send what notices are due until none is; the messages."""
        before = (len(self.email.sent), len(self.sms.sent))
        loop, turns = self.notices(), 0
        while done := await loop.run_once():
            turns += done
            assert turns < 1000, "the notices never come to rest"
        return [*self.email.sent[before[0] :], *self.sms.sent[before[1] :]]

    async def opened(self, *references: str, **changes: Any) -> IncidentRouted:
        """A notification, opened by its fact."""
        await self.handle(fact := await self.routed(*references, **changes))
        return fact

    def app(self, public_url: str = PUBLIC) -> FastAPI:
        """The pages behind the real frame, as one process serves them."""
        settings = Settings(public_url=public_url, mode="demo")
        templates = [FileSystemLoader(TEMPLATES)]
        dressed = frame(public_url=public_url, demo=True, database=self.database, clock=self.clock, templates=templates)
        parts = Parts(
            settings=settings, clock=self.clock, database=self.database, vault=self.vault, directory=self.directory, frame=dressed
        )
        return build_app(frame=dressed, version="0", pages=built(parts, dict(self.channels)).pages)

    def code(self, address: str) -> str:
        """The newest code that went to this address."""
        sent = [message.body for channel in self.channels.values() for message in channel.sent if message.to == address]
        return next(found[1] for body in reversed(sent) if (found := re.search(r"Your code is (\d{6})\.", body)))

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.database.reading() as reading:
            return [dict(row) for row in (await reading.execute(select(metadata.tables[table]))).mappings()]

    async def one(self, table: str) -> dict[str, Any]:
        (row,) = await self.rows(table)
        return row

    async def envelopes(self, incident_id: str) -> tuple[Envelope, ...]:
        async with self.database.reading() as reading:
            return await journal.of_incident(reading, incident_id)

    async def facts(self, kind: type[Fact], incident_id: str) -> list[Any]:
        return [one.fact for one in await self.envelopes(incident_id) if isinstance(one.fact, kind)]

    async def contact(self, email: str) -> dict[str, Any]:
        """A contact's row by her e-mail address."""
        role, _, place = email.removesuffix(".example").partition("@")
        rows = await self.rows("directory_contact")
        return next(row for row in rows if row["role"] == role and (row["setting_id"] or row["team_id"]) == place)

    async def suspend(self, *emails: str) -> None:
        await self.change_contacts(*emails, state="suspended")

    async def change_contacts(self, *emails: str, **values: str | bool) -> None:
        """As a new import of the contacts would."""
        table = metadata.tables["directory_contact"]
        for email in emails:
            contact_id = (await self.contact(email))["contact_id"]
            async with self.database.transaction() as tx:
                await tx.execute(update(table).where(table.c.contact_id == contact_id).values(**values))

    def token(self, address: str, number: int = -1) -> str:
        """The link's token in a message that went to this address."""
        sent = [message for channel in self.channels.values() for message in channel.sent if message.to == address]
        found = re.search(re.escape(PUBLIC) + r"/m/([\w-]+)", sent[number].body)
        assert found, "no link in the message"
        return found[1]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SUNDAY_NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await a_world(database, clock, tmp_path / "directory")


async def a_world(database: Database, clock: ManualClock, folder: Path) -> World:
    """A world with the directory of one authority."""
    vault = Vault(KEYRING, clock)
    await imported(database, vault, clock, folder)
    return World(database=database, clock=clock, vault=vault, directory=Directory(vault, BankHolidays.bundled()))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def reasons(tasks: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Telephone tasks: their reason and whose they are."""
    return {task["reason"]: task["team_id"] for task in tasks}


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
