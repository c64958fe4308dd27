"""The plans of notifications: the ladder of each kind of destination, who may be told there, and whether it is in session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.plan import Plan, Step, make_plan
from services.notifier.domain.session import in_session, may_be_in_session
from services.notifier.handlers_contacts import TEAM, ByRole, Contacts, for_purpose
from shared.db import Transaction
from shared.directory import Directory, Setting
from shared.events import DestinationRevised, IncidentRouted
from shared.policy import LadderKind, Policy

ORDINARY = "ordinary"
NO_TIME_LEFT_MINUTES = 10**6
"""Router said that this one is urgent: it is too near whatever the clock says here, so every rung is due at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan is made for: a destination that is owed something."""

    owed: IncidentRouted | DestinationRevised
    purpose: str
    kind: str
    ref: str
    policy: Policy

    def opened_at(self, now: datetime) -> datetime:
        """When the message may first be sent: a first staff day's waits for that morning."""
        return max(now, self.owed.send_at)


class Planning:
    """Makes plans for many destinations, with as many statements as for one."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._contacts = Contacts(directory)

    async def plans(self, tx: Transaction, wanted: Sequence[Wanted]) -> list[tuple[Plan, ByRole]]:
        """A plan for each, with the verified contacts that it counts on."""
        now = tx.clock.now()
        everybody = await self._contacts.by_role(tx, [(one.kind, one.ref, one.policy) for one in wanted])
        contacts = [for_purpose(one.purpose, one.kind, by_role) for one, by_role in zip(wanted, everybody, strict=True)]
        settings = await self._directory.settings(tx, {one.ref for one in wanted if one.kind != TEAM})
        at_work = await self._in_session(tx, wanted, settings, now)
        return [
            (_plan(one, settings.get(one.ref), held, now, one.ref in at_work), held) for one, held in zip(wanted, contacts, strict=True)
        ]

    async def _in_session(self, tx: Transaction, wanted: Sequence[Wanted], settings: dict[str, Setting], now: datetime) -> frozenset[str]:
        """The settings that are in session when their message may first be sent."""
        known = [one for one in wanted if one.kind != TEAM and one.ref in settings]
        maybe = [one for one in known if may_be_in_session(one.policy, one.opened_at(now))]
        if not maybe:
            return frozenset()
        calendars = await self._directory.calendars(tx, {one.ref: settings[one.ref] for one in maybe}.values())
        return frozenset(one.ref for one in maybe if in_session(calendars[one.ref], one.policy, one.opened_at(now)))


def _plan(wanted: Wanted, setting: Setting | None, contacts: ByRole, now: datetime, at_work: bool) -> Plan:
    policy, owed = wanted.policy, wanted.owed
    ladder: Sequence[Step] = policy.ladder_for(_ladder_kind(wanted.kind, setting))
    return make_plan(
        ladder,
        deadline_at=owed.deadline_at,
        opened_at=wanted.opened_at(now),
        roles_available={role for role, people in contacts.items() if people},
        too_near_minutes=policy.too_near_minutes if owed.urgency == ORDINARY else NO_TIME_LEFT_MINUTES,
        rung_minutes=policy.rung_minutes,
        in_session_minutes=policy.in_session_minutes if at_work else None,
    )


def _ladder_kind(destination_kind: str, setting: Setting | None) -> LadderKind:
    """A setting that the directory has lost is taken for a school."""
    if destination_kind == TEAM:
        return LadderKind.TEAM
    return LadderKind(setting.kind) if setting is not None else LadderKind.SCHOOL
