"""Whether a setting is in session: then the child is there already, and the next school day's bell is no measure of haste."""

from datetime import datetime, timedelta

from shared.calendar import Calendar, DayKind, at, london_date
from shared.policy import Policy


def in_session(calendar: Calendar, policy: Policy, instant: datetime) -> bool:
    """Whether ``instant`` (aware) lies on a school day between the policy's ``day_start``, less its margin, and its ``day_end``.

    A day of which nothing is known is a school day (D6); one with staff alone is not, for no child is there.
    """
    return may_be_in_session(policy, instant) and calendar.day(london_date(instant)).kind is DayKind.SCHOOL


def may_be_in_session(policy: Policy, instant: datetime) -> bool:
    """The same by the clock alone: whether the calendar has to be asked."""
    on = london_date(instant)
    return at(on, policy.day_start) - timedelta(minutes=policy.margin_minutes) <= instant < at(on, policy.day_end)
