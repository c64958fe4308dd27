"""By which routes a child is told of: settings and teams, on what footing, and what the policy of her area does not permit. Pure.

The rules say who the child is (``domain/decision``); this says who may be told of her. Schools and colleges are told by law (Domestic Abuse
Act 2021 s.49A), early years settings, health and other teams by local agreement or not at all, and Scotland and Northern Ireland have no
such law. Whoever has no setting has an owner all the same; where nobody may be told that is a decision, recorded with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.router.domain.decision import Decision, Excluded, Held, Matched, flags
from services.router.domain.release import PREFIX, needed, reasons
from shared.directory.values import Setting
from shared.policy import Policy, Route, RouteClass
from shared.report.codes import HandlingFlag, PlaceKind
from shared.report.model import Child, Report
from shared.report.reading import child_age, child_postcode, is_unborn

NOT_PERMITTED = "not-permitted"
"""Excluded: no policy permits any route to anybody who could be told of her."""
CHILDMINDER_SCENE = "childminder-scene"
"""Evidence: it happened where the child is minded, or that is her own home; a childminder is never told of her own home."""
UNDER_FIVE, LIVES_ELSEWHERE, UNBORN = "under-five", "other-force", "unborn"
"""Rules of decisions that are made here."""

_NATIONS_OF_THE_LAW = ("england", "wales")
_BY_PROVISION: Mapping[str, Route] = {
    "independent": Route.INDEPENDENT_SCHOOL,
    "alternative": Route.ALTERNATIVE_PROVISION,
    "residential": Route.RESIDENTIAL_SCHOOL,
    "hospital": Route.RESIDENTIAL_SCHOOL,
}
_GRAVER = (HandlingFlag.PROTECTED_IDENTITY, HandlingFlag.REFUGE, HandlingFlag.ADOPTION)
AT_A_MINDER = (PlaceKind.SETTING, PlaceKind.OTHER_HOME)
_AT_HOME = (PlaceKind.HOME, PlaceKind.NOT_KNOWN, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What one reported child is routed by.

    ``policy`` is that of the authority where she lives, or of her setting's; ``by_setting`` that of each of her settings. ``home`` is the
    authority where she lives, ``home_force`` who polices it, None where that is not known. ``settings`` are those of the decision and those
    that the report names, by id.
    """

    report: Report = field(repr=False)
    child: Child = field(repr=False)
    policy: Policy
    by_setting: Mapping[str, Policy]
    force: str
    home: str | None
    home_force: str | None
    believed_on: date
    settings: Mapping[str, Setting]

    @property
    def age(self) -> int | None:
        """In whole years on the day that counts; the youngest that she can be."""
        return child_age(self.child, self.believed_on)


def route_of(setting: Setting) -> Route:
    """The route by which this setting is told."""
    if setting.nation not in _NATIONS_OF_THE_LAW:
        return Route.OUTSIDE_NATION
    if setting.kind == "early-years":
        return Route.EARLY_YEARS
    if setting.kind == "college":
        return Route.COLLEGE
    return _BY_PROVISION.get(setting.provision, Route.SCHOOL)


def legal_class(policy: Policy, route: Route | None) -> RouteClass:
    """The footing on which somebody is told by that route; whoever is told by none of them is by local agreement."""
    is_by_law = route is not None and policy.routes[route] is RouteClass.STATUTORY
    return RouteClass.STATUTORY if is_by_law else RouteClass.LOCAL_AGREEMENT


def routed(decision: Decision, where: Where) -> Decision:
    """The same decision with everybody whom the routes allow to be told; a child whom nobody may be told of is excluded, and says why.

    - An unborn child is told of to midwifery, never to a school; where that is not permitted or nobody knows where she would live, a person
      decides.
    - Under the age of school (``ages.school_nursing_from``) and on no roll, without any school named: health visiting, where permitted.
    - On no roll and living where another force polices, without a setting of this force's area named: that force, as a hand-over.
    - A setting of a kind that is not permitted, or that is not told of her age, is left out, and so is a childminder in whose home it
      happened. Without any setting left, health is told where permitted, else the team of those without a setting.
    - Health is told beside settings where permitted: visitors below the age of school, nurses above.

    A child with a handling flag is a person's to decide, and so is every doubt: nothing here makes a decision of one. What the policy has a
    supervisor release is held for that first, doubt or no doubt; only a flag that endangers more comes before it.
    """
    if isinstance(decision, Excluded):
        return decision
    releases = needed(reasons(where.report, where.child, where.believed_on), where.policy)
    if releases and not _is_graver(decision):
        evidence = (*decision.evidence, *(f"{PREFIX}{one}" for one in releases))
        return Held(reason=f"{PREFIX}{releases[0]}", evidence=tuple(dict.fromkeys(evidence)))
    if isinstance(decision, Matched):
        return _permitted(decision, where)
    if flags(where.report, where.child) or where.home is None:
        return decision
    if is_unborn(where.child):
        return _to_team(decision, UNBORN, Route.MIDWIFERY) if where.policy.permits(Route.MIDWIFERY) else decision
    if decision.reason != "not-on-roll":
        return decision
    if _is_policed_elsewhere(where):
        return _to_team(decision, LIVES_ELSEWHERE, Route.OTHER_FORCE) if where.policy.permits(Route.OTHER_FORCE) else decision
    young = where.age is not None and where.age < where.policy.ages.school_nursing_from
    if young and where.child.school is None and where.policy.permits(Route.HEALTH_VISITING):
        return _to_team(decision, UNDER_FIVE, Route.HEALTH_VISITING)
    return decision


def _is_graver(decision: Decision) -> bool:
    return isinstance(decision, Held) and decision.reason in _GRAVER


def _permitted(decision: Matched, where: Where) -> Decision:
    settings = [where.settings[one] for one in decision.setting_ids]
    left_out = {one.setting_id: code for one in settings if (code := _left_out(one, where)) is not None}
    told = tuple(one for one in decision.setting_ids if one not in left_out)
    evidence = (*decision.evidence, *sorted(set(left_out.values())))
    health = tuple(one for one in (_health(where),) if one is not None and where.policy.permits(one))
    owners = decision.routes
    if left_out and not told:
        # The area's own team first: where a childminder may not be told, health alone might be that very childminder's visitor.
        owners = health if health and CHILDMINDER_SCENE not in left_out.values() else (Route.NO_SETTING,)
    elif CHILDMINDER_SCENE in left_out.values():
        owners = (*owners, Route.NO_SETTING)
    allowed = tuple(one for one in owners if where.policy.permits(one))
    evidence = (*evidence, *(f"{NOT_PERMITTED}-{one}" for one in owners if one not in allowed))
    routes = tuple(dict.fromkeys((*allowed, *health)))
    if not told and not routes and not decision.leaving:
        return Excluded(reason=NOT_PERMITTED, evidence=evidence)
    return replace(decision, setting_ids=told, routes=routes, evidence=evidence)


def _left_out(setting: Setting, where: Where) -> str | None:
    """Why this setting of hers is not told, as an evidence code; None where it is."""
    route = route_of(setting)
    policy = where.by_setting[setting.setting_id]
    if not policy.permits(route):
        return f"{NOT_PERMITTED}-{route}"
    if where.age is not None and where.age < policy.ages.settings_from and route is Route.EARLY_YEARS:
        return "below-the-age"
    return CHILDMINDER_SCENE if is_scene(setting, where.report) else None


def is_scene(setting: Setting, report: Report) -> bool:
    """Whether this is a childminder in whose home it may have happened: the report gives a kind of place and no address, so doubt counts as
    yes."""
    if not setting.is_childminder:
        return False
    homes = {child_postcode(one) for one in report.children}
    is_hers = setting.postcode is not None and setting.postcode in homes
    return report.place_kind in AT_A_MINDER or (report.place_kind in _AT_HOME and is_hers)


def _health(where: Where) -> Route | None:
    if where.age is None:
        return None
    return Route.HEALTH_VISITING if where.age < where.policy.ages.school_nursing_from else Route.SCHOOL_NURSING


def _is_policed_elsewhere(where: Where) -> bool:
    """Whether she lives where another force polices and the report names no setting that might be in this one's area."""
    if where.home_force is None or where.home_force == where.force:
        return False
    school = where.child.school
    if school is None:
        return True
    named = where.settings.get(school.urn) if school.urn is not None else None
    return named is not None and named.authority == where.home


def _to_team(decision: Held, rule: str, route: Route) -> Matched:
    return Matched(pupil_id=None, authority=None, setting_ids=(), rule=rule, evidence=decision.evidence, routes=(route,))
