"""What changes, for whom, from one policy to another: a sentence for each difference, with both values."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from typing import Any

from shared.policy.differences_lists import duties, fields, ladders, releases, routes, teams
from shared.policy.parts import HolidayPlan
from shared.policy.values import Handling, Helpline, Policy, QuietHours

Word = Callable[[Any], str]

_HANDLING = {
    Handling.DO_NOT_MENTION: "to say nothing to the family",
    Handling.SPEAK_TO_PERSON_HARMED: "to speak to the person harmed where that is safe",
}
_PLANS = {
    HolidayPlan.LIVE_TEAM: "the team on duty",
    HolidayPlan.SETTING_CONTACT: "the setting's own holiday contact",
    HolidayPlan.BOTH: "the setting's own holiday contact and the team on duty",
}


def differences(before: Policy, after: Policy) -> tuple[str, ...]:
    """The sentences, in the order of a document's keys; empty when both say the same."""
    parts = (_values, teams, ladders, fields, routes, duties, releases)
    return tuple(sentence for part in parts for sentence in part(before, after))


def _values(before: Policy, after: Policy) -> Iterator[str]:
    for path, (sentence, word) in _SENTENCES.items():
        was, now = _at(before, path), _at(after, path)
        if was != now:
            yield sentence.format(now=word(now), was=word(was))


def _at(policy: Policy, path: str) -> Any:
    value: Any = policy
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _minutes(value: int) -> str:
    return f"{value} minute{'' if value == 1 else 's'}"


def _days(value: int) -> str:
    return f"{value} day{'' if value == 1 else 's'}"


def _months(value: int | None) -> str:
    return "as long as the installation keeps everything" if value is None else f"{value} month{'' if value == 1 else 's'}"


def _years(value: int) -> str:
    return f"{value} year{'' if value == 1 else 's'}"


def _wall(value: time) -> str:
    return f"{value:%H:%M}"


def _date(value: date) -> str:
    return f"{value:%-d %B %Y}"


def _quiet(value: QuietHours) -> str:
    return "at no hour" if value.start == value.end else f"from {value.start:%H:%M} to {value.end:%H:%M}"


def _hurry(value: int) -> str:
    return f"{value} minutes after the opening" if value else "where the ladder has it"


def _helpline(value: Helpline | None) -> str:
    return "none" if value is None else f"{value.name}, {value.number}, {value.hours}"


def _quoted(value: str | None) -> str:
    return "nothing" if value is None else f"“{value}”"


def _beside(value: bool) -> str:
    return "beside the setting" if value else "only in a holiday"


def _briefing(value: int) -> str:
    return f"{_days(value)} before a break" if value else "never"


_SENTENCES: Mapping[str, tuple[str, Word]] = {
    "name": ("It is called {now} instead of {was}.", _quoted),
    "owner_kind": ("It is the policy of one {now} instead of one {was}.", str),
    "owner": ("It is the policy of {now} instead of {was}.", str),
    "effective_from_on": ("It is in force from {now} instead of {was}.", _date),
    "day_start": ("The school day begins at {now} instead of {was}, and every deadline with it.", _wall),
    "day_end": ("The school day ends at {now} instead of {was}.", _wall),
    "staff_day_send": ("After a holiday a setting hears at {now} on its first staff day instead of {was}.", _wall),
    "margin_minutes": ("Someone must have acknowledged {now} before the school day begins instead of {was}.", _minutes),
    "too_near_minutes": ("A report with less than {now} before its deadline is urgent; before, with less than {was}.", _minutes),
    "review_margin_minutes": ("A held child must be settled {now} before the deadline instead of {was}.", _minutes),
    "review_minimum_minutes": ("A reviewer has at least {now} instead of {was}.", _minutes),
    "holiday_limit_days": ("The holiday plan begins after more than {now} without school instead of {was}.", _days),
    "call_minutes": ("A telephone task that nobody finished becomes the authority lead's after {now} instead of {was}.", _minutes),
    "quiet_hours": ("A setting gets no text message {now} instead of {was}.", _quiet),
    "handling": ("A setting is advised {now} instead of {was}.", lambda value: _HANDLING[value]),
    "parent_contact": ("About speaking to a parent a setting also reads {now} instead of {was}.", _quoted),
    "helpline": ("A setting can ask this helpline: {now}; before: {was}.", _helpline),
    "rung_minutes": ("Whoever is asked has at least {now} before the next one is, instead of {was}.", _minutes),
    "in_session_minutes": ("While a setting is in session the telephone task stands {now} instead of {was}.", _hurry),
    "retention_months": ("A report is kept for {now} instead of {was}.", _months),
    "holiday.plan": ("Told at once while a setting is closed for long: {now} instead of {was}.", lambda value: _PLANS[value]),
    "holiday.briefing_days": ("A setting gets its briefing {now} instead of {was}.", _briefing),
    "weekend.live_team": ("At a weekend the team on duty is told {now} instead of {was}.", _beside),
    "release.within_minutes": ("A supervisor has {now} for a release instead of {was}.", _minutes),
    "ages.settings_from": ("A setting is told of children from {now} of age instead of {was}.", _years),
    "ages.school_nursing_from": (
        "School nursing is told of children from {now} of age instead of {was}; below it health visiting.",
        _years,
    ),
}
