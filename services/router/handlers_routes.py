"""Reading what the routes of a child need: whose policy, who polices the area where she lives, and which team looks after it.

Nothing is read for an incident whose children are all told of at settings and no health team is permitted beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.router.domain.decision import Decision, Held, Matched
from services.router.domain.destination import Owed
from services.router.domain.live import Recipient, live_team, owed_at_once, policy_at_home
from services.router.domain.residence import beginnings
from services.router.domain.routes import Where, legal_class, routed
from services.router.handlers_days import Days, Policies
from services.router.handlers_reports import Told
from shared.calendar import london_date
from shared.db import Reading
from shared.directory import Directory, Published, Setting, Team
from shared.policy import Route
from shared.report.reading import child_postcode
from shared.report.store import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The team that a child on a route is told of to, and the policy by which it is."""

    team: Team
    by: Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Decisions by child, and by child and route the desk of each team route that they name."""

    decisions: Mapping[str, Decision]
    desks: Mapping[tuple[str, Route], Desk] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Routes children. ``settings`` are those of the decisions and those that reports name; ``homes`` where children live, if known."""

    reading: Reading
    directory: Directory
    policies: Policies
    settings: Mapping[str, Setting]
    homes: Mapping[str, str]

    async def route(self, told: Mapping[str, Told], decisions: Mapping[str, Decision]) -> Routed:
        """Every decision with everybody whom the routes allow to be told; ``told`` is by child the version that she is in."""
        forces = await self._forces(decisions)
        made = {child_id: self._routed(child_id, one, told[child_id], forces) for child_id, one in decisions.items()}
        wanted = [(child_id, route) for child_id, one in made.items() if isinstance(one, Matched) for route in one.routes]
        return Routed(decisions=made, desks=await self._desks(wanted, told, made, forces) if wanted else {})

    def home_policy(self, child_id: str, version: Version, authority: str | None) -> Published:
        """Whose policy routes her: that of the authority where she lives if it has one of its own, else that of ``authority``."""
        on, home = london_date(version.received_at), self.homes.get(child_id)
        by = self.policies.deciding(version.force, authority or home, on)
        return by if home is None else policy_at_home(by, self.policies.deciding(version.force, home, on), home)

    def _routed(self, child_id: str, decision: Decision, told: Told, forces: Mapping[str, str]) -> Decision:
        child, report, version = told.children.get(child_id), told.report, told.version
        if child is None or report is None:
            return decision
        home, on = self.homes.get(child_id), london_date(version.received_at)
        settings = decision.setting_ids if isinstance(decision, Matched) else ()
        authority = decision.authority if isinstance(decision, Matched) else None
        where = Where(
            report=report.report,
            child=child,
            policy=self.home_policy(child_id, version, authority).policy,
            by_setting={one: self.policies.deciding(version.force, self.settings[one].authority, on).policy for one in settings},
            force=version.force,
            home=home,
            home_force=forces.get(home) if home is not None else None,
            believed_on=london_date(version.believed_at),
            settings=self.settings,
        )
        return routed(decision, where)

    async def _forces(self, decisions: Mapping[str, Decision]) -> dict[str, str]:
        """Who polices each authority; asked only where a child is on no roll."""
        if not any(isinstance(one, Held) and one.reason == "not-on-roll" and child in self.homes for child, one in decisions.items()):
            return {}
        return {one.authority: one.force for one in await self.directory.authorities(self.reading)}

    async def _desks(
        self, wanted: list[tuple[str, Route]], told: Mapping[str, Told], made: Mapping[str, Decision], forces: Mapping[str, str]
    ) -> dict[tuple[str, Route], Desk]:
        """The team of each child and route: that of the postcode where she lives, else the other force's desk, else the policy's."""
        begin = {child_id: _beginnings(told[child_id], child_id) for child_id, _ in wanted}
        areas = await self.directory.area_teams(self.reading, {one for some in begin.values() for one in some})
        by = {child_id: self.home_policy(child_id, told[child_id].version, _authority(made[child_id])) for child_id in begin}
        named = {by[child_id].policy.teams.owner_of(route) for child_id, route in wanted}
        teams = await self.directory.teams(self.reading, named)
        away = {forces[self.homes[one]] for one, route in wanted if route is Route.OTHER_FORCE and self.homes.get(one) in forces}
        police = await self.directory.police_desks(self.reading, away) if away else {}
        found: dict[tuple[str, Route], Desk] = {}
        for child_id, route in wanted:
            near = next((areas[one, str(route)] for one in begin[child_id] if (one, str(route)) in areas), None)
            other = police.get(forces.get(self.homes.get(child_id, ""), "")) if route is Route.OTHER_FORCE else None
            team = near or other or teams.get(by[child_id].policy.teams.owner_of(route))
            if team is not None:
                found[child_id, route] = Desk(team=team, by=by[child_id])
        return found


async def owed_by_routes(
    days: Days, child_id: str, decision: Matched, desks: Mapping[tuple[str, Route], Desk], version: Version
) -> list[Owed]:
    """What is owed about a child to the teams of her routes, by the first weekday morning that is no bank holiday.

    A team that owns her in a setting's place may be away for days itself: whoever is live is told at once then, as in any closure.
    """
    owed: list[Owed] = []
    for route in decision.routes:
        desk = desks[child_id, route]
        footing = legal_class(desk.by.policy, route)
        for due in await days.owed_by_team(version.force, desk.team.authority, desk.by, version.believed_at, version.received_at):
            if due.purpose != "holiday-live":
                one = Owed(child_id=child_id, kind="team", ref=desk.team.team_id, obligation=due, policy_version=desk.by.version)
                owed.append(one.on(route, footing))
            elif not decision.setting_ids and route == decision.routes[0]:
                holidays = await days.bank_holidays_of(version.force, desk.team.authority)
                live = Recipient(kind="team", ref=live_team(desk.by.policy, version.received_at, holidays), by=desk.by)
                owed += owed_at_once(child_id, due, [live], version.believed_at, version.received_at)
    return owed


def _beginnings(told: Told, child_id: str) -> tuple[str, ...]:
    child = told.children.get(child_id)
    return beginnings(child_postcode(child)) if child is not None else ()


def _authority(decision: Decision) -> str | None:
    return decision.authority if isinstance(decision, Matched) else None
