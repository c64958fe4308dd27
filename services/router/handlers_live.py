"""Reading what it takes to say who is told at once about a child: where she lives, who is on duty there, whom her setting has."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from services.router.domain.decision import Decision, Matched
from services.router.domain.destination import Owed, owed_about
from services.router.domain.evidence import Pupil
from services.router.domain.live import Recipient, live_team, owed_at_once, policy_at_home, recipients
from services.router.domain.residence import asked, residence
from services.router.domain.routes import legal_class, route_of
from services.router.handlers_days import Days, Policies
from services.router.handlers_find import candidates
from shared.calendar import london_date
from shared.db import Reading
from shared.directory import Directory, Published, Setting
from shared.policy import HolidayPlan
from shared.report.model import Child
from shared.report.store import Version
from shared.vault import Vault


async def homes(reading: Reading, directory: Directory, children: Mapping[str, Child], pupils: Mapping[str, Pupil]) -> dict[str, str]:
    """The authority where each of these children lives, by child_id, with one statement for all; one of whom nobody knows is left out.

    ``pupils``: who is known to be which pupil of a roll.
    """
    known = {child_id: (children.get(child_id), pupils.get(child_id)) for child_id in {*children, *pupils}}
    areas = await directory.areas(reading, {one for child, pupil in known.values() for one in asked(child, pupil)})
    found = {child_id: residence(child, pupil, areas) for child_id, (child, pupil) in known.items()}
    return {child_id: authority for child_id, authority in found.items() if authority is not None}


def matched_pupils(decisions: Mapping[str, Decision], found: Mapping[str, Sequence[Pupil]]) -> dict[str, Pupil]:
    """The pupil that each matched child is."""
    wanted = {child_id: made.pupil_id for child_id, made in decisions.items() if isinstance(made, Matched)}
    pupils = ((child_id, one) for child_id, pupil_id in wanted.items() for one in found.get(child_id, ()) if one.pupil_id == pupil_id)
    return dict(pupils)


async def home_of(
    reading: Reading, vault: Vault, directory: Directory, child_id: str, child: Child | None, pupil_id: str | None
) -> dict[str, str]:
    """The same for one child of whom a person decides: ``pupil_id`` is the pupil that she is said to be."""
    if child is None:
        return {}
    found = (await candidates(reading, vault, {child_id: child}))[child_id] if pupil_id is not None else ()
    pupil = next((one for one in found if one.pupil_id == pupil_id), None)
    return await homes(reading, directory, {child_id: child}, {} if pupil is None else {child_id: pupil})


class Deciding(Protocol):
    """What decides about a child: policies, days, and by child the authority where she lives, where that is known."""

    @property
    def policies(self) -> Policies: ...

    @property
    def days(self) -> Days: ...

    @property
    def homes(self) -> Mapping[str, str]: ...


def of_home(deciding: Deciding, child_id: str, authority: str, force: str, on: date) -> Published:
    """Whose policy names the teams for a child, on the London date ``on``: that of the authority where she lives if it has one, else that
    of ``authority``, her setting's. Raises Unavailable without a policy in force."""
    by, home = deciding.policies.deciding(force, authority, on), deciding.homes.get(child_id, authority)
    return by if home == authority else policy_at_home(by, deciding.policies.deciding(force, home, on), home)


async def owed_at(
    deciding: Deciding,
    child_id: str,
    setting: Setting,
    version: Version,
    received_at: datetime,
    *,
    is_new: bool = False,
    weekdays: frozenset[int] | None = None,
) -> tuple[Owed, ...]:
    """All that is owed about a child of ``version`` at one setting that was loaded, with whom it is owed to. Where her home is not known,
    the setting's authority stands in for it. ``is_new``: she has never been there yet, so its holiday contact is not told. ``weekdays``:
    those on which she attends, None: all. Raises Unavailable without a policy in force."""
    days, on = deciding.days, london_date(received_at)
    by = deciding.policies.deciding(version.force, setting.authority, on)
    owed: list[Owed] = []
    route = route_of(setting)
    footing = legal_class(by.policy, route)
    for obligation in await days.owed(setting, by, version.believed_at, received_at, weekdays=weekdays):
        if obligation.purpose != "holiday-live":
            owed += [one.on(route, footing) for one in owed_about(child_id, setting.setting_id, [obligation], by.policy, by.version)]
            continue
        theirs = of_home(deciding, child_id, setting.authority, version.force, on)
        holidays = await days.bank_holidays(setting.authority if theirs is by else theirs.policy.owner)
        team = Recipient(kind="team", ref=live_team(theirs.policy, received_at, holidays), by=theirs)
        has_contact = (
            not is_new and by.policy.holiday.plan is not HolidayPlan.LIVE_TEAM and await days.has_holiday_contact(setting.setting_id)
        )
        told = recipients(setting.setting_id, by, team, has_contact=has_contact)
        at_once = owed_at_once(child_id, obligation, told, version.believed_at, received_at)
        owed += [one.on(route, footing) if one.kind == "setting" else one for one in at_once]
    return tuple(owed)
