"""Finding where matched children are whom a roll of the last school year has at settings that they have left (``domain/transfer``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.router import store_offers
from services.router.domain.deadline import next_school_on
from services.router.domain.decision import Decision, Matched
from services.router.domain.destination import Owed
from services.router.domain.evidence import UPN, Pupil
from services.router.domain.live import Recipient, live_team, owed_at_once
from services.router.domain.routes import legal_class
from services.router.domain.transfer import is_for, is_leaving, placed
from services.router.handlers_days import Days, Policies
from services.router.handlers_live import Deciding, of_home
from services.router.store_roll import token_of
from shared.calendar import london_date
from shared.db import Reading, Transaction
from shared.directory import Directory, Setting
from shared.policy import Route
from shared.report.store import Version
from shared.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Places matched children. ``settings`` are those of the decisions, loaded in ``days``; a place that was offered comes to both."""

    reading: Reading
    vault: Vault
    directory: Directory
    policies: Policies
    days: Days
    settings: dict[str, Setting]

    async def place(
        self, versions: Mapping[str, Version], decisions: Mapping[str, Decision], pupils: Mapping[str, Pupil]
    ) -> dict[str, Decision]:
        """The decisions by child, each where she is on the school day that counts; ``versions`` and ``pupils`` by child too."""
        as_at = await store_offers.as_at(self.reading, {one.authority for one in pupils.values()}) if pupils else {}
        left: dict[str, dict[str, date]] = {}
        for child_id, one in decisions.items():
            pupil = pupils.get(child_id)
            if isinstance(one, Matched) and pupil is not None and pupil.authority in as_at:
                left[child_id] = self._left(versions[child_id], one, pupil, as_at[pupil.authority])
        leaving = {child_id: those for child_id, those in left.items() if those}
        offered = await self._offered(leaving, pupils) if leaving else {}
        return {
            child_id: placed(one, leaving[child_id], offered.get(child_id)) if isinstance(one, Matched) and child_id in leaving else one
            for child_id, one in decisions.items()
        }

    def _left(self, version: Version, decision: Matched, pupil: Pupil, as_at_on: date) -> dict[str, date]:
        """The settings that she has left by their next school day, each with that day."""
        found: dict[str, date] = {}
        for ref in decision.setting_ids:
            setting, calendar = self.settings[ref], self.days.calendar(ref)
            by = self.policies.deciding(version.force, setting.authority, london_date(version.received_at))
            school_on = next_school_on(calendar, by.policy, min(version.believed_at, version.received_at))
            if school_on is not None and is_leaving(pupil.date_of_birth, setting, calendar, as_at_on=as_at_on, school_on=school_on):
                found[ref] = school_on
        return found

    async def _offered(self, leaving: Mapping[str, Mapping[str, date]], pupils: Mapping[str, Pupil]) -> dict[str, str]:
        """The open setting that each of these children was offered for that year; none for one who was offered two."""
        keyring = self.vault.keyring
        keys = [keyring.index_key(key_id) for key_id in keyring.index_key_ids]
        upns = {child_id: upn for child_id in leaving if (upn := pupils[child_id].upn) is not None}
        tokens = {child_id: {token_of(key, (UPN, (upn,))) for key in keys} for child_id, upn in upns.items()}
        offers = await store_offers.found(self.reading, {one for some in tokens.values() for one in some}) if tokens else ()
        there = {
            child_id: {one.setting_id for one in offers if one.token in some and is_for(one.from_on, min(leaving[child_id].values()))}
            for child_id, some in tokens.items()
        }
        settings = await self.directory.settings(self.reading, {ref for refs in there.values() for ref in refs}) if offers else {}
        certain = {child_id: next(iter(refs)) for child_id, refs in there.items() if len(refs) == 1}
        found = {child_id: ref for child_id, ref in certain.items() if ref in settings and settings[ref].is_open}
        self.settings.update({ref: settings[ref] for ref in found.values()})
        await self.days.load(self.settings[ref] for ref in found.values())
        return found


class Surrounded(Deciding, Protocol):
    """What a child is decided in, with the directory behind it."""

    @property
    def tx(self) -> Transaction: ...

    @property
    def settings(self) -> Mapping[str, Setting]: ...

    @property
    def directory(self) -> Directory | None: ...


async def owed_between(deciding: Surrounded, child_id: str, decision: Matched, version: Version) -> list[Owed]:
    """What is owed about a child who is between schools, nothing about any other: whoever is live is told at once, as ever, and in the
    old setting's place the team of those without one, of the authority where she lives."""
    directory = deciding.directory
    if decision.setting_ids or not decision.leaving or directory is None:
        return []
    left = deciding.settings[decision.leaving[0]]
    days, on = deciding.days, london_date(version.received_at)
    by = deciding.policies.deciding(version.force, left.authority, on)
    theirs = of_home(deciding, child_id, left.authority, version.force, on)
    holidays = await days.bank_holidays(left.authority if theirs is by else theirs.policy.owner)
    live = Recipient(kind="team", ref=live_team(theirs.policy, version.received_at, holidays), by=theirs)
    owed: list[Owed] = []
    for obligation in await days.owed(left, by, version.believed_at, version.received_at):
        if obligation.purpose == "holiday-live":
            owed += owed_at_once(child_id, obligation, [live], version.believed_at, version.received_at)
    team = await directory.team(deciding.tx, theirs.policy.teams.owner_of(Route.NO_SETTING))
    due = await days.owed_to_team(version.force, team.authority, theirs, version.believed_at, version.received_at)
    one = Owed(child_id=child_id, kind="team", ref=team.team_id, obligation=due, policy_version=theirs.version)
    owed.append(one.on(Route.NO_SETTING, legal_class(theirs.policy, Route.NO_SETTING)))
    return owed
