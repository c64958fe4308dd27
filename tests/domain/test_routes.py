"""By which routes a child is told of: who is never told, who owns her without a setting, and on what footing."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from services.router.domain.candidates import candidates
from services.router.domain.decision import Decision, Excluded, Held, Matched, became
from services.router.domain.routes import Where, legal_class, route_of, routed
from shared.directory.values import Setting
from shared.policy import Ages, OwnerKind, Policy, Route, RouteClass, Teams
from shared.policy.parts import ROUTES_BY_DEFAULT
from shared.report.model import Child, Report
from tests.pupils import BELIEVED_ON, NURSERY, PRIMARY, SETTINGS, UPN, child, decision, pupil, setting
from tests.samples import sample_report

TEAMS = Teams(review="r", live="l", phone="p", authority_lead="a")
MINDER = "EY100001"
PLACES = SETTINGS | {
    NURSERY: replace(SETTINGS[NURSERY], kind="early-years", phase="nursery"),
    MINDER: replace(setting(MINDER, "M"), kind="early-years", phase="childminder", postcode="ZZ99 7BB"),
}


def policy(**routes: str) -> Policy:
    changed = {Route(name.replace("_", "-")): RouteClass(written) for name, written in routes.items()}
    return Policy(
        owner_kind=OwnerKind.AUTHORITY,
        owner="testshire",
        name="Test",
        effective_from_on=date(2026, 1, 1),
        teams=TEAMS,
        routes={**ROUTES_BY_DEFAULT, **changed},
    )


def where(one: Child, by: Policy | None = None, **values: Any) -> Where:
    by = by or policy()
    place = values.pop("place_kind", "public-place")
    report = Report.model_validate(sample_report(place_kind=place, handling_flags=[], children=[one.model_dump(mode="json")]))
    whole: dict[str, Any] = {"force": "testforce", "home": "testshire", "home_force": "testforce", "settings": PLACES}
    everywhere = dict.fromkeys(PLACES, by)
    return Where(report=report, child=report.children[0], policy=by, by_setting=everywhere, believed_on=BELIEVED_ON, **whole | values)


def matched(*setting_ids: str, **values: Any) -> Matched:
    return Matched(pupil_id="p1", authority="testshire", setting_ids=setting_ids, rule="upn", evidence=(), **values)


YOUNG = {"date_of_birth": date(2024, 3, 4), "school": None}
UNBORN: dict[str, Any] = {"unborn": {}, "date_of_birth": None, "date_of_birth_accuracy": None, "full_name": None, "school": None}
NOT_ON_ROLL = Held(reason="not-on-roll", evidence=("name-dob-none",))


def test_a_pupil_of_school_age_at_a_school_is_told_of_there_and_nowhere_else_by_default() -> None:
    one = matched(PRIMARY)
    assert routed(one, where(child())) == one


@pytest.mark.parametrize(("born", "route"), [(date(2021, 11, 21), Route.HEALTH_VISITING), (date(2021, 11, 20), Route.SCHOOL_NURSING)])
def test_health_is_told_beside_a_setting_only_where_the_policy_permits_it(born: date, route: Route) -> None:
    one = child(date_of_birth=born)
    by = policy(**{route.replace("-", "_"): "local-agreement"})
    assert routed(matched(PRIMARY), where(one)) == matched(PRIMARY)
    made = routed(matched(PRIMARY), where(one, by))
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes) == ((PRIMARY,), (route,))


def test_an_unborn_child_is_midwiferys_and_never_a_schools() -> None:
    one, held = child(**UNBORN), Held(reason="unborn")
    made = routed(held, where(one))
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes, made.rule) == ((), (Route.MIDWIFERY,), "unborn")
    assert routed(held, where(one, policy(midwifery="not-permitted"))) == held
    assert routed(held, where(one, home=None)) == held
    assert routed(held, where(child(**UNBORN, handling_flags=["refuge"]))) == held


def test_a_child_under_five_on_no_roll_is_the_health_visitors_where_that_is_permitted() -> None:
    by = policy(health_visiting="local-agreement")
    made = routed(NOT_ON_ROLL, where(child(**YOUNG), by))
    assert isinstance(made, Matched)
    assert made.routes == (Route.HEALTH_VISITING,)
    assert routed(NOT_ON_ROLL, where(child(**YOUNG))) == NOT_ON_ROLL
    assert routed(NOT_ON_ROLL, where(child(**YOUNG | {"school": {"name": "Little Examples"}}), by)) == NOT_ON_ROLL
    assert routed(NOT_ON_ROLL, where(child(school=None), by)) == NOT_ON_ROLL
    assert routed(Held(reason="twin"), where(child(**YOUNG), by)) == Held(reason="twin")


@pytest.mark.parametrize(
    ("school", "is_handed_over"),
    [(None, True), ({"urn": "900013"}, True), ({"urn": PRIMARY}, False), ({"name": "Somewhere"}, False), ({"urn": "999999"}, False)],
)
def test_a_child_who_lives_where_another_force_polices_is_handed_over_unless_her_school_may_be_ours(
    school: dict[str, str] | None, is_handed_over: bool
) -> None:
    made = routed(NOT_ON_ROLL, where(child(school=school), home="farshire", home_force="farforce"))
    assert (isinstance(made, Matched) and made.routes == (Route.OTHER_FORCE,)) == is_handed_over
    assert routed(NOT_ON_ROLL, where(child(school=school))) == NOT_ON_ROLL


@pytest.mark.parametrize("place", ["setting", "other-home"])
def test_a_childminder_is_never_told_of_what_may_have_happened_in_her_own_home(place: str) -> None:
    made = routed(matched(MINDER, PRIMARY), where(child(), place_kind=place))
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes) == ((PRIMARY,), (Route.NO_SETTING,))
    assert "childminder-scene" in made.evidence


def test_a_child_who_lives_with_the_childminder_is_such_a_one_too() -> None:
    at_hers = where(child(postcode="zz99 7bb"), place_kind="home")
    made = routed(matched(MINDER), at_hers)
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes) == ((), (Route.NO_SETTING,))
    assert routed(matched(MINDER), where(child(postcode="ZZ99 1AA"), place_kind="home")) == matched(MINDER)


def test_a_setting_that_is_not_permitted_is_left_out_and_the_child_is_somebodys() -> None:
    by = policy(early_years="not-permitted")
    made = routed(matched(NURSERY), where(child(**YOUNG), by))
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes) == ((), (Route.NO_SETTING,))
    assert "not-permitted-early-years" in made.evidence
    with_health = routed(matched(NURSERY), where(child(**YOUNG), policy(early_years="not-permitted", health_visiting="local-agreement")))
    assert isinstance(with_health, Matched)
    assert with_health.routes == (Route.HEALTH_VISITING,)


def test_where_nobody_may_be_told_that_is_a_decision_with_its_reasons() -> None:
    by = policy(early_years="not-permitted", no_setting="not-permitted")
    made = routed(matched(NURSERY), where(child(**YOUNG), by))
    assert made == Excluded(reason="not-permitted", evidence=("not-permitted-early-years", "not-permitted-no-setting"))


def test_settings_that_are_not_told_of_the_youngest_leave_them_to_the_area() -> None:
    by = replace(policy(), ages=Ages(settings_from=3))
    made = routed(matched(NURSERY), where(child(**YOUNG), by))
    assert isinstance(made, Matched)
    assert (made.setting_ids, made.routes) == ((), (Route.NO_SETTING,))
    assert routed(matched(PRIMARY), where(child(), by)) == matched(PRIMARY)


def test_nobody_who_is_to_be_told_by_law_or_is_somebodys_is_ever_lost() -> None:
    """Whatever a policy permits, whoever the child is: a school is told, or a team is, or it is held or excluded, with a reason."""
    places: tuple[tuple[str, ...], ...] = ((), (PRIMARY,), (NURSERY,), (MINDER,), (NURSERY, PRIMARY), (MINDER, NURSERY))
    classes = ("local-agreement", "not-permitted")
    for told, born, place, early, none, health in product(
        places, (date(2024, 3, 4), date(2018, 3, 4), None), ("home", "setting", "public-place"), classes, classes, classes
    ):
        by = policy(early_years=early, no_setting=none, health_visiting=health, school_nursing=health)
        one = matched(*told, routes=() if told else (Route.NO_SETTING,))
        made: Decision = routed(one, where(child(date_of_birth=born), by, place_kind=place))
        if PRIMARY in told:
            assert isinstance(made, Matched)
            assert PRIMARY in made.setting_ids
        if isinstance(made, Matched):
            assert made.setting_ids or made.routes
            assert all(by.permits(route) for route in (*made.routes, *(route_of(PLACES[ref]) for ref in made.setting_ids)))
            assert place != "setting" or MINDER not in made.setting_ids
        else:
            assert isinstance(made, Excluded)
            assert made.evidence


@pytest.mark.parametrize(
    ("values", "route", "footing"),
    [
        ({}, Route.SCHOOL, "statutory"),
        ({"provision": "independent"}, Route.INDEPENDENT_SCHOOL, "statutory"),
        ({"provision": "alternative"}, Route.ALTERNATIVE_PROVISION, "statutory"),
        ({"provision": "hospital"}, Route.RESIDENTIAL_SCHOOL, "statutory"),
        ({"kind": "college"}, Route.COLLEGE, "statutory"),
        ({"kind": "early-years"}, Route.EARLY_YEARS, "local-agreement"),
        ({"nation": "wales"}, Route.SCHOOL, "statutory"),
        ({"nation": "scotland"}, Route.OUTSIDE_NATION, "local-agreement"),
        ({"nation": "northern-ireland", "kind": "college"}, Route.OUTSIDE_NATION, "local-agreement"),
    ],
)
def test_the_law_reaches_schools_and_colleges_of_england_and_wales(values: dict[str, str], route: Route, footing: str) -> None:
    changed: dict[str, Any] = dict(values)
    one: Setting = replace(SETTINGS[PRIMARY], **changed)
    assert (route_of(one), legal_class(policy(), route_of(one))) == (route, footing)


# --- who has no setting, and settings that become others ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("education", "route"),
    [(None, Route.NO_SETTING), ("home-educated", Route.HOME_EDUCATED), ("missing-education", Route.MISSING_EDUCATION)],
)
def test_a_pupil_without_a_setting_is_the_teams_that_the_register_says(education: str | None, route: Route) -> None:
    for one in (child(upn=UPN), child(school=None)):
        made = decision(one, pupil(upn=UPN, setting_ids=(), education=education))
        assert isinstance(made, Matched)
        assert (made.setting_ids, made.routes) == ((), (route,))
    held = decision(child(), pupil(setting_ids=()))  # the report names a school and the roll has none: a person looks
    assert isinstance(held, Held)


def closed(setting_id: str, successor: str | None) -> Setting:
    return replace(setting(setting_id, "Old " + setting_id), status="closed", successor=successor)


def test_a_setting_that_closed_is_what_it_became_however_often() -> None:
    chain = {"1": closed("1", "2"), "2": closed("2", "3"), "3": setting("3", "New")}
    there = became(chain, "1")
    assert there is not None
    assert there.setting_id == "3"
    assert became({"1": closed("1", "2"), "2": closed("2", "1")}, "1") is None
    assert became({"1": closed("1", None)}, "1") is None
    assert became({}, "1") is None


def test_a_reviewer_sees_what_a_closed_setting_has_become_and_can_choose_it() -> None:
    settings = {"900009": closed("900009", "900010"), "900010": setting("900010", "New Testwood")}
    found = candidates(child(), [pupil(setting_ids=("900009",))], settings, {"testshire"})
    [one] = found.shown
    assert one.open_ids == ("900010",)
    assert any("closed), now New Testwood" in line.on_roll for line in one.lines)
