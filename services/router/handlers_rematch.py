"""Looking for children on the roll again before a first staff day's message goes out: rows and facts. One incident, one transaction.

The incident is held, as by whoever decides about it. What its destinations were told before is never touched: a team that was told in the
holidays knows of the child, and the setting's own holiday contact does.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from services.router import store, store_destinations, store_rematch, store_settlements, store_standing
from services.router.domain.deadline import review_deadline
from services.router.domain.decision import Held, Matched, became, decide
from services.router.domain.evidence import Pupil, compared_births, compared_names
from services.router.domain.release import owner
from services.router.domain.rematch import LEFT_ROLLS, REMATCHED, Rematch, closed, found_since, rematch
from services.router.domain.revision import Standing
from services.router.domain.standing import Known
from services.router.handlers_days import Days, policies
from services.router.handlers_find import candidates
from services.router.handlers_live import homes, matched_pupils, of_home
from services.router.handlers_opening import Opening, held_fact, revised_fact
from services.router.handlers_reports import Rules, Told, decisions, opened
from services.router.handlers_routes import Routed, Routes
from services.router.handlers_transfer import Placing
from services.router.store import NewDecision, NewReview
from services.router.store_destinations import Member
from services.router.store_standing import Stood
from shared.calendar import london_date
from shared.db import Database, Reading, Transaction, journal
from shared.directory import Directory, Setting
from shared.events import ROUTER, Fact, NotificationAcknowledged, NotificationOpened
from shared.ids import new_id
from shared.log import logger
from shared.policy import Route
from shared.report import store as reports
from shared.report.model import Child
from shared.vault import Vault

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Morning:
    """One incident on that morning: what waits to be told, and what the roll says by now."""

    opening: Opening
    told: Told
    stood: Stood
    waiting: tuple[Known, ...]
    settings: Mapping[str, Setting]
    found: Mapping[str, tuple[Pupil, ...]] = field(repr=False)
    routed: Routed

    def standing(self, child_id: str) -> Standing:
        return self.stood.children[child_id]

    def refs(self, child_id: str) -> frozenset[str]:
        """The settings at which this child waits to be told of."""
        return frozenset(one.ref for one in self.waiting if child_id in one.child_ids)


class Rematching:
    """Brings what waits for its first staff day up to the roll of that morning."""

    def __init__(self, database: Database, vault: Vault, directory: Directory, *, rules: Rules = decide) -> None:
        self._database = database
        self._vault = vault
        self._directory = directory
        self._rules = rules

    async def rematch(self, incident_id: str) -> None:
        """Look for the children of one incident again. Raises Unavailable without a policy in force."""
        async with self._database.transaction() as tx:
            decided = (await store.held(tx, [incident_id])).get(incident_id, 0)
            taken, moving = await store_rematch.take(tx, incident_id), await store_rematch.take_moving(tx, incident_id)
            if moving:
                taken |= moving - await _acknowledged(tx, incident_id)
            if not taken:
                return
            version = await reports.version(tx, incident_id, decided)
            told = (await opened(self._vault, tx, [version]))[0].get((incident_id, decided))
            if told is None or told.report is None or version.is_withdrawal:
                log.warning("rematch.unreadable", incident_id=incident_id)
                return
            stood = (await store_standing.stood(tx, [incident_id]))[incident_id]
            facts = await self._followed(tx, await self._morning(tx, told, stood, taken))
            await tx.record(ROUTER, facts)
        log.info("rematch.done", incident_id=incident_id, facts=len(facts))

    async def _morning(self, tx: Transaction, told: Told, stood: Stood, taken: frozenset[str]) -> _Morning:
        waiting = tuple(one for one in stood.known if one.destination_id in taken)
        found = await candidates(tx, self._vault, told.children)
        places = {one.ref for one in waiting} | {ref for pupils in found.values() for pupil in pupils for ref in pupil.setting_ids}
        named = {child.school.urn for child in told.children.values() if child.school is not None and child.school.urn is not None}
        settings = await self._directory.settings(tx, places | named)
        if any(child.school is not None and child.school.urn is None for child in told.children.values()):
            settings |= await self._directory.settings_in(tx, {one.authority for one in settings.values()})
        made = decisions(told, found, settings, self._rules)
        pupils, days, known = matched_pupils(made, found), Days(tx, self._directory), await policies(self._directory, tx)
        at_home = await homes(tx, self._directory, told.children, pupils)
        places |= {ref for one in made.values() if isinstance(one, Matched) for ref in one.setting_ids}
        await days.load(settings[ref] for ref in sorted(places) if ref in settings)
        placing = Placing(reading=tx, vault=self._vault, directory=self._directory, policies=known, days=days, settings=settings)
        made = await placing.place(dict.fromkeys(made, told.version), made, pupils)
        opening = Opening(
            tx=tx,
            version=told.version,
            incident_version=told.version.incident_version,
            policies=known,
            days=days,
            homes=at_home,
        )
        routes = Routes(reading=tx, directory=self._directory, policies=known, settings=settings, homes=at_home)
        routed = await routes.route(dict.fromkeys(made, told), made)
        return _Morning(opening=opening, told=told, stood=stood, waiting=waiting, settings=settings, found=found, routed=routed)

    async def _followed(self, tx: Transaction, morning: _Morning) -> list[Fact]:
        """Everything that follows for every child that waits; the facts, not recorded yet."""
        known = await store_rematch.with_roll(tx, {one.authority for one in morning.settings.values()})
        left: list[Member] = []
        reviews: list[NewReview] = []
        noted: list[NewDecision] = []
        for child_id in dict.fromkeys(one for at in morning.waiting for one in sorted(at.child_ids)):
            child = morning.told.children.get(child_id)
            if child is None or child_id not in morning.stood.children:
                continue
            follows = await self._follows(tx, morning, child_id, child, known)
            if follows.decision is None:
                continue
            left += [
                Member(destination_id=one.destination_id, child_id=child_id)
                for one in morning.waiting
                if one.ref in follows.leaves and child_id in one.child_ids
            ]
            by = await self._tell(morning, child_id, follows)
            noted.append(_noted(morning, child_id, follows, by))
            if follows.review is not None:
                reviews.append(await self._review(morning, child_id, follows.review))
        facts = await self._revised(morning, left)
        await store.add_decisions(tx, noted)
        await store_destinations.leave(tx, left)
        await store.add_reviews(tx, reviews)
        routed = await morning.opening.routed()
        held = [held_fact(one, morning.opening.incident_version, tx) for one in reviews]
        return [*facts, *routed, *held]

    async def _follows(self, tx: Transaction, morning: _Morning, child_id: str, child: Child, known: Collection[str]) -> Rematch:
        """What follows for one child: at settings that have closed, with a team that has her for want of one, or at the others."""
        refs, standing, settings = morning.refs(child_id), morning.standing(child_id), morning.settings
        gone = {ref for ref in refs if ref in settings and not settings[ref].is_open}
        if gone:
            there = {ref: one.setting_id for ref in gone if (one := became(settings, ref)) is not None}
            pupil_id, authority = morning.stood.pupil_ids.get(child_id), settings[min(gone)].authority
            return closed(standing, gone, there, pupil_id, authority)
        if not refs & settings.keys():
            return found_since(standing, morning.routed.decisions[child_id])
        return rematch(
            standing,
            refs,
            morning.routed.decisions[child_id],
            pupil_settings=await self._chosen(tx, morning, child_id, child),
            known={ref for ref in refs if ref in settings and settings[ref].authority in known},
        )

    async def _tell(self, morning: _Morning, child_id: str, follows: Rematch) -> str | None:
        """Gather whom she is told of anew; the policy that says so, where it is a team's."""
        opening = morning.opening
        before = len(opening.owed)
        if follows.setting_ids:
            attends = follows.decision.weekdays if isinstance(follows.decision, Matched) else {}
            await opening.to_settings(child_id, [morning.settings[ref] for ref in follows.setting_ids], attends)
            had = any(one.purpose == "holiday-live" and child_id in one.child_ids for one in morning.stood.known)
            others = [one for one in opening.owed[before:] if one.obligation.purpose != "holiday-live"]
            if had and others:  # whoever was live has been told of her in the holidays: once is enough
                opening.owed[before:] = others
        if not follows.to_team:
            return None
        routes = follows.decision.routes if isinstance(follows.decision, Matched) else ()
        if routes:
            desk = morning.routed.desks[child_id, routes[0]]
            await opening.to_team(child_id, desk.team, routes[0])
            return desk.by.version
        authority = next(morning.settings[ref].authority for ref in sorted(follows.leaves))
        by = of_home(opening, child_id, authority, opening.version.force, london_date(opening.tx.clock.now()))
        team = await self._directory.team(opening.tx, by.policy.teams.owner_of(Route.NO_SETTING))
        await opening.to_team(child_id, team, Route.NO_SETTING)
        return by.version

    async def _chosen(self, tx: Transaction, morning: _Morning, child_id: str, child: Child) -> frozenset[str] | None:
        """Where the pupil is registered today whom a person had chosen for this child: the same one while the roll stands, else whoever
        has her UPN, or her name and date of birth."""
        standing = morning.standing(child_id)
        if not standing.is_by_person or "chose-pupil" not in standing.evidence:
            return None
        chosen = morning.stood.pupil_ids.get(child_id)
        there = None if chosen is None else await store_settlements.pupil(tx, chosen)
        if there is not None:
            return frozenset(there.setting_ids)
        alike = [one for one in morning.found.get(child_id, ()) if _is_alike(child, one)]
        return frozenset(alike[0].setting_ids) if len(alike) == 1 else None

    async def _review(self, morning: _Morning, child_id: str, reason: str) -> NewReview:
        opening, version = morning.opening, morning.told.version
        now = opening.tx.clock.now()
        setting = next(morning.settings[ref] for ref in sorted(morning.refs(child_id)))
        by = opening.policies.deciding(version.force, setting.authority, london_date(now))
        owed = await opening.days.owed(setting, by, version.believed_at, now)
        return NewReview(
            review_id=new_id(),
            incident_id=version.incident_id,
            child_id=child_id,
            round=morning.stood.last_rounds.get(child_id, 0) + 1,
            reason=reason,
            force=version.force,
            authority=setting.authority,
            owner=owner(by.policy, reason),
            escalates_to=by.policy.teams.authority_lead,
            policy_version=by.version,
            deadline_at=review_deadline(owed[-1:], by.policy, now),  # by the bell of the setting that she waited at
            sandbox=version.sandbox,
        )

    async def _revised(self, morning: _Morning, left: list[Member]) -> list[Fact]:
        opening, version = morning.opening, morning.told.version
        facts: list[Fact] = []
        for one in morning.waiting:
            gone = frozenset(member.child_id for member in left if member.destination_id == one.destination_id)
            if gone:
                policy = opening.policies.frozen(one.policy_version)
                due = await opening.days.again(one, version.force, policy, opening.tx.clock.now())
                facts.append(revised_fact(one, version, opening.incident_version, one.child_ids - gone, due, REMATCHED, opening.tx))
        return facts


async def _acknowledged(reading: Reading, incident_id: str) -> frozenset[str]:
    """The destinations at which somebody has acted: what is settled is not moved."""
    facts = [one.fact for one in await journal.of_incident(reading, incident_id)]
    by = {one.notification_id: one.destination_id for one in facts if isinstance(one, NotificationOpened)}
    return frozenset(by[one.notification_id] for one in facts if isinstance(one, NotificationAcknowledged) and one.notification_id in by)


def _is_alike(child: Child, pupil: Pupil) -> bool:
    return (compared_names(child, pupil), compared_births(child, pupil)) == ("agrees", "agrees")


def _noted(morning: _Morning, child_id: str, follows: Rematch, policy_version: str | None) -> NewDecision:
    decision, version = follows.decision, morning.told.version
    outcome, rule = "held", LEFT_ROLLS
    if isinstance(decision, Matched):
        outcome, rule = "matched", decision.rule
    elif isinstance(decision, Held):
        outcome, rule = ("matched", LEFT_ROLLS) if follows.to_team else ("held", decision.reason)
    by = morning.opening.policies.deciding(version.force, None, london_date(morning.opening.tx.clock.now())).version
    return NewDecision(
        incident_id=version.incident_id,
        incident_version=version.incident_version,
        child_id=child_id,
        round=morning.stood.last_rounds.get(child_id, 0) + 1,
        outcome=outcome,
        rule=rule,
        evidence=decision.evidence if decision is not None else (),
        pupil_id=decision.pupil_id if isinstance(decision, Matched) else None,
        policy_version=policy_version or by,
    )
