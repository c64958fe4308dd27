"""The duty desk's list: every quarter of an hour what is owed goes, sealed, to a second place, and is read there without this service."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.notifier import store, store_attempts, store_owed
from services.notifier.domain.calls import ROLES, quoted
from services.notifier.domain.duty_list import DutyList, Named, Owing, Place, ToRing, Undecided, to_bytes
from services.notifier.handlers_contacts import TEAM
from services.notifier.loops_known import Knowing, Known
from services.notifier.store import Notification
from services.notifier.store_owed import Waiting
from shared.clock import Clock
from shared.db import Database, Reading
from shared.directory import Directory, Passphrase, Team
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.log import logger
from shared.report import reading as report_reading
from shared.report import store as reports
from shared.report.sealed import SealedReport
from shared.scope import Scope
from shared.vault import Vault, box

EVERY = timedelta(minutes=15)
BATCH = 200

log = logger(__name__)


class Fallback:
    """The loop. ``public`` is the key of whoever may read the lists; the private one is not here."""

    every_seconds = 60.0

    def __init__(
        self, *, database: Database, clock: Clock, directory: Directory, vault: Vault, knowing: Knowing, place: Place, public: bytes
    ) -> None:
        self.name = f"{NOTIFIER}.fallback"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._directory = directory
        self._vault = vault
        self._knowing = knowing
        self._place = place
        self._public = public

    async def run_once(self) -> int:
        """Write a list when the last one is a quarter of an hour old. Raises SettingsRefused when the place cannot be written."""
        due_at = await self.next_due()
        if due_at is not None and due_at > self._clock.now():
            return 0
        await self.write()
        return 1

    async def write(self) -> DutyList:
        """Write one now. Raises as ``run_once`` does."""
        made = await self.made()
        await asyncio.to_thread(self._put, made)
        entries = len(made.owing) + len(made.undecided)
        async with self._database.transaction() as tx:
            await store_owed.written(tx, entries)
        log.info("duty-list.written", entries=entries)
        return made

    async def next_due(self) -> datetime | None:
        """A quarter of an hour after the last list; at once when there is none."""
        async with self._database.reading() as reading:
            last_at = await store_owed.last_written_at(reading)
        return self._clock.now() if last_at is None else last_at + EVERY

    async def made(self) -> DutyList:
        """What is owed now. Somebody acknowledged or not sent for trying out is on it once for each destination."""
        made_at = self._clock.now()
        owing: list[Owing] = []
        after = ""
        while batch := await self._batch(after):
            owing += await self._owing(batch)
            after = batch[-1].notification_id
        undecided = await self._undecided()
        return DutyList(
            made_at=made_at,
            owing=tuple(sorted(owing, key=lambda one: (one.deadline_at, one.reference))),
            undecided=tuple(sorted(undecided, key=lambda one: (one.deadline_at or made_at, one.child_id))),
        )

    def _put(self, made: DutyList) -> None:
        self._place.put(box.close(self._public, to_bytes(made)), made.made_at)

    async def _batch(self, after: str) -> list[Notification]:
        async with self._database.reading() as reading:
            return await store.open_after(reading, after, BATCH)

    async def _owing(self, batch: Sequence[Notification]) -> list[Owing]:
        known = await self._knowing.of_many(batch)
        async with self._database.reading() as reading:
            found = await self._reports(reading, {one.incident_id for one in batch})
            owners = [await self._owner(reading, one, knows) for one, knows in zip(batch, known, strict=True)]
            teams = await self._directory.teams(reading, owners)
            together = zip(batch, known, owners, strict=True)
            return [
                await self._entry(reading, one, knows, found.get(one.incident_id), _team(teams.get(owner), owner))
                for one, knows, owner in together
            ]

    async def _owner(self, reading: Reading, one: Notification, known: Known) -> str:
        """The team that owes the newest call, or would."""
        tasks = await store_attempts.open_tasks(reading, one.notification_id)
        return tasks[-1].team_id if tasks else known.policy.teams.phone

    async def _entry(self, reading: Reading, one: Notification, known: Known, report: SealedReport | None, owner: str) -> Owing:
        children = await store.children(reading, one.notification_id)
        child_ids = [child.child_id for child in children if child.is_own and not child.acknowledged_by]
        people = [person.contact for person in known.receivers(one.destination_kind) if person.may_be_asked_for]
        return Owing(
            reference=quoted(one.notification_id),
            deadline_at=one.deadline_at,
            place=known.name or one.destination_ref,
            register=one.destination_ref,
            telephone=known.telephone or None,
            hint=(await self._passphrase(reading, one)).hint,
            owner=owner,
            contacts=tuple(ToRing(name=person.name, role=ROLES.get(person.role, person.role), number=person.phone) for person in people),
            children=tuple(_named(report, child_id) for child_id in child_ids),
            child_ids=tuple(child_ids),
        )

    async def _passphrase(self, reading: Reading, one: Notification) -> Passphrase:
        try:
            return await self._directory.passphrase(reading, "team" if one.destination_kind == TEAM else "setting", one.destination_ref)
        except NotFound:
            return Passphrase(hint=None, stored=None)

    async def _undecided(self) -> list[Undecided]:
        async with self._database.reading() as reading:
            waiting = await store_owed.undecided(reading)
            incident_ids = {one.incident_id for one in waiting}
            versions = await reports.newest(reading, incident_ids) if incident_ids else {}
            found = await self._reports(reading, incident_ids)
            teams = await self._directory.teams(reading, {one.owner for one in waiting if one.owner})
        ours = [one for one in waiting if one.incident_id in versions and not versions[one.incident_id].sandbox]
        return [_waiting(one, found.get(one.incident_id), teams, versions[one.incident_id].force) for one in ours]

    async def _reports(self, reading: Reading, incident_ids: set[str]) -> dict[str, SealedReport]:
        """The reports that can be opened; one that cannot leaves its children without a name, never off the list."""
        if not incident_ids:
            return {}
        try:
            return await reports.load_many(self._vault, reading, incident_ids, Scope.service(NOTIFIER))
        except (NotFound, VaultSealed, Misuse):
            if len(incident_ids) == 1:
                return {}
        found: dict[str, SealedReport] = {}
        for incident_id in incident_ids:
            found |= await self._reports(reading, {incident_id})
        return found


def _waiting(one: Waiting, report: SealedReport | None, teams: Mapping[str, Team], force: str) -> Undecided:
    team = teams.get(one.owner) if one.owner else None
    return Undecided(
        police_reference=report.report.reference if report is not None else None,
        why=one.why,
        owner=team.name if team is not None else one.owner or f"the force {force}",
        telephone=team.telephone if team is not None else None,
        deadline_at=one.deadline_at,
        child=_named(report, one.child_id),
        child_id=one.child_id,
    )


def _named(report: SealedReport | None, child_id: str) -> Named:
    """Name and date of birth; nothing of a child under a handling flag, or whose report cannot be opened."""
    child = report.child(child_id) if report is not None else None
    if report is None or child is None or report_reading.handling_flags(report.report, child):
        return Named(name=None, born=None)
    return Named(name=child.full_name, born=str(child.date_of_birth) if child.date_of_birth else None)


def _team(team: Team | None, team_id: str) -> str:
    return f"{team.name} {team.telephone or ''}".strip() if team is not None else team_id
