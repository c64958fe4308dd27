"""What a rehearsal came to, in numbers: by phase, by day, and against another policy. Counts and references only, no child."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.rehearsal.values import Incident, Outcome, Told
from shared.calendar import Calendar, DayKind, london_date

PHASES = ("term", "run_up", "holiday")
DIFFERENCES_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One London date: incidents received, children told before every deadline, children late, and whether it is a school day."""

    on: date
    incidents: int
    in_time: int
    late: int
    is_school: bool


def was_told(outcome: Outcome) -> bool:
    """Whether a message went to everybody who is owed one before its deadline, or at once when that had passed at receipt."""
    return bool(outcome.told) and all(_told_in_time(one) for one in outcome.told)


def was_acknowledged(outcome: Outcome) -> bool:
    """Whether everybody who is owed one had acknowledged before the deadline."""
    return bool(outcome.told) and all(one.acknowledged_at is not None and one.acknowledged_at <= one.deadline_at for one in outcome.told)


def is_late(outcome: Outcome) -> bool:
    """Whether a deadline passed before somebody had acknowledged."""
    return bool(outcome.told) and not was_acknowledged(outcome)


def phases(became: Iterable[Outcome]) -> dict[str, dict[str, int]]:
    """By phase, of the children who are owed anything: how many, and of how many each thing holds. ``excluded`` are apart."""
    found = {phase: Counter[str]() for phase in PHASES}
    for outcome in became:
        counts = found[outcome.phase]
        if outcome.excluded:
            counts["excluded"] += 1
            continue
        counts["children"] += 1
        counts["held"] += outcome.review is not None
        counts["live_recipient"] += outcome.live
        counts["told_before_deadline"] += was_told(outcome)
        counts["acknowledged_before_deadline"] += was_acknowledged(outcome)
        counts["late"] += is_late(outcome)
    names = ("children", "held", "live_recipient", "told_before_deadline", "acknowledged_before_deadline", "late", "excluded")
    return {phase: {name: counts[name] for name in names} for phase, counts in found.items()}


def late_by_reason(became: Iterable[Outcome]) -> dict[str, int]:
    """Why the late children are late, by the first reason that holds."""
    return dict(sorted(Counter(_why(outcome) for outcome in became if is_late(outcome)).items()))


def days(incidents: Sequence[Incident], became: Sequence[Outcome], calendar: Calendar, first_on: date, last_on: date) -> tuple[Day, ...]:
    """Each date of the period, by the London date of receipt."""
    came = Counter(london_date(incident.received_at) for incident in incidents)
    late = Counter(london_date(outcome.received_at) for outcome in became if is_late(outcome))
    in_time = Counter(london_date(outcome.received_at) for outcome in became if was_acknowledged(outcome))
    each = (date.fromordinal(number) for number in range(first_on.toordinal(), last_on.toordinal() + 1))
    return tuple(
        Day(on=on, incidents=came[on], in_time=in_time[on], late=late[on], is_school=calendar.day(on).kind is DayKind.SCHOOL) for on in each
    )


def differences(before: Sequence[Outcome], after: Sequence[Outcome]) -> dict[str, Any]:
    """What the second policy does otherwise than the first with the same children: how many, and some incidents to look at."""
    earlier = {(one.reference, one.child_id): one for one in before}
    found: Counter[str] = Counter()
    look_at: dict[str, list[str]] = {}
    for now in after:
        for word in _changes(earlier[now.reference, now.child_id], now):
            found[word] += 1
            look_at.setdefault(word, []).append(now.reference)
    words = ("told_earlier", "told_later", "newly_late", "no_longer_late", "other_recipients", "newly_without_live", "newly_live")
    shown = {word: list(dict.fromkeys(look_at.get(word, [])))[:DIFFERENCES_SHOWN] for word in words}
    return {"children": {word: found[word] for word in words}, "incidents": shown}


def _changes(was: Outcome, now: Outcome) -> Iterable[str]:
    first_was, first_now = first_told(was), first_told(now)
    if first_was != first_now:
        sooner = first_was is None or (first_now is not None and first_now < first_was)
        yield "told_earlier" if sooner else "told_later"
    if is_late(was) is not is_late(now):
        yield "newly_late" if is_late(now) else "no_longer_late"
    if {(one.kind, one.ref, one.purpose) for one in was.told} != {(one.kind, one.ref, one.purpose) for one in now.told}:
        yield "other_recipients"
    if was.live is not now.live:
        yield "newly_live" if now.live else "newly_without_live"


def first_told(outcome: Outcome) -> datetime | None:
    """When the first message about her went out."""
    return min((one.first_rung_at for one in outcome.told if one.first_rung_at is not None), default=None)


def _told_in_time(one: Told) -> bool:
    if one.first_rung_at is None:
        return False
    return one.first_rung_at <= max(one.deadline_at, one.send_at)


def _why(outcome: Outcome) -> str:
    late = [one for one in outcome.told if one.acknowledged_at is None or one.acknowledged_at > one.deadline_at]
    if all(outcome.received_at >= one.deadline_at for one in late):
        return "late-on-arrival"
    if outcome.review is not None and any(outcome.review.settled_at >= one.deadline_at for one in late):
        return "held-too-long"
    return "no-contact" if any(one.first_rung_at is None for one in late) else "not-acknowledged"


def as_report(
    incidents: Sequence[Incident],
    became: Sequence[Outcome],
    *,
    lost: int,
    policy: str,
    first_on: date,
    last_on: date,
    compared: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """``report.json``."""
    by_phase = phases(became)
    return {
        "policy": policy,
        "from": first_on.isoformat(),
        "to": last_on.isoformat(),
        "incidents": len(incidents),
        "children": len(became),
        "excluded": sum(counts["excluded"] for counts in by_phase.values()),
        "lost": lost,
        **by_phase,
        "late_by_reason": late_by_reason(became),
        **({"against": compared} if compared is not None else {}),
    }
