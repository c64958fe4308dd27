"""A small world for router's tests: two authorities with settings, terms and a policy, a roll, and incidents as ingest leaves them."""

import contextlib
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, select

from services.router import roll, roll_rows
from services.router.handlers import Routing
from services.router.handlers_recall import Recalling
from shared.bus.delivery import Delivery
from shared.clock import ManualClock
from shared.db import Database, journal
from shared.db.tables import directory as tables
from shared.db.tables import router as rows
from shared.directory import BankHolidays, Directory
from shared.events import ChildRecalled, Envelope, Fact, IncidentCorrected, IncidentReceived, IncidentWithdrawn
from shared.ids import new_id
from shared.policy import parse, to_json, version
from shared.report.model import Report
from shared.report.reading import believed
from shared.report.sealed import KIND, SealedReport
from shared.report.store import newest
from shared.vault import Keyring, Vault
from tests.accepted import accepted, renewed
from tests.samples import sample_report
from tests.vault import MONTH, ON

NIGHT = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
"""A Thursday in term: Friday is a school day, and its deadline 08:00."""
DEADLINE = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
REVIEW_DEADLINE = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
HOLIDAY_NIGHT = datetime(2026, 12, 18, 23, 10, tzinfo=UTC)

SETTINGS = (
    ("900001", "Testwood Primary", "testshire", "open"),
    ("900002", "Sampleford High School", "testshire", "open"),
    ("900003", "Little Examples Nursery", "testshire", "open"),
    ("900004", "Farwood Primary", "farshire", "open"),
    ("900009", "Formerly Testwood", "testshire", "closed"),
)
TERMS = ((date(2026, 11, 2), date(2026, 12, 18)), (date(2027, 1, 4), date(2027, 2, 12)))
BANK_HOLIDAYS = frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)})
TEAMS = ("review", "live", "phone", "lead")

POLICY = """
owner_kind = "force"
owner = "testforce"
name = "Test policy"
effective_from_on = 2026-01-01
[teams]
review = "team-review"
live = "team-live"
phone = "team-phone"
authority_lead = "team-lead"
"""
POLICY_VERSION = version(parse(POLICY, source="test"))


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that router is built from, over one database, and one delivery in front of its handlers."""

    database: Database
    clock: ManualClock
    vault: Vault
    directory: Directory
    delivery: Delivery
    path: Path
    told: list[tuple[int, int]] = field(default_factory=list)
    child_ids: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    async def made(cls, database: Database, clock: ManualClock, path: Path) -> "World":
        vault = Vault(Keyring.created(ON, 24), clock)
        directory = Directory(vault, BankHolidays(by_nation={"england": BANK_HOLIDAYS}))
        await _directory(database)
        return cls(
            database=database,
            clock=clock,
            vault=vault,
            directory=directory,
            delivery=delivery(database, vault, directory),
            path=path,
        )

    async def load_roll(self, pupils: Sequence[Mapping[str, str]], *, authority: str = "testshire", **options: Any) -> roll.ImportResult:
        """Import these pupils as an authority would: the file's columns by name."""
        file = self.path / f"{new_id()}.csv"
        with file.open("w", encoding="utf-8", newline="") as handle:
            table = csv.DictWriter(handle, [column.name for column in roll_rows.COLUMNS])
            table.writeheader()
            table.writerows(pupils)
        whole: dict[str, Any] = {"as_at_on": date(2026, 11, 1), "agreement": "ISA-1", "progress": lambda *done: self.told.append(done)}
        return await roll.import_roll(
            file, authority=authority, database=self.database, vault=self.vault, clock=self.clock, **whole | options
        )

    async def accept(self, report: Mapping[str, Any], *, sandbox: bool = False) -> Envelope:
        """A report as ingest leaves it behind: sealed, and told of in the journal. The outbox is nobody's business here."""
        [envelope] = await self.accept_many([report], sandbox=sandbox)
        return envelope

    async def accept_many(self, reports: Sequence[Mapping[str, Any]], *, sandbox: bool = False) -> tuple[Envelope, ...]:
        facts: list[Fact] = []
        async with self.database.transaction() as tx:
            for body in reports:
                report, incident_id = Report.model_validate(body), new_id()
                sealed = SealedReport(report=report, child_ids={child.reference: new_id() for child in report.children})
                sealer = await self.vault.new_scope(tx, incident_id, MONTH)
                content_id, now = new_id(), self.clock.now()
                await self.vault.put(tx, incident_id, [(content_id, KIND, sealed.to_bytes())], sealer=sealer)
                fact = IncidentReceived(
                    incident_id=incident_id,
                    incident_version=1,
                    force="testforce",
                    child_ids=tuple(sealed.child_ids.values()),
                    received_at=now,
                    believed_at=believed(report, now),
                    sandbox=sandbox,
                )
                self.child_ids[incident_id] = dict(sealed.child_ids)
                await accepted(tx, report, fact, content_id)
                facts.append(fact)
            return await tx.record("ingest", facts)

    async def correct(self, incident_id: str, body: Mapping[str, Any]) -> Envelope:
        """The whole report anew, as ingest leaves a later version behind; children keep their ids by their references."""
        report, content_id, now = Report.model_validate(body), new_id(), self.clock.now()
        for child in report.children:
            self.child_ids[incident_id].setdefault(child.reference, new_id())
        child_ids = {child.reference: self.child_ids[incident_id][child.reference] for child in report.children}
        async with self.database.transaction() as tx:
            last = (await newest(tx, [incident_id]))[incident_id]
            content = SealedReport(report=report, child_ids=child_ids).to_bytes()
            await self.vault.put(tx, incident_id, [(content_id, KIND, content)])
            version = replace(
                last,
                incident_version=last.incident_version + 1,
                kind="corrected",
                content_id=content_id,
                child_ids=tuple(child_ids.values()),
                received_at=now,
                believed_at=believed(report, last.first_received_at),
                reason=None,
            )
            await renewed(tx, version)
            fact = IncidentCorrected(
                incident_id=incident_id,
                incident_version=version.incident_version,
                force=version.force,
                child_ids=version.child_ids,
                received_at=now,
                believed_at=version.believed_at,
                sandbox=version.sandbox,
            )
            [envelope] = await tx.record("ingest", [fact])
        return envelope

    async def withdraw(self, incident_id: str, reason: str = "sent-by-mistake") -> Envelope:
        """The force takes the whole report back."""
        now = self.clock.now()
        async with self.database.transaction() as tx:
            last = (await newest(tx, [incident_id]))[incident_id]
            number = last.incident_version + 1
            await renewed(tx, replace(last, incident_version=number, kind="withdrawn", child_ids=(), received_at=now, reason=reason))
            fact = IncidentWithdrawn(
                incident_id=incident_id, incident_version=number, force=last.force, reason=reason, withdrawn_at=now, sandbox=last.sandbox
            )
            [envelope] = await tx.record("ingest", [fact])
        return envelope

    async def recall(self, routed: Fact, child_id: str, *, reason: str = "not-ours", incident_id: str | None = None) -> Envelope:
        """The fact that notifier states when a setting answers."""
        fact = ChildRecalled(
            incident_id=incident_id or routed.incident_id,
            notification_id=new_id(),
            child_id=child_id,
            destination_id=getattr(routed, "destination_id", new_id()),
            destination_kind=getattr(routed, "destination_kind", "setting"),
            destination_ref=getattr(routed, "destination_ref", "900001"),
            reason=reason,
            recalled_at=self.clock.now(),
        )
        async with self.database.transaction() as tx:
            [envelope] = await tx.record("notifier", [fact])
        return envelope

    @contextlib.contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Every statement that this process writes with meanwhile."""
        said: list[str] = []
        engine = self.database._engines.writer.sync_engine

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            said.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield said
        finally:
            event.remove(engine, "before_cursor_execute", note)

    async def facts(self, incident_id: str, kind: type[Fact] = Fact) -> list[Any]:
        """What router said of an incident, in order."""
        async with self.database.reading() as reading:
            history = await journal.of_incident(reading, incident_id)
        return [envelope.fact for envelope in history if envelope.source == "router" and isinstance(envelope.fact, kind)]

    async def rows(self, table: str, **where: Any) -> list[Any]:
        """The rows of one of router's tables."""
        chosen = getattr(rows, table)
        async with self.database.reading() as reading:
            found = await reading.execute(select(chosen).where(*(chosen.c[column] == value for column, value in where.items())))
            return list(found)


def delivery(database: Database, vault: Vault, directory: Directory, **options: Any) -> Delivery:
    """Router's side of the bus; a second one stands for a second process."""
    told = Routing(vault, directory, **options).told
    versions = dict.fromkeys(("incident.received", "incident.corrected", "incident.withdrawn"), told)
    return Delivery("router", {**versions, "child.recalled": Recalling(directory).recalled}, database)


def on_roll(child: Mapping[str, Any], **values: str) -> dict[str, str]:
    """The row of a reported child's pupil: her names parted, her setting as reported."""
    forename, _, surname = str(child["full_name"]).partition(" ")
    school = child.get("school") or {}
    return {
        "upn": child.get("upn", ""),
        "forename": forename,
        "surname": surname,
        "known_as": "",
        "date_of_birth": child["date_of_birth"],
        "postcode": child.get("postcode", ""),
        "settings": school.get("urn", ""),
        "restricted": "",
    } | values


def report_at(instant: datetime, *, seed: int = 0, **overrides: Any) -> dict[str, Any]:
    """A sample report whose belief is ``instant``."""
    when = instant.isoformat()
    times = {"occurred_from_at": None, "occurred_to_at": None, "reported_at": when, "believed_at": when}
    return sample_report(seed=seed, **times | overrides)


async def _directory(database: Database) -> None:
    async with database.transaction() as tx:
        for authority in ("testshire", "farshire"):
            row = {"authority": authority, "name": authority.title(), "nation": "england", "force": "testforce"}
            await tx.execute(insert(tables.directory_authority), row)
            for first_on, last_on in TERMS:
                term = {"term_id": new_id(), "authority": authority, "first_on": first_on, "last_on": last_on}
                await tx.execute(insert(tables.directory_term), term | {"label": "Term", "source": "test", "as_at_on": first_on})
        for setting_id, name, authority, status in SETTINGS:
            row = {"setting_id": setting_id, "name": name, "kind": "school", "phase": "primary", "authority": authority, "status": status}
            await tx.execute(insert(tables.directory_setting), row)
        for team in TEAMS:
            row = {"team_id": f"team-{team}", "name": team, "kind": "education", "force": "testforce", "owner": f"Head of {team}"}
            await tx.execute(insert(tables.directory_team), row)
    await publish(database)


async def publish(database: Database) -> None:
    """Put the test policy in force."""
    policy = parse(POLICY, source="test")
    async with database.transaction() as tx:
        row = {"version": version(policy), "owner_kind": "force", "owner": "testforce", "effective_from_on": policy.effective_from_on}
        await tx.execute(insert(tables.directory_policy), row | {"document": to_json(policy), "published_at": tx.clock.now()})
