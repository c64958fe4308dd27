"""Who is told at once while a setting is closed: never nobody, by the hours of duty where the child lives, and by the setting's plan."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.deadline import obligations
from services.router.domain.live import Recipient, live_team, owed_at_once, policy_at_home, recipients
from services.router.domain.residence import asked, residence
from shared.directory.values import Published
from shared.policy import Duty, Holiday, HolidayPlan, OwnerKind, Policy, Weekend
from tests.domain.test_deadline import CALENDAR, POLICY, london
from tests.pupils import child, pupil

DAY_DESK = Duty(team="day-desk", days=("mon", "tue", "wed", "thu", "fri"), start=time(9), end=time(17), bank_holidays=False)
NIGHT_DESK = Duty(team="night-desk", start=time(17), end=time(9))
ROTA = replace(POLICY, duty=(DAY_DESK, NIGHT_DESK))
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28)})
PUBLISHED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def published(policy: Policy, version: str = "here") -> Published:
    return Published(version=version, policy=policy, published_at=PUBLISHED_AT)


def test_the_team_is_that_on_duty_at_the_instant() -> None:
    # Wednesday 23 December: the day desk until five, the night desk from then on, and after midnight.
    assert live_team(ROTA, london(2026, 12, 23, 16, 59), CHRISTMAS) == "day-desk"
    assert live_team(ROTA, london(2026, 12, 23, 17), CHRISTMAS) == "night-desk"
    assert live_team(ROTA, london(2026, 12, 24, 8, 59), CHRISTMAS) == "night-desk"
    assert live_team(ROTA, london(2026, 12, 24, 9), CHRISTMAS) == "day-desk"


def test_in_a_gap_of_the_hours_the_policys_live_team_is_told() -> None:
    """On a bank holiday at noon this rota has nobody: an old policy may, and a child has somebody all the same."""
    rota = replace(ROTA, teams=replace(ROTA.teams, live="always-there"))
    assert live_team(rota, london(2026, 12, 28, 12), CHRISTMAS) == "always-there"
    assert live_team(rota, london(2026, 12, 28, 12), ()) == "day-desk"


STRETCHES = st.builds(
    lambda team, days, start, end, holidays: Duty(team=team, days=tuple(days), start=start, end=end, bank_holidays=holidays),
    st.sampled_from(["a", "b", "c"]),
    st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1),
    st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
    st.times().map(lambda wall: wall.replace(second=0, microsecond=0)),
    st.booleans(),
)


BANK_HOLIDAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 2, 1)), max_size=9)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given its zone there


@given(st.lists(STRETCHES, max_size=5), INSTANTS, BANK_HOLIDAYS)
def test_there_is_always_a_team(duty: list[Duty], instant: datetime, bank_holidays: frozenset[date]) -> None:
    team = live_team(replace(POLICY, duty=tuple(duty)), instant, bank_holidays)
    assert team in {one.team for one in duty} | {POLICY.teams.live}


@given(st.sampled_from(HolidayPlan), st.booleans())
def test_whatever_the_plan_somebody_is_told(plan: HolidayPlan, has_contact: bool) -> None:
    by = published(replace(POLICY, holiday=Holiday(plan=plan)))
    team = Recipient(kind="team", ref="night-desk", by=by)
    told = recipients("900001", by, team, has_contact=has_contact)
    assert told
    assert (team in told) == (plan is not HolidayPlan.SETTING_CONTACT or not has_contact)
    assert any(one.kind == "setting" for one in told) == (has_contact and plan is not HolidayPlan.LIVE_TEAM)


def test_the_team_is_by_the_policy_of_the_authority_where_the_child_lives() -> None:
    here = published(POLICY)
    there = published(replace(POLICY, owner="farshire", day_start=time(7), margin_minutes=15), "there")
    assert policy_at_home(here, there, "farshire") is there
    # A force's policy that stands in for an authority without one of its own knows no team there: the setting's authority's does.
    stands_in = published(replace(POLICY, owner_kind=OwnerKind.FORCE, owner="testforce"), "force")
    assert policy_at_home(here, stands_in, "farshire") is here
    # And it is theirs by when it must be acknowledged.
    night = london(2026, 12, 18, 23, 10)
    live, _ = obligations(CALENDAR, POLICY, night, night)
    [owed] = owed_at_once("C1", live, [Recipient(kind="team", ref="far-desk", by=there)], night, night)
    assert (owed.ref, owed.policy_version) == ("far-desk", "there")
    assert owed.obligation.deadline_at == london(2026, 12, 19, 6, 45)


def test_a_weekend_has_a_live_team_only_where_the_policy_says_so() -> None:
    friday, sunday_morning, sunday_noon = london(2026, 11, 27, 23), london(2026, 11, 29, 8), london(2026, 11, 29, 12)
    wanted = replace(POLICY, weekend=Weekend(live_team=True))
    assert [one.purpose for one in obligations(CALENDAR, POLICY, friday, friday)] == ["school-day"]
    for instant, purposes in (
        (friday, ["holiday-live", "school-day"]),
        (sunday_morning, ["holiday-live", "school-day"]),
        (sunday_noon, ["school-day"]),  # school begins within a day
        (london(2026, 11, 24, 23), ["school-day"]),
    ):
        assert [one.purpose for one in obligations(CALENDAR, wanted, instant, instant)] == purposes
    live, school = obligations(CALENDAR, wanted, friday, friday)
    assert live.deadline_at == london(2026, 11, 28, 8)
    assert school == obligations(CALENDAR, POLICY, friday, friday)[0]


def test_where_a_child_lives() -> None:
    areas = {"ZZ99": "testshire", "ZZ99 2": "farshire", "ZZ99 2BB": "nearshire"}
    assert residence(child(postcode="zz99 1aa"), pupil(), areas) == "testshire"
    assert residence(child(postcode="ZZ99 2AA"), pupil(), areas) == "farshire"  # the longest beginning that is known
    assert residence(child(postcode="ZZ99 2BB"), pupil(), areas) == "nearshire"
    # The report speaks of the night; without a postcode that is known, the roll says it: by its own word, or by its postcode.
    assert residence(child(postcode="ZZ98 1AA"), pupil(postcode="ZZ99 2AA"), areas) == "farshire"
    assert residence(child(), pupil(home_authority="farshire"), areas) == "farshire"
    assert residence(child(), None, areas) is None
    assert residence(None, pupil(postcode=None), areas) is None
    assert residence(child(postcode="no postcode"), None, areas) is None
    assert set(asked(child(postcode="ZZ99 2BB"), None)) == {"ZZ99", "ZZ99 2", "ZZ99 2BB"}
