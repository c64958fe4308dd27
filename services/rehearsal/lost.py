"""Counting lost children from outside: from the list of who was reported, against the record of what became of each (design section 1).

Of every child, once each day and at every instant at which something of hers falls due, exactly one must hold: acknowledged by everybody
owed; waiting, with a next action that is still to come and before the deadline; held with a review that is not over, or that has passed to
a named owner; excluded with a reason and a decider; late with a telephone task and its owner. It shares nothing with the replay but the
record itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from services.rehearsal.values import Incident, Outcome, Told

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def lost(reported: Iterable[Incident], became: Sequence[Outcome], until: datetime) -> tuple[tuple[str, str], ...]:
    """The children, as (reference, child id), of whom at some instant up to ``until`` nothing of that holds, or of whom there is no record,
    or more than one."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in became:
        found.setdefault((outcome.reference, outcome.child_id), []).append(outcome)
    children = ((incident.reference, child.child_id) for incident in reported for child in incident.children)
    return tuple(child for child in children if not _is_answered_for(child, found, until))


def _is_answered_for(child: tuple[str, str], found: Mapping[tuple[str, str], list[Outcome]], until: datetime) -> bool:
    records = found.get(child, [])
    if len(records) != 1:
        return False
    return all(stands(records[0], instant) != "lost" for instant in _instants(records[0], until))


def _instants(outcome: Outcome, until: datetime) -> Iterator[datetime]:
    """When she is asked about: a minute after each thing that falls due, and once a day until everything of hers has ended."""
    due = [outcome.received_at]
    if outcome.review is not None:
        due += [outcome.review.due_at, outcome.review.settled_at]
    for one in outcome.told:
        due += [one.send_at, one.deadline_at, *one.rungs, *([one.acknowledged_at] if one.acknowledged_at else [])]
    yield from (instant + _MINUTE for instant in set(due) if instant < until)
    instant, ends_at = outcome.received_at + _DAY, min(max(due), until)
    while instant <= ends_at:
        yield instant
        instant += _DAY


def stands(outcome: Outcome, instant: datetime) -> str:
    """What holds of her at ``instant``, in the words of the promise; ``lost`` when nothing does."""
    if outcome.excluded:
        return "excluded" if outcome.decider else "lost"
    review = outcome.review
    if review is not None and instant < review.settled_at:
        return "held" if (instant < review.due_at and review.owner) or review.escalates_to else "lost"
    if not outcome.told:
        return "lost"
    each = {_of(one, instant) for one in outcome.told}
    return next(word for word in ("lost", "late", "waiting", "acknowledged") if word in each)


def _of(one: Told, instant: datetime) -> str:
    if one.acknowledged_at is not None and one.acknowledged_at <= instant:
        return "acknowledged"
    opened_late = one.send_at >= one.deadline_at or (bool(one.rungs) and one.rungs[0] >= one.deadline_at)
    if instant >= one.deadline_at or opened_late:
        return "late" if one.call_owner and one.rungs and one.rungs[-1] <= max(one.deadline_at, one.rungs[0]) else "lost"
    actions = [one.send_at, *one.rungs, one.deadline_at]
    return "waiting" if any(instant < action <= one.deadline_at for action in actions) else "lost"
