"""What is owed, to whom and by when, in cases that a person can check against a calendar on the wall."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.router.domain.deadline import Obligation, obligations, review_deadline, unknown_setting_obligations
from shared.calendar import Calendar, DayKind, Term, at
from shared.policy import OwnerKind, Policy, Teams

POLICY = Policy(
    owner_kind=OwnerKind.AUTHORITY,
    owner="testshire",
    name="Testshire",
    effective_from_on=date(2026, 1, 1),
    teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
)
BANK_HOLIDAYS = frozenset(
    {date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 3), date(2027, 8, 30)}
)
TERMS = tuple(
    Term(first_on=first, last_on=last)
    for first, last in [
        (date(2026, 9, 1), date(2026, 10, 23)),
        (date(2026, 11, 2), date(2026, 12, 18)),
        (date(2027, 1, 4), date(2027, 2, 12)),
        (date(2027, 2, 22), date(2027, 3, 25)),
        (date(2027, 4, 12), date(2027, 5, 28)),
        (date(2027, 6, 7), date(2027, 7, 21)),
        (date(2027, 9, 1), date(2027, 10, 22)),
    ]
)
INSET = {date(2027, 1, 4): DayKind.STAFF_ONLY, date(2027, 7, 21): DayKind.STAFF_ONLY, date(2027, 9, 1): DayKind.STAFF_ONLY}
CALENDAR = Calendar(bank_holidays=BANK_HOLIDAYS, terms=TERMS, overrides=INSET)
UNKNOWN = Calendar(bank_holidays=BANK_HOLIDAYS)


def london(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return at(date(year, month, day), time(hour, minute))


def owed(believed_at: datetime, received_at: datetime | None = None, *, calendar: Calendar = CALENDAR) -> tuple[Obligation, ...]:
    return obligations(calendar, POLICY, believed_at, received_at or believed_at)


@pytest.mark.parametrize(
    ("believed_at", "deadline_at", "urgency"),
    [
        # A Tuesday night, and the same night after midnight: before school on Wednesday.
        (london(2026, 11, 24, 23, 10), london(2026, 11, 25, 8, 0), "ordinary"),
        (london(2026, 11, 25, 0, 10), london(2026, 11, 25, 8, 0), "ordinary"),
        # Exactly an hour to go is enough; less is not; at the deadline it is late; at the bell it still counts for this day.
        (london(2026, 11, 25, 7, 0), london(2026, 11, 25, 8, 0), "ordinary"),
        (london(2026, 11, 25, 7, 1), london(2026, 11, 25, 8, 0), "urgent"),
        (london(2026, 11, 25, 8, 0), london(2026, 11, 25, 8, 0), "late-on-arrival"),
        (london(2026, 11, 25, 8, 30), london(2026, 11, 25, 8, 0), "late-on-arrival"),
        (london(2026, 11, 25, 8, 31), london(2026, 11, 26, 8, 0), "ordinary"),
        # Friday night and Sunday: before school on Monday.
        (london(2026, 11, 27, 23, 10), london(2026, 11, 30, 8, 0), "ordinary"),
        (london(2026, 11, 29, 12, 0), london(2026, 11, 30, 8, 0), "ordinary"),
        # A bank holiday Monday.
        (london(2027, 4, 30, 22, 0), london(2027, 5, 4, 8, 0), "ordinary"),
        # In summer time and after it: 08:00 on the wall is not one time in UTC.
        (datetime(2026, 9, 30, 22, 0, tzinfo=UTC), datetime(2026, 10, 1, 7, 0, tzinfo=UTC), "ordinary"),
        (datetime(2026, 11, 3, 22, 0, tzinfo=UTC), datetime(2026, 11, 4, 8, 0, tzinfo=UTC), "ordinary"),
    ],
)
def test_before_the_next_school_day_begins(believed_at: datetime, deadline_at: datetime, urgency: str) -> None:
    (only,) = owed(believed_at)
    assert (only.purpose, only.send_at, only.deadline_at, only.urgency) == ("school-day", believed_at, deadline_at, urgency)
    assert only.calendar_known
    assert only.school_day_on == deadline_at.date()


def test_last_night_of_term_the_live_team_now_and_the_setting_on_its_first_staff_day() -> None:
    believed_at = london(2026, 12, 18, 23, 10)
    live, setting = owed(believed_at)
    assert (live.purpose, live.send_at, live.deadline_at) == ("holiday-live", believed_at, london(2026, 12, 19, 8, 0))
    assert (setting.purpose, setting.send_at) == ("first-staff-day", london(2027, 1, 4, 7, 0))
    assert setting.deadline_at == london(2027, 1, 5, 8, 0)
    assert live.school_day_on == setting.school_day_on == date(2027, 1, 5)


def test_a_first_staff_day_that_is_the_school_day_is_told_before_its_deadline() -> None:
    _, setting = owed(london(2026, 10, 23, 20, 0))
    assert (setting.send_at, setting.deadline_at) == (london(2026, 11, 2, 7, 0), london(2026, 11, 2, 8, 0))


@pytest.mark.parametrize(
    "believed_at",
    [london(2026, 12, 18, 10, 0), london(2026, 12, 18, 15, 30), london(2027, 7, 21, 10, 0)],
    ids=["in lessons on the last day", "as it ends", "on a last day that only staff attend"],
)
def test_a_setting_that_is_at_work_hears_at_once_even_when_the_holidays_begin_tonight(believed_at: datetime) -> None:
    live, setting = owed(believed_at)
    assert (live.purpose, setting.purpose) == ("holiday-live", "first-staff-day")
    assert setting.send_at == believed_at


def test_when_the_last_day_is_over_the_setting_hears_on_the_first_staff_day_back() -> None:
    _, setting = owed(london(2026, 12, 18, 15, 31))
    assert setting.send_at == london(2027, 1, 4, 7, 0)


@pytest.mark.parametrize(
    ("believed_at", "purposes"),
    [
        (london(2026, 10, 28, 12, 0), ["holiday-live", "first-staff-day"]),  # Wednesday of half term: five days to go
        (london(2026, 10, 29, 12, 0), ["holiday-live", "school-day"]),  # Thursday: four, at the end of nine
        (london(2026, 11, 7, 12, 0), ["school-day"]),  # a weekend
    ],
)
def test_a_setting_hears_at_once_near_its_return_and_somebody_besides_until_the_closure_is_over(
    believed_at: datetime, purposes: list[str]
) -> None:
    assert [obligation.purpose for obligation in owed(believed_at)] == purposes


def test_a_report_that_arrives_late_is_late_and_sent_at_once() -> None:
    believed_at, received_at = london(2026, 11, 23, 22, 0), london(2026, 11, 26, 11, 0)
    (only,) = owed(believed_at, received_at)
    assert (only.send_at, only.deadline_at, only.urgency) == (received_at, london(2026, 11, 24, 8, 0), "late-on-arrival")


def test_a_late_report_that_arrives_in_the_holidays_has_a_live_recipient_too() -> None:
    believed_at, received_at = london(2026, 12, 16, 22, 0), london(2026, 12, 21, 11, 0)
    live, setting = owed(believed_at, received_at)
    assert (live.purpose, setting.purpose) == ("holiday-live", "school-day")
    assert (setting.deadline_at, setting.send_at) == (london(2026, 12, 17, 8, 0), received_at)
    assert {live.urgency, setting.urgency} == {"late-on-arrival"}


def test_a_holiday_report_that_arrives_after_the_return_is_sent_at_once_and_not_on_the_next_staff_day() -> None:
    received_at = london(2027, 1, 9, 12, 0)  # a Saturday
    live, setting = owed(london(2026, 12, 20, 12, 0), received_at)
    assert live.send_at == setting.send_at == received_at
    assert {live.urgency, setting.urgency} == {"late-on-arrival"}


def test_a_belief_after_receipt_is_an_error_and_moves_no_deadline_away() -> None:
    received_at = london(2026, 11, 24, 22, 0)
    assert owed(london(2027, 11, 24, 22, 0), received_at) == owed(received_at)


def test_an_unknown_calendar_is_open_and_says_that_it_was_assumed() -> None:
    believed_at = london(2027, 8, 2, 22, 0)
    (only,) = owed(believed_at, calendar=UNKNOWN)
    assert (only.purpose, only.deadline_at, only.calendar_known) == ("school-day", london(2027, 8, 3, 8, 0), False)
    live, same = obligations(UNKNOWN, POLICY, believed_at, believed_at, mostly_closed=True)
    assert same == only
    assert (live.purpose, live.send_at, live.deadline_at, live.calendar_known) == ("holiday-live", believed_at, only.deadline_at, False)


def test_a_known_calendar_does_not_care_what_the_others_do() -> None:
    believed_at = london(2026, 11, 24, 23, 10)
    assert obligations(CALENDAR, POLICY, believed_at, believed_at, mostly_closed=True) == owed(believed_at)


def test_a_setting_that_never_opens_again_leaves_the_live_team() -> None:
    shut = Calendar(bank_holidays=frozenset(), overrides={date(2026, 11, 1) + timedelta(days=n): DayKind.CLOSED for n in range(500)})
    (live,) = owed(london(2026, 11, 24, 23, 10), calendar=shut)
    assert (live.purpose, live.deadline_at, live.school_day_on) == ("holiday-live", london(2026, 11, 25, 8, 0), None)


def test_an_unknown_setting_may_be_open_while_its_authority_is_closed() -> None:
    believed_at = london(2027, 8, 6, 22, 0)  # a Friday in the summer
    live, setting = unknown_setting_obligations(CALENDAR, POLICY, believed_at, believed_at)
    assert (live.purpose, live.deadline_at) == ("holiday-live", london(2027, 8, 7, 8, 0))
    assert (setting.purpose, setting.deadline_at, setting.calendar_known) == ("school-day", london(2027, 8, 9, 8, 0), False)
    (only,) = unknown_setting_obligations(CALENDAR, POLICY, london(2026, 11, 24, 23, 10), london(2026, 11, 24, 23, 10))
    assert only.deadline_at == london(2026, 11, 25, 8, 0)


@pytest.mark.parametrize(
    ("believed_at", "received_at", "settled_by"),
    [
        (london(2026, 11, 24, 23, 10), london(2026, 11, 24, 23, 10), london(2026, 11, 25, 7, 0)),
        (london(2026, 11, 25, 6, 30), london(2026, 11, 25, 6, 30), london(2026, 11, 25, 7, 0)),
        (london(2026, 11, 25, 6, 31), london(2026, 11, 25, 6, 31), london(2026, 11, 25, 7, 1)),
        (london(2026, 11, 25, 7, 50), london(2026, 11, 25, 7, 50), london(2026, 11, 25, 8, 20)),
        (london(2026, 11, 23, 22, 0), london(2026, 11, 26, 11, 0), london(2026, 11, 26, 11, 30)),
        (london(2026, 12, 18, 23, 10), london(2026, 12, 18, 23, 10), london(2026, 12, 19, 7, 0)),
    ],
)
def test_a_held_child_is_settled_an_hour_before_the_earliest_deadline_and_nobody_has_less_than_half_an_hour(
    believed_at: datetime, received_at: datetime, settled_by: datetime
) -> None:
    assert review_deadline(owed(believed_at, received_at), POLICY, received_at) == settled_by


def test_a_review_of_nothing_is_a_defect() -> None:
    with pytest.raises(ValueError, match="empty"):
        review_deadline((), POLICY, london(2026, 11, 24, 23, 10))


def test_the_policy_moves_the_times() -> None:
    early = replace(POLICY, day_start=time(7, 45), margin_minutes=45, holiday_limit_days=2)
    believed_at = london(2027, 4, 30, 22, 0)  # before a bank holiday Monday
    live, setting = obligations(CALENDAR, early, believed_at, believed_at)
    assert live.deadline_at == london(2027, 5, 1, 7, 0)
    assert setting.deadline_at == london(2027, 5, 4, 7, 0)
