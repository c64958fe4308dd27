"""The briefing before a break: once for each break, also when the calendar changes; and what a term was like, by week."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.briefing import Week, is_told, term_since, weeks
from services.notifier.domain.wording import briefing_text, septets
from shared.calendar import Calendar, DayKind, Term
from shared.calendar.breaks import Break, coming_break
from tests.domain.test_deadline import CALENDAR, london
from tests.domain.test_promise_properties import CALENDARS, DATES

LIMIT, DAYS = 4, 5
CHRISTMAS = Break(begins_on=date(2026, 12, 19), ends_on=date(2027, 1, 4))  # the fourth is for staff alone


def test_christmas_is_told_of_in_the_days_before_it() -> None:
    for on, told in ((13, None), (14, CHRISTMAS), (18, CHRISTMAS), (19, None)):
        assert coming_break(CALENDAR, LIMIT, date(2026, 12, on), DAYS) == told


def test_a_weekend_and_a_long_weekend_are_no_breaks() -> None:
    assert coming_break(CALENDAR, LIMIT, date(2026, 11, 25), DAYS) is None
    assert coming_break(CALENDAR, LIMIT, date(2027, 4, 29), DAYS) is None  # a bank holiday Monday
    assert coming_break(CALENDAR, LIMIT, date(2026, 12, 16), 0) is None  # a policy without briefings


def test_a_setting_that_closes_for_good_has_a_break_without_end() -> None:
    shut = dict.fromkeys((date(2026, 11, 28) + timedelta(days=n) for n in range(600)), DayKind.CLOSED)
    gone = Calendar(bank_holidays=frozenset(), terms=(Term(first_on=date(2026, 11, 2), last_on=date(2026, 11, 27)),), overrides=shut)
    assert coming_break(gone, LIMIT, date(2026, 11, 25), DAYS) == Break(begins_on=date(2026, 11, 28), ends_on=None)


@given(CALENDARS, DATES, st.integers(2, 10), st.integers(0, 14))
def test_a_coming_break_is_over_the_limit_and_near(calendar: Calendar, today: date, limit: int, within: int) -> None:
    coming = coming_break(calendar, limit, today, within)
    if coming is None:
        return
    assert 0 < (coming.begins_on - today).days <= within
    assert calendar.day(coming.begins_on - timedelta(days=1)).kind is DayKind.SCHOOL
    ends_on = coming.ends_on or coming.begins_on + timedelta(days=limit)
    days = [coming.begins_on + timedelta(days=n) for n in range((ends_on - coming.begins_on).days + 1)]
    assert len(days) > limit
    assert all(calendar.day(on).kind is not DayKind.SCHOOL for on in days)


BREAKS = st.builds(
    lambda begins_on, days: Break(begins_on=begins_on, ends_on=None if days is None else begins_on + timedelta(days=days)),
    DATES,
    st.none() | st.integers(4, 40),
)


@given(st.lists(BREAKS, max_size=12))
def test_however_a_calendar_changes_no_day_is_told_of_twice(changes: list[Break]) -> None:
    told: list[Break] = []
    for coming in changes:
        if not is_told(told, coming):
            told.append(coming)
    reach = [(one.begins_on, one.ends_on or date.max) for one in told]
    assert all(last < begins or end < first for n, (first, last) in enumerate(reach) for begins, end in reach[n + 1 :])
    assert not changes or told


def test_a_break_that_is_moved_by_days_is_the_same_break() -> None:
    for moved in (date(2026, 12, 17), date(2026, 12, 22)):
        assert is_told([CHRISTMAS], Break(begins_on=moved, ends_on=date(2027, 1, 3)))
    assert not is_told([CHRISTMAS], Break(begins_on=date(2027, 2, 13), ends_on=date(2027, 2, 21)))


def test_a_term_begins_where_the_last_break_ended() -> None:
    assert term_since(CALENDAR, LIMIT, CHRISTMAS.begins_on) == date(2026, 11, 2)
    assert term_since(CALENDAR, LIMIT, date(2027, 2, 13)) == date(2027, 1, 5)


def test_weeks_count_what_came_and_what_nobody_has_answered() -> None:
    came: list[tuple[datetime, bool]] = [
        (london(2026, 10, 20, 9), True),  # before this term
        (london(2026, 11, 2, 0, 30), False),
        (london(2026, 11, 8, 23, 30), True),
        (london(2026, 11, 23, 9), True),
    ]
    assert weeks(came, date(2026, 11, 2)) == (
        Week(begins_on=date(2026, 11, 2), received=2, unanswered=1),
        Week(begins_on=date(2026, 11, 23), received=1, unanswered=1),
    )


def test_the_message_says_nothing_and_fits_into_one_text_message() -> None:
    text = briefing_text("Testwood Primary", "https://messages.example/b/" + "t" * 43, repeat=False)
    assert septets(text.body) <= 160
    words = f"{text.subject} {text.body}".lower()
    assert not [word for word in ("encompass", "police", "abuse", "child", "incident", "safeguarding") if word in words]
