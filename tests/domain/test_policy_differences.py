"""Two policies compared: whatever a document can say differently is told, in a sentence that holds both values."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, time
from typing import Any

import pytest

from shared.policy import (
    Duty,
    Handling,
    Helpline,
    HolidayPlan,
    LadderKind,
    OwnerKind,
    Policy,
    QuietHours,
    ReleaseReason,
    Role,
    Route,
    RouteClass,
    Rung,
    Teams,
)
from shared.policy.differences import differences

BEFORE = Policy(
    owner_kind=OwnerKind.AUTHORITY,
    owner="999",
    name="Testshire",
    effective_from_on=date(2026, 9, 1),
    teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
)
NIGHT = Duty(team="night-desk")
CHANGES: dict[str, tuple[Any, list[str]]] = {
    "owner_kind": (OwnerKind.FORCE, ["force instead of one authority"]),
    "owner": ("998", ["998 instead of 999"]),
    "name": ("Otherland", ["“Otherland” instead of “Testshire”"]),
    "effective_from_on": (date(2027, 1, 2), ["2 January 2027 instead of 1 September 2026"]),
    "teams.review": ("desk", ["settled by desk instead of hub"]),
    "teams.live": ("desk", ["desk is told instead of night-desk"]),
    "teams.phone": ("desk", ["Desk telephones instead of phone-desk"]),
    "teams.authority_lead": ("desk", ["belongs to desk instead of lead"]),
    "teams.release": ("desk", ["Desk releases", "instead of hub"]),
    "teams.routes": ({Route.MIDWIFERY: "midwives"}, ["“midwifery” belongs to midwives instead of lead"]),
    "day_start": (time(8, 45), ["08:45 instead of 08:30"]),
    "day_end": (time(15, 0), ["15:00 instead of 15:30"]),
    "staff_day_send": (time(6, 30), ["06:30 on its first staff day instead of 07:00"]),
    "margin_minutes": (45, ["45 minutes before the school day begins instead of 30 minutes"]),
    "too_near_minutes": (90, ["less than 90 minutes", "less than 60 minutes"]),
    "review_margin_minutes": (50, ["50 minutes before the deadline instead of 60 minutes"]),
    "review_minimum_minutes": (20, ["20 minutes instead of 30 minutes"]),
    "holiday_limit_days": (3, ["3 days without school instead of 4 days"]),
    "call_minutes": (15, ["15 minutes instead of 20 minutes"]),
    "quiet_hours": (QuietHours(start=time(22, 0)), ["from 22:00 to 06:30 instead of from 21:00 to 06:30"]),
    "ladder": (
        (Rung(role=Role.DSL, share=0.0), Rung(role=Role.DEPUTY, share=0.5), Rung(role=Role.PHONE, minutes_before_deadline=10)),
        [
            "The deputy is asked when 50% of the time to the deadline has gone instead of 75 minutes before the deadline.",
            "The head is asked no longer instead of 45 minutes before the deadline.",
            "The telephone task stands 10 minutes before the deadline instead of at the deadline.",
        ],
    ),
    "fields_shown": (("occurred", "risk"), ["shown also: risk", "no longer shown: place kind"]),
    "handling": (Handling.SPEAK_TO_PERSON_HARMED, ["to speak to the person harmed where that is safe instead of to say nothing"]),
    "helpline": (Helpline(name="Advice", number="01632 960123", hours="08:00 to 13:00"), ["Advice, 01632 960123", "before: none"]),
    "rung_minutes": (5, ["5 minutes before the next one is, instead of 10 minutes"]),
    "in_session_minutes": (0, ["where the ladder has it instead of 60 minutes after the opening"]),
    "parent_contact": ("Ring us first.", ["“Ring us first.” instead of nothing"]),
    "retention_months": (12, ["12 months instead of as long as the installation keeps"]),
    "routes": ({**BEFORE.routes, Route.HEALTH_VISITING: RouteClass.LOCAL_AGREEMENT}, ["“health visiting” by local agreement instead of"]),
    "duty": ((NIGHT,), ["On duty from now on: night-desk, every day, at all hours."]),
    "ladders": (
        {**BEFORE.ladders, LadderKind.EARLY_YEARS: (Rung(role=Role.DSL, share=0.0), Rung(role=Role.PHONE, share=0.5))},
        ["At an early years setting: the telephone task stands when 50% of the time to the deadline has gone instead of at the deadline."],
    ),
    "fields_shown_to": ({LadderKind.TEAM: ("occurred",)}, ["In a team, whoever reads it is no longer shown: place kind"]),
    "holiday.plan": (HolidayPlan.BOTH, ["holiday contact and the team on duty instead of the team on duty."]),
    "holiday.briefing_days": (0, ["never instead of 5 days before a break"]),
    "weekend.live_team": (True, ["beside the setting instead of only in a holiday"]),
    "release.reasons": ((ReleaseReason.DEATH,), ["No supervisor need release it any more when it is before a court."]),
    "release.within_minutes": (30, ["30 minutes for a release instead of 60 minutes"]),
    "ages.settings_from": (4, ["4 years of age instead of 0 years"]),
    "ages.school_nursing_from": (6, ["6 years of age instead of 5 years"]),
}
WHOLE = ("quiet_hours", "helpline")
"""Told in one sentence, whatever of it changes."""


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The path of everything that a policy says."""
    for field in fields(value):
        here, inner = f"{path}{field.name}", getattr(value, field.name)
        if is_dataclass(inner) and here not in WHOLE:
            yield from leaves(inner, f"{here}.")
        else:
            yield here


def changed(path: str) -> Policy:
    value = CHANGES[path][0]
    outer, _, inner = path.partition(".")
    return replace(BEFORE, **{outer: replace(getattr(BEFORE, outer), **{inner: value}) if inner else value})


def test_nothing_that_a_policy_says_is_left_out_here() -> None:
    assert set(leaves(BEFORE)) == set(CHANGES)


@pytest.mark.parametrize("path", CHANGES)
def test_each_difference_is_told_with_both_values(path: str) -> None:
    told = " ".join(differences(BEFORE, changed(path)))
    for words in CHANGES[path][1]:
        assert words in told, told


@pytest.mark.parametrize("path", CHANGES)
def test_the_way_back_is_told_too_and_the_same_is_not(path: str) -> None:
    assert differences(changed(path), BEFORE)
    assert differences(changed(path), changed(path)) == ()


def test_another_order_of_duty_is_a_difference() -> None:
    desk = Duty(team="desk", days=("mon",), start=time(8, 0), end=time(17, 0), bank_holidays=False, first_on=date(2026, 9, 1))
    (told,) = differences(replace(BEFORE, duty=(desk, NIGHT)), replace(BEFORE, duty=(NIGHT, desk)))
    assert "night-desk, every day, at all hours; desk, Mon, 08:00 to 17:00, not on bank holidays, from 1 September 2026" in told
