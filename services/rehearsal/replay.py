"""One incident once more: what is owed, to whom and by when, is what router decides; the ladder is notifier's; people are ``people``'s."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from services.notifier.domain.plan import PHONE, Plan, make_plan
from services.notifier.domain.session import in_session
from services.rehearsal import people
from services.rehearsal.values import EXCLUDED, HELD, Area, Child, Incident, Outcome, Place, Policies, Review, Told
from services.router.domain.deadline import Obligation, in_long_closure, obligations, review_deadline, unknown_setting_obligations
from services.router.domain.destination import Destination, Owed, gathered, owed_about
from services.router.domain.live import Recipient, live_team, owed_at_once, policy_at_home, recipients
from shared.calendar import Calendar, DayKind, london_date
from shared.directory import Published
from shared.policy import LadderKind, Policy
from shared.policy.duty import on_duty

NO_TIME_LEFT_MINUTES = 10**6
RUN_UP_DAYS = 7
LEAD_WORKS = timedelta(minutes=45)
"""How long an authority's lead needs for a review that has escalated to her."""
NEVER = datetime.max.replace(tzinfo=UTC)
CHASERS = frozenset({"trust", "authority"})
_DAY = timedelta(days=1)


class Replay:
    """Plays incidents in one area under some policies. ``seed`` decides what people do: the same for every policy."""

    def __init__(self, area: Area, policies: Policies, *, seed: int) -> None:
        self._area = area
        self._policies = policies
        self._seed = seed
        self._closed: dict[tuple[str, date], bool] = {}

    def play(self, incident: Incident) -> tuple[Outcome, ...]:
        """What became of each child of it, in their order."""
        reviews = {child.child_id: self._review(incident, child) for child in incident.children if child.decision == HELD}
        told: dict[str, list[Told]] = {child.child_id: [] for child in incident.children}
        for settled_at, children in self._batches(incident, reviews):
            owed = [one for child in children for ref in child.setting_ids for one in self._owed(incident, child, ref, settled_at)]
            owed += [self._owed_to_team(incident, child, settled_at) for child in children if child.team]
            for destination in gathered(owed):
                came = self._tell(incident, destination, settled_at)
                for child_id in destination.child_ids:
                    told[child_id].append(came)
        return tuple(self._outcome(incident, child, told[child.child_id], reviews.get(child.child_id)) for child in incident.children)

    def _batches(self, incident: Incident, reviews: dict[str, Review]) -> Iterable[tuple[datetime, list[Child]]]:
        """Who is settled when: what is clear at receipt, each held child when a person has decided."""
        matched = [child for child in incident.children if child.decision not in (HELD, EXCLUDED)]
        if matched:
            yield incident.received_at, matched
        for child in incident.children:
            if child.child_id in reviews and (child.setting_ids or child.team):
                yield reviews[child.child_id].settled_at, [child]

    # --- what is owed -----------------------------------------------------------------------------------------------------------------

    def _owed(self, incident: Incident, child: Child, setting_id: str, now: datetime) -> list[Owed]:
        place = self._area.places[setting_id]
        by = self._policies.deciding(incident.force, place.authority, london_date(now))
        owed: list[Owed] = []
        for obligation in self._obligations(place, by.policy, incident.believed_at, now):
            if obligation.purpose != "holiday-live":
                owed += owed_about(child.child_id, setting_id, [obligation], by.policy, by.version)
            else:
                told = self._live(incident, child, place, by, now)
                owed += owed_at_once(child.child_id, obligation, told, incident.believed_at, now)
        return owed

    def _owed_to_team(self, incident: Incident, child: Child, now: datetime) -> Owed:
        """A team works on weekdays, whatever the terms of its area."""
        by = self._policies.deciding(incident.force, child.home or None, london_date(now))
        weekdays = Calendar(bank_holidays=self._area.bank_holidays(self._area.home(child)))
        (*_, obligation) = obligations(weekdays, by.policy, incident.believed_at, now)
        return Owed(child_id=child.child_id, kind="team", ref=child.team, obligation=obligation, policy_version=by.version)

    def _obligations(self, place: Place, policy: Policy, believed_at: datetime, now: datetime) -> tuple[Obligation, ...]:
        owed = obligations(place.calendar, policy, believed_at, now)
        assumed = {one.school_day_on for one in owed if not one.calendar_known and one.school_day_on is not None}
        if any(self._mostly_closed(place.authority, on) for on in assumed):
            return obligations(place.calendar, policy, believed_at, now, mostly_closed=True)
        return owed

    def _live(self, incident: Incident, child: Child, place: Place, by: Published, now: datetime) -> tuple[Recipient, ...]:
        home = child.home or place.authority
        at_home = by if home == place.authority else self._policies.deciding(incident.force, home, london_date(now))
        theirs = policy_at_home(by, at_home, home) if home != place.authority else by
        holidays = self._area.bank_holidays(place.authority if theirs is by else theirs.policy.owner)
        team = Recipient(kind="team", ref=live_team(theirs.policy, now, holidays), by=theirs)
        return recipients(place.setting_id, by, team, has_contact=place.has_holiday_contact)

    def _mostly_closed(self, authority: str, on: date) -> bool:
        """Among the settings of the authority whose calendar says anything of that date (``shared.directory.calendars.mostly_closed``)."""
        if (authority, on) not in self._closed:
            days = [place.calendar.day(on) for place in self._area.places.values() if place.authority == authority]
            known = [day.kind for day in days if day.known]
            self._closed[authority, on] = 2 * known.count(DayKind.CLOSED) > len(known)
        return self._closed[authority, on]

    # --- reviews ----------------------------------------------------------------------------------------------------------------------

    def _review(self, incident: Incident, child: Child) -> Review:
        authority = next((self._area.places[ref].authority for ref in child.setting_ids), self._area.home(child))
        by = self._policies.deciding(incident.force, authority, london_date(incident.received_at)).policy
        calendar = self._area.authorities[authority]
        owed = unknown_setting_obligations(calendar, by, incident.believed_at, incident.received_at)
        due_at = review_deadline(owed, by, incident.received_at)
        done_at = due_at if child.work is None else incident.received_at + child.work
        ends_at = done_at if done_at < due_at else due_at + LEAD_WORKS
        return Review(
            owner=by.teams.review,
            due_at=due_at,
            escalates_to=by.teams.authority_lead,
            settled_at=ends_at if child.setting_ids or child.team else NEVER,
            on_duty=by.teams.review in on_duty(by, incident.received_at, calendar.bank_holidays),
        )

    # --- the ladder -------------------------------------------------------------------------------------------------------------------

    def _tell(self, incident: Incident, destination: Destination, now: datetime) -> Told:
        policy = next(one.policy for one in self._policies.published if one.version == destination.policy_version)
        place = self._area.places.get(destination.ref) if destination.kind == "setting" else None
        in_holiday = destination.purpose == "holiday-live"
        opened_at = max(now, destination.send_at)
        at_work = place is not None and in_session(place.calendar, policy, opened_at)
        plan = make_plan(
            policy.ladder_for(place.kind if place is not None else LadderKind.TEAM),
            deadline_at=destination.deadline_at,
            opened_at=opened_at,
            roles_available=self._roles(destination, place),
            too_near_minutes=policy.too_near_minutes if destination.urgency == "ordinary" else NO_TIME_LEFT_MINUTES,
            rung_minutes=policy.rung_minutes,
            in_session_minutes=policy.in_session_minutes if at_work else None,
        )
        key = f"{incident.reference} {destination.kind} {destination.ref} {destination.purpose}"
        came = _Ladder(seed=self._seed, key=key, plan=plan, calendar=place.calendar if place else None, in_holiday=in_holiday).climb()
        has_people = plan.rungs[0].role != PHONE
        return Told(
            kind=destination.kind,
            ref=destination.ref,
            purpose=destination.purpose,
            policy_version=destination.policy_version,
            urgency=destination.urgency,
            send_at=destination.send_at,
            deadline_at=destination.deadline_at,
            first_rung_at=plan.rungs[0].due_at if has_people else None,
            rungs=tuple(rung.due_at for rung in plan.rungs),
            call_owner=policy.teams.phone,
            acknowledged_at=came[0],
            acknowledged_by=came[1],
        )

    def _roles(self, destination: Destination, place: Place | None) -> frozenset[str]:
        if place is None:
            return self._area.team_roles.get(destination.ref, frozenset())
        if destination.purpose == "holiday-live":
            return frozenset({"dsl"}) if place.has_holiday_contact else frozenset()
        return place.roles

    # --- what became of her -----------------------------------------------------------------------------------------------------------

    def _outcome(self, incident: Incident, child: Child, told: list[Told], review: Review | None) -> Outcome:
        by = self._policies.deciding(incident.force, child.home or None, london_date(incident.received_at))
        if child.decision == EXCLUDED:
            return Outcome(
                reference=incident.reference,
                child_id=child.child_id,
                received_at=incident.received_at,
                phase=self._phase(child, incident, by.policy),
                excluded=child.reason,
                decider=by.version,
            )
        return Outcome(
            reference=incident.reference,
            child_id=child.child_id,
            received_at=incident.received_at,
            phase=self._phase(child, incident, by.policy),
            told=tuple(told),
            review=review,
            live=review.on_duty if review is not None else self._is_live(child, told, incident),
        )

    def _phase(self, child: Child, incident: Incident, policy: Policy) -> str:
        """By the child's own settings, else her authority's terms: in a closure over the limit, in the week before one, or else in term."""
        area = self._area
        calendars = [area.places[ref].calendar for ref in child.setting_ids] or [area.authorities[area.home(child)]]
        found = {phase(calendar, policy, incident.received_at) for calendar in calendars}
        return next(one for one in ("holiday", "run_up", "term") if one in found)

    def _is_live(self, child: Child, told: Iterable[Told], incident: Incident) -> bool:
        """Whether somebody on duty who can act was sent a message within a minute of receipt."""
        return any(
            one.first_rung_at is not None
            and one.first_rung_at <= incident.received_at + timedelta(minutes=1)
            and (one.kind == "setting" or one.ref in self._teams_on_duty(child, one, incident.received_at))
            for one in told
            if one.purpose == "holiday-live"
        )

    def _teams_on_duty(self, child: Child, one: Told, instant: datetime) -> tuple[str, ...]:
        policy = next(known.policy for known in self._policies.published if known.version == one.policy_version)
        home = policy.owner if policy.owner in self._area.authorities else self._area.home(child)
        return on_duty(policy, instant, self._area.bank_holidays(home))


def phase(calendar: Calendar, policy: Policy, instant: datetime) -> str:
    """``holiday`` in a closure over the policy's limit, ``run_up`` in the week before one, else ``term``."""
    if in_long_closure(calendar, policy, instant):
        return "holiday"
    ahead = (instant + number * _DAY for number in range(1, RUN_UP_DAYS + 1))
    return "run_up" if any(in_long_closure(calendar, policy, one) for one in ahead) else "term"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ladder:
    """One notification's ladder among people."""

    seed: int
    key: str
    plan: Plan
    calendar: Calendar | None
    in_holiday: bool

    def climb(self) -> tuple[datetime | None, str]:
        """When it was acknowledged, and in which role; the earliest of all who would."""
        best: tuple[datetime, str] | None = None
        hurried: datetime | None = None
        for rung in self.plan.rungs:
            due_at = rung.due_at if hurried is None else max(self.plan.opened_at, min(rung.due_at, hurried))
            if best is not None and best[0] <= due_at:
                break
            hurried = None
            if rung.role == PHONE:
                answered_at, moves_on = people.by_telephone(self.seed, self.key, due_at, self.plan.deadline_at, self.calendar), False
            elif rung.role in CHASERS and self.calendar is not None:
                continue
            else:
                reaction = self._asked(f"{self.key} {rung.role}", due_at)
                answered_at, moves_on = reaction.at, reaction.moves_on
            if moves_on:
                hurried = answered_at
            elif answered_at is not None and (best is None or answered_at < best[0]):
                best = (answered_at, rung.role)
        return best or (None, "")

    def _asked(self, key: str, due_at: datetime) -> people.Reaction:
        if self.calendar is None:
            return people.of_team(self.seed, key, due_at)
        return people.of_setting(self.seed, key, due_at, self.calendar, in_holiday=self.in_holiday)


def with_policy(policies: Policies, document: Published) -> Policies:
    """The same with ``document`` in the place of its owner's others, from its date on and before: as if it had always been in force."""
    others = tuple(
        one
        for one in policies.published
        if (one.policy.owner_kind, one.policy.owner) != (document.policy.owner_kind, document.policy.owner)
    )
    always = replace(document.policy, effective_from_on=date.min)
    return Policies(published=(*others, replace(document, policy=always)))
