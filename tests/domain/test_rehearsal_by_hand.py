"""Twenty-two incidents worked out by hand under policies that differ in the holiday plan alone: who is told, when, and by when.

Worked from the rules: sent as soon as practicable; due half an hour before the first 08:30 of a school day at or after belief; in a closure
over four dates somebody live by the next 08:00, and the setting from 07:00 of its first staff day when more than four dates are left.
Instants are UTC: in summer 08:00 on the wall is 07:00.
"""

from datetime import UTC, date, datetime

import pytest

from services.rehearsal.replay import Replay
from services.rehearsal.values import MATCHED, Area, Child, Incident, Place, Policies
from shared.calendar import Calendar, DayKind, Term
from shared.directory import Published
from shared.policy import Duty, Holiday, HolidayPlan, LadderKind, OwnerKind, Policy, Teams, version

HOLIDAYS = frozenset(
    date.fromisoformat(on)
    for on in ["2026-12-25", "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30"]
)


def terms(text: str) -> tuple[Term, ...]:
    pairs = (term.split() for term in text.split(","))
    return tuple(Term(first_on=date.fromisoformat(first), last_on=date.fromisoformat(last)) for first, last in pairs)


TERMS = terms(
    "2026-09-02 2026-10-23, 2026-11-02 2026-12-18, 2027-01-04 2027-02-12, 2027-02-22 2027-03-25, "
    "2027-04-12 2027-05-28, 2027-06-07 2027-07-21, 2027-09-02 2027-10-22"
)
WELSH = terms("2026-09-01 2026-10-16, 2026-11-02 2026-12-18, 2027-01-04 2027-02-12")
COLLEGE = terms("2026-09-07 2026-10-16, 2026-11-02 2026-12-11, 2027-01-11 2027-02-12")
ODD = {date(2027, 1, 4): DayKind.STAFF_ONLY, date(2026, 12, 3): DayKind.CLOSED}
"""A training day on the first Monday of the spring; snow on a Thursday in December."""


def place(ref: str, calendar: Calendar, *, authority: str = "999", kind: LadderKind = LadderKind.SCHOOL, contact: bool = False) -> Place:
    roles = frozenset({"dsl", "deputy", "head", "authority"})
    return Place(setting_id=ref, kind=kind, authority=authority, calendar=calendar, roles=roles, has_holiday_contact=contact)


PLACES = (
    place("school", Calendar(bank_holidays=HOLIDAYS, terms=TERMS, overrides=ODD), contact=True),
    place("college", Calendar(bank_holidays=HOLIDAYS, terms=COLLEGE, own_terms=True), kind=LadderKind.COLLEGE),
    place(
        "nursery",
        Calendar(bank_holidays=HOLIDAYS, terms=TERMS, attendance_weekdays=frozenset({1, 2, 3})),
        kind=LadderKind.EARLY_YEARS,
    ),
    place("unlisted", Calendar(bank_holidays=HOLIDAYS)),
    place("ysgol", Calendar(bank_holidays=HOLIDAYS, terms=WELSH), authority="998"),
)
AREA = Area(
    places={one.setting_id: one for one in PLACES},
    authorities={"999": Calendar(bank_holidays=HOLIDAYS, terms=TERMS), "998": Calendar(bank_holidays=HOLIDAYS, terms=WELSH)},
    team_roles={"night": frozenset({"duty", "lead"})},
)

Line = tuple[str, str, str, str, str]
"""Who, for what, sent at, due by, urgency."""
LATE, SOON, USUAL = "late-on-arrival", "urgent", "ordinary"
DAY, LIVE, BACK = "school-day", "holiday-live", "first-staff-day"
CASES: dict[str, tuple[str, str, str, list[Line]]] = {
    # Name: settings, believed, received, what is owed where the plan is the live team's.
    # Thursday night: Friday's bell.
    "a school night": (
        *("school", "2026-11-19T23:10", "2026-11-19T23:15"),
        [("school", DAY, "2026-11-19T23:15", "2026-11-20T08:00", USUAL)],
    ),
    # Friday night: Saturday and Sunday are two dates, no holiday: Monday's bell, told at once.
    "a weekend": (
        *("school", "2026-11-20T23:10", "2026-11-20T23:15"),
        [("school", DAY, "2026-11-20T23:15", "2026-11-23T08:00", USUAL)],
    ),
    # Believed on Monday evening, so Tuesday at eight; it came on Tuesday at ten.
    "Monday's belief on Tuesday at ten": (
        *("school", "2026-11-23T22:00", "2026-11-24T10:00"),
        [("school", DAY, "2026-11-24T10:00", "2026-11-24T08:00", LATE)],
    ),
    # 19 December to 4 January are seventeen dates; the staff are back on the 4th, the pupils on the 5th.
    "the last night of term": (
        *("school", "2026-12-18T23:50", "2026-12-18T23:52"),
        [("night", LIVE, "2026-12-18T23:52", "2026-12-19T08:00", USUAL), ("school", BACK, "2027-01-04T07:00", "2027-01-05T08:00", USUAL)],
    ),
    # Somebody live by eight on Christmas Day.
    "Christmas Eve": (
        *("school", "2026-12-24T22:00", "2026-12-24T22:10"),
        [("night", LIVE, "2026-12-24T22:10", "2026-12-25T08:00", USUAL), ("school", BACK, "2027-01-04T07:00", "2027-01-05T08:00", USUAL)],
    ),
    # Two dates are left, so the school hears at once; the closure as a whole has seventeen, so somebody live too.
    "the Sunday before INSET Monday": (
        *("school", "2027-01-03T19:00", "2027-01-03T19:05"),
        [("night", LIVE, "2027-01-03T19:05", "2027-01-04T08:00", USUAL), ("school", DAY, "2027-01-03T19:05", "2027-01-05T08:00", USUAL)],
    ),
    # Thursday is closed for snow: Friday's bell.
    "snow": (
        *("school", "2026-12-02T21:00", "2026-12-02T21:05"),
        [("school", DAY, "2026-12-02T21:05", "2026-12-04T08:00", USUAL)],
    ),
    # The child comes on Tuesdays, Wednesdays and Thursdays: Friday to Monday are four dates, not more than four.
    "a nursery child": (
        "nursery",
        "2026-11-19T20:00",
        "2026-11-19T20:10",
        [("nursery", DAY, "2026-11-19T20:10", "2026-11-24T08:00", USUAL)],
    ),
    # 01:30 for the second time, in the half term of 24 October to 1 November; from here on eight is eight.
    "the hour that comes twice": (
        *("school", "2026-10-25T01:30", "2026-10-25T01:35"),
        [("night", LIVE, "2026-10-25T01:35", "2026-10-25T08:00", USUAL), ("school", BACK, "2026-11-02T07:00", "2026-11-02T08:00", USUAL)],
    ),
    # Saturday to the bank holiday Monday are three dates: Tuesday's bell, 08:00 on a wall that shows summer time.
    "a bank holiday": (
        *("school", "2027-05-02T17:00", "2027-05-02T17:10"),
        [("school", DAY, "2027-05-02T17:10", "2027-05-04T07:00", USUAL)],
    ),
    # Good Friday at eight in winter time; back on 12 April in summer time.
    "the night before Good Friday": (
        *("school", "2027-03-25T20:00", "2027-03-25T20:05"),
        [("night", LIVE, "2027-03-25T20:05", "2027-03-26T08:00", USUAL), ("school", BACK, "2027-04-12T06:00", "2027-04-12T07:00", USUAL)],
    ),
    # Wednesday to Sunday are five dates: more than four.
    "Wednesday of half term": (
        *("school", "2026-10-28T12:00", "2026-10-28T12:05"),
        [("night", LIVE, "2026-10-28T12:05", "2026-10-29T08:00", USUAL), ("school", BACK, "2026-11-02T07:00", "2026-11-02T08:00", USUAL)],
    ),
    # Thursday to Sunday are four: the school hears at once, and somebody live, because the nine dates of the half term are not over.
    "Thursday of half term": (
        *("school", "2026-10-29T12:00", "2026-10-29T12:05"),
        [("night", LIVE, "2026-10-29T12:05", "2026-10-30T08:00", USUAL), ("school", DAY, "2026-10-29T12:05", "2026-11-02T08:00", USUAL)],
    ),
    # The first day back, two hours before the deadline.
    "the first morning back": (
        "school",
        "2026-11-02T06:00",
        "2026-11-02T06:05",
        [("school", DAY, "2026-11-02T06:05", "2026-11-02T08:00", USUAL)],
    ),
    # In session at ten: the next bell is tomorrow's.
    "during lessons": (
        *("school", "2026-11-17T10:00", "2026-11-17T10:05"),
        [("school", DAY, "2026-11-17T10:05", "2026-11-18T08:00", USUAL)],
    ),
    # 35 minutes before the deadline: less than an hour.
    "shortly before the deadline": (
        "school",
        "2026-11-18T07:20",
        "2026-11-18T07:25",
        [("school", DAY, "2026-11-18T07:25", "2026-11-18T08:00", SOON)],
    ),
    # After the deadline and before the bell: it is this morning's, and late as it arrives.
    "between deadline and bell": (
        "school",
        "2026-11-18T08:10",
        "2026-11-18T08:12",
        [("school", DAY, "2026-11-18T08:12", "2026-11-18T08:00", LATE)],
    ),
    # The college broke up on 11 December by its own list and has no holiday contact.
    "a college that broke up": (
        *("college", "2026-12-14T20:00", "2026-12-14T20:10"),
        [("college", BACK, "2027-01-11T07:00", "2027-01-11T08:00", USUAL), ("night", LIVE, "2026-12-14T20:10", "2026-12-15T08:00", USUAL)],
    ),
    # The same evening for a child at both: each by its own days.
    "two settings, two calendars": (
        *("school college", "2026-12-14T20:00", "2026-12-14T20:10"),
        [
            ("college", BACK, "2027-01-11T07:00", "2027-01-11T08:00", USUAL),
            ("night", LIVE, "2026-12-14T20:10", "2026-12-15T08:00", USUAL),
            ("school", DAY, "2026-12-14T20:10", "2026-12-15T08:00", USUAL),
        ],
    ),
    # 22 July to 1 September; summer time at both ends.
    "August": (
        *("school", "2027-08-11T14:00", "2027-08-11T14:05"),
        [("night", LIVE, "2027-08-11T14:05", "2027-08-12T07:00", USUAL), ("school", BACK, "2027-09-02T06:00", "2027-09-02T07:00", USUAL)],
    ),
    # Nobody knows its terms, so New Year's Eve counts as a school day; most others are closed then, so somebody live too.
    "a calendar that nobody knows": (
        *("unlisted", "2026-12-30T20:00", "2026-12-30T20:10"),
        [("night", LIVE, "2026-12-30T20:10", "2026-12-31T08:00", USUAL), ("unlisted", DAY, "2026-12-30T20:10", "2026-12-31T08:00", USUAL)],
    ),
    # The Welsh authority is in its half term a week before the English one: eight on a summer wall, seven and eight in November.
    "a Welsh half term": (
        *("ysgol", "2026-10-19T19:00", "2026-10-19T19:05"),
        [("night", LIVE, "2026-10-19T19:05", "2026-10-20T07:00", USUAL), ("ysgol", BACK, "2026-11-02T07:00", "2026-11-02T08:00", USUAL)],
    ),
}


def policy(plan: HolidayPlan) -> Published:
    made = Policy(
        owner_kind=OwnerKind.FORCE,
        owner="testshire",
        name="Testshire",
        effective_from_on=date(2026, 1, 1),
        teams=Teams(review="hub", live="night", phone="phone", authority_lead="lead"),
        holiday=Holiday(plan=plan),
        duty=(Duty(team="night"),),
    )
    return Published(version=version(made), policy=made, published_at=datetime(2026, 1, 1, tzinfo=UTC))


def played(name: str, plan: HolidayPlan) -> list[Line]:
    refs, believed, received, _ = CASES[name]
    child = Child(child_id="one", home="", decision=MATCHED, setting_ids=tuple(refs.split()))
    incident = Incident(reference=name, force="testshire", believed_at=utc(believed), received_at=utc(received), children=(child,))
    (outcome,) = Replay(AREA, Policies(published=(policy(plan),)), seed=1).play(incident)
    assert all(one.first_rung_at == max(one.send_at, utc(received)) for one in outcome.told), "the first message goes when it may"
    return sorted((one.ref, one.purpose, text(one.send_at), text(one.deadline_at), one.urgency) for one in outcome.told)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("name", CASES)
def test_where_the_team_on_duty_is_live(name: str) -> None:
    assert played(name, HolidayPlan.LIVE_TEAM) == sorted(CASES[name][3])


@pytest.mark.parametrize("name", CASES)
def test_where_the_settings_own_holiday_contact_is_live_too(name: str) -> None:
    """The same, and wherever the team is told of a child at the school, which alone has a holiday contact, so is she."""
    expected = CASES[name][3]
    if CASES[name][0] == "school":
        expected = expected + [("school", *line[1:]) for line in expected if line[1] == LIVE]
    assert played(name, HolidayPlan.BOTH) == sorted(expected)


@pytest.mark.parametrize("name", CASES)
def test_where_she_is_told_instead_of_the_team(name: str) -> None:
    is_school = CASES[name][0] == "school"
    expected = [("school", *line[1:]) if is_school and line[1] == LIVE else line for line in CASES[name][3]]
    assert played(name, HolidayPlan.SETTING_CONTACT) == sorted(expected)
