"""Reading what deadlines depend on, once for a batch: policies and school days. What follows from them is ``domain/deadline``'s."""

from collections.abc import Iterable
from datetime import date, datetime

from services.router.domain.deadline import (
    Obligation,
    again,
    obligations,
    of_attendance,
    review_deadline,
    unknown_setting_obligations,
)
from services.router.domain.standing import Known
from shared.calendar import Calendar
from shared.db import Reading
from shared.directory import Directory, Published, Setting
from shared.errors import Unavailable
from shared.policy import PolicyRefused, deciding


class Policies:
    """The published policies, in the order of publication."""

    def __init__(self, published: tuple[Published, ...]) -> None:
        self._published = published

    def deciding(self, force: str, authority: str | None, on: date) -> Published:
        """The policy that decides on the London date ``on``. Raises Unavailable when there is none: nothing may be decided then."""
        policy = deciding((stored.policy for stored in self._published), force, authority, on)
        if policy is None:
            raise Unavailable("no policy is in force", code="no-policy")
        return next(stored for stored in reversed(self._published) if stored.policy is policy)

    def frozen(self, policy_version: str) -> Published:
        """The policy of that version. Raises Unavailable when it is not there: policies are never deleted."""
        for stored in self._published:
            if stored.version == policy_version:
                return stored
        raise Unavailable("a policy that decided is not there", code="no-policy")


async def policies(directory: Directory, reading: Reading) -> Policies:
    """The published policies. Raises Unavailable when one cannot be read: it may be the one that decides."""
    try:
        return Policies(await directory.published(reading))
    except PolicyRefused:
        raise Unavailable("a published policy cannot be read", code="no-policy") from None


class Days:
    """The school days of settings and authorities, each read once."""

    def __init__(self, reading: Reading, directory: Directory) -> None:
        self._reading = reading
        self._directory = directory
        self._of_setting: dict[str, Calendar] = {}
        self._of_authority: dict[str, Calendar] = {}
        self._of_force: dict[str, Calendar] = {}
        self._mostly_closed: dict[tuple[str, date], bool] = {}
        self._with_contact: dict[str, bool] = {}

    async def load(self, settings: Iterable[Setting]) -> None:
        """Read the calendars of these settings together, before ``owed`` asks for each."""
        self._of_setting |= await self._directory.calendars(self._reading, settings)

    async def owed(
        self,
        setting: Setting,
        decided_by: Published,
        believed_at: datetime,
        received_at: datetime,
        *,
        weekdays: frozenset[int] | None = None,
    ) -> tuple[Obligation, ...]:
        """What is owed about a child at a setting that was loaded; ``weekdays`` are those on which she attends it, None: all."""
        calendar, policy = self._of_setting[setting.setting_id], decided_by.policy
        owed = obligations(calendar, policy, believed_at, received_at)
        assumed = {one.school_day_on for one in owed if not one.calendar_known and one.school_day_on is not None}
        if any([await self._is_mostly_closed(setting.authority, on) for on in assumed]):
            owed = obligations(calendar, policy, believed_at, received_at, mostly_closed=True)
        return owed if not weekdays else of_attendance(owed, calendar, policy, weekdays, received_at)

    async def again(self, known: Known, force: str, decided_by: Published, instant: datetime) -> Obligation:
        """What a destination is owed when something that came at ``instant`` must be told again; a setting's calendar was loaded."""
        calendar = self._of_setting.get(known.ref) if known.kind == "setting" else None
        return again(calendar or await self._force(force), decided_by.policy, known.purpose, instant)

    async def owed_to_team(
        self, force: str, authority: str | None, decided_by: Published, believed_at: datetime, received_at: datetime
    ) -> Obligation:
        """What is owed to a team in its own right: it works on weekdays, whatever the terms of its area."""
        return (await self.owed_by_team(force, authority, decided_by, believed_at, received_at))[-1]

    async def owed_by_team(
        self, force: str, authority: str | None, decided_by: Published, believed_at: datetime, received_at: datetime
    ) -> tuple[Obligation, ...]:
        """The same, and what is owed to whoever is live where bank holidays keep that team away for long."""
        weekdays = Calendar(bank_holidays=await self.bank_holidays_of(force, authority))
        return obligations(weekdays, decided_by.policy, believed_at, received_at)

    async def review_deadline(
        self, force: str, authority: str | None, decided_by: Published, believed_at: datetime, received_at: datetime
    ) -> datetime:
        """By when a held child must be settled, in whatever setting of ``authority`` she turns out to be; None: of any."""
        calendar = await (self._authority(authority) if authority is not None else self._force(force))
        owed = unknown_setting_obligations(calendar, decided_by.policy, believed_at, received_at)
        return review_deadline(owed, decided_by.policy, received_at)

    def calendar(self, setting_id: str) -> Calendar:
        """The school days of a setting that was loaded."""
        return self._of_setting[setting_id]

    async def bank_holidays(self, authority: str) -> frozenset[date]:
        """Those of the authority's nation."""
        return (await self._authority(authority)).bank_holidays

    async def bank_holidays_of(self, force: str, authority: str | None) -> frozenset[date]:
        """Those of the authority's nation, or without one of the force's."""
        return (await (self._authority(authority) if authority is not None else self._force(force))).bank_holidays

    async def has_holiday_contact(self, setting_id: str) -> bool:
        """Whether a setting that was loaded has a verified holiday contact; asked once for all that were loaded."""
        if setting_id not in self._with_contact:
            there = await self._directory.holiday_settings(self._reading, self._of_setting)
            self._with_contact |= {one: one in there for one in self._of_setting}
        return self._with_contact[setting_id]

    async def _is_mostly_closed(self, authority: str, on: date) -> bool:
        if (authority, on) not in self._mostly_closed:
            self._mostly_closed[authority, on] = await self._directory.mostly_closed(self._reading, authority, on)
        return self._mostly_closed[authority, on]

    async def _authority(self, authority: str) -> Calendar:
        if authority not in self._of_authority:
            self._of_authority[authority] = await self._directory.calendar(self._reading, None, authority)
        return self._of_authority[authority]

    async def _force(self, force: str) -> Calendar:
        """The bank holidays of the force's nation, without terms; of no nation where it has no authority: early, not late."""
        if force not in self._of_force:
            policed = await self._directory.authorities(self._reading, force=force)
            known = (await self._authority(policed[0].authority)).bank_holidays if policed else frozenset()
            self._of_force[force] = Calendar(bank_holidays=known)
        return self._of_force[force]
