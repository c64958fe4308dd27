"""What a rehearsal is made of: an area with its settings, the incidents of a period, and the record of what became of each child.

Instants are aware UTC, dates London dates. Nothing personal: ids, codes, instants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.calendar import Calendar
from shared.directory import Published
from shared.policy import LadderKind, deciding

MATCHED, HELD, EXCLUDED = "matched", "held", "excluded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One setting: its school days, and the roles in which it has a contact who may be told."""

    setting_id: str
    kind: LadderKind
    authority: str
    calendar: Calendar
    roles: frozenset[str]
    has_holiday_contact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Everything that a decision depends on but the incident: settings by id, and by authority its own terms and bank holidays.

    ``team_roles``: in which roles a team has somebody.
    """

    places: Mapping[str, Place]
    authorities: Mapping[str, Calendar]
    team_roles: Mapping[str, frozenset[str]]

    def home(self, child: "Child") -> str:
        """Where she lives; where that is not known, the first of the authorities stands in."""
        return child.home or min(self.authorities)

    def bank_holidays(self, authority: str) -> frozenset[date]:
        """Those of the authority's nation."""
        return self.authorities[authority].bank_holidays


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies in the order of publication, as the rehearsal has them."""

    published: tuple[Published, ...]

    def deciding(self, force: str, authority: str | None, on: date) -> Published:
        """The one that decides. Raises LookupError when none is in force: nothing may be decided then."""
        chosen = deciding((one.policy for one in self.published), force, authority, on)
        if chosen is None:
            raise LookupError("no policy is in force")
        return next(one for one in reversed(self.published) if one.policy is chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child of an incident. ``decision``: ``matched`` (told of at ``setting_ids``), ``held`` or ``excluded`` (``reason`` says why).

    ``home`` is the authority where the child lives, empty where that is not known. A held child turns out to be a pupil of ``setting_ids``
    once somebody works on the case for ``work``; None: nobody does before it escalates. ``team`` is a team that a person chose to be told
    in its own right. A held child without either is still held at the end, with whoever it escalated to.
    """

    child_id: str
    home: str
    decision: str
    setting_ids: tuple[str, ...] = ()
    reason: str = ""
    work: timedelta | None = None
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One report as it came."""

    reference: str
    force: str
    believed_at: datetime
    received_at: datetime
    children: tuple[Child, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One destination of one child: what was owed, and what came of it.

    ``first_rung_at`` is when the first message went, None when nobody could be sent one. ``rungs`` are the instants of the plan, the last
    the telephone task's, whose owner is ``call_owner``. ``acknowledged_at`` is None when nobody had at the end of the rehearsal.
    """

    kind: str
    ref: str
    purpose: str
    policy_version: str
    urgency: str
    send_at: datetime
    deadline_at: datetime
    first_rung_at: datetime | None
    rungs: tuple[datetime, ...]
    call_owner: str
    acknowledged_at: datetime | None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A held child's review: whose it was until ``due_at``, whose from then on, and when it was settled."""

    owner: str
    due_at: datetime
    escalates_to: str
    settled_at: datetime
    on_duty: bool
    """Whether its owner was on duty when it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that became of one child. ``phase`` is ``term``, ``run_up`` or ``holiday`` at receipt. ``decider`` of an exclusion."""

    reference: str
    child_id: str
    received_at: datetime
    phase: str
    told: tuple[Told, ...] = ()
    review: Review | None = None
    excluded: str = ""
    decider: str = ""
    live: bool = False
    """Whether somebody on duty who can act was told at once."""
