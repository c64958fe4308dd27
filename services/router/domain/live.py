"""Who is told at once while a setting is closed: by the plan of the setting's policy, never nobody. Pure (design section 5, Holidays).

The team is that of the authority where the child lives, by that authority's policy: its people know who is on duty tonight and can go to
the home. The setting's own holiday contact is the setting's, by the setting's policy. The setting itself is owed what it was owed before.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.router.domain.deadline import Obligation, of_live
from services.router.domain.destination import DestinationKind, Owed
from shared.directory.values import Published
from shared.policy import HolidayPlan, OwnerKind, Policy
from shared.policy.duty import on_duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Someone to be told at once, and the policy by which they are."""

    kind: DestinationKind
    ref: str
    by: Published


def live_team(policy: Policy, instant: datetime, bank_holidays: Collection[date]) -> str:
    """The team that answers at ``instant``; where the hours of duty leave a gap, the policy's live team: never nobody."""
    return next(iter(on_duty(policy, instant, bank_holidays)), policy.teams.live)


def policy_at_home(by: Published, at_home: Published, home: str | None) -> Published:
    """Whose policy names the team: that of the authority ``home`` where the child lives, if it has one of its own; else ``by``, the
    setting's. A force's policy that stands in for an authority without one knows no team of that area."""
    own = (at_home.policy.owner_kind, at_home.policy.owner) == (OwnerKind.AUTHORITY, home)
    return at_home if own else by


def recipients(setting_id: str, by: Published, team: Recipient, *, has_contact: bool) -> tuple[Recipient, ...]:
    """Who is told by the plan of ``by``, the setting's policy. ``has_contact``: the setting has a verified holiday contact; without one
    the team is told whatever the plan."""
    plan = by.policy.holiday.plan
    contact = Recipient(kind="setting", ref=setting_id, by=by)
    if plan is HolidayPlan.LIVE_TEAM or not has_contact:
        return (team,)
    return (contact,) if plan is HolidayPlan.SETTING_CONTACT else (team, contact)


def owed_at_once(
    child_id: str, obligation: Obligation, told: Iterable[Recipient], believed_at: datetime, received_at: datetime
) -> tuple[Owed, ...]:
    """What ``obligation``, which is ``holiday-live``, is for each of those who are told: its deadline is by the policy of each."""
    return tuple(
        Owed(
            child_id=child_id,
            kind=one.kind,
            ref=one.ref,
            obligation=of_live(obligation, one.by.policy, believed_at, received_at),
            policy_version=one.by.version,
        )
        for one in told
    )
