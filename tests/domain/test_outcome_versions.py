"""A later version of a report changes what is owed, and what was acknowledged before counts only for what was shown then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.events import Envelope, Fact
from shared.outcome import ChildOutcome, NextAction, Outcome, outcomes
from tests.domain.histories import (
    CHILD,
    DEADLINE,
    NIGHT,
    RECEIVED,
    SIBLING,
    STAFF_DAY,
    acknowledged,
    asked,
    at,
    called,
    climbed,
    corrected,
    decided,
    escalated,
    excluded,
    held,
    late,
    opened,
    recalled,
    received,
    renewed,
    revised,
    routed,
    settled,
    task,
    withdrawn,
)

FIVE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
NEXT_MORNING = DEADLINE + timedelta(days=1)
TOLD: list[Fact] = [received(), routed(), opened()]
DONE: list[Fact] = [*TOLD, acknowledged(at(30))]
SECOND_VERSION: list[Fact] = [corrected(), revised(2, CHILD), decided()]


def received_of(child: str) -> Fact:
    return replace(received(), child_ids=(child,))  # type: ignore[call-arg]


def routed_of(child: str) -> Fact:
    return replace(routed(), child_ids=(child,))  # type: ignore[call-arg]


def folded(facts: Sequence[Fact], now: datetime) -> ChildOutcome:
    envelopes = [Envelope(id=str(number), source="test", time=RECEIVED, fact=fact) for number, fact in enumerate(facts)]
    (child,) = outcomes([CHILD], envelopes, now)
    return child


HISTORIES: tuple[tuple[str, list[Fact], datetime, Outcome], ...] = (
    ("corrected, and router has five minutes", [*DONE, corrected()], NIGHT + FIVE - SECOND, Outcome.ACKNOWLEDGED),
    ("corrected, and router never came to it", [*DONE, corrected()], NIGHT + FIVE, Outcome.LOST),
    ("revised, and notifier has five minutes", [*DONE, *SECOND_VERSION], NIGHT + FIVE - SECOND, Outcome.ACKNOWLEDGED),
    ("revised, and notifier never came to it", [*DONE, *SECOND_VERSION], NIGHT + FIVE, Outcome.LOST),
    ("nothing that was shown has changed", [*DONE, *SECOND_VERSION, renewed()], STAFF_DAY, Outcome.ACKNOWLEDGED),
    ("an older version was answered", [*DONE, *SECOND_VERSION, revised(3, CHILD), renewed(2)], NIGHT + FIVE, Outcome.LOST),
    (
        "what was shown has changed, and is told again",
        [*DONE, *SECOND_VERSION, renewed(changed=(CHILD,), following=DEADLINE - timedelta(hours=1))],
        NIGHT + FIVE,
        Outcome.WAITING,
    ),
    (
        "told again and acknowledged again",
        [*DONE, *SECOND_VERSION, renewed(changed=(CHILD,), following=DEADLINE), acknowledged(NIGHT + FIVE)],
        STAFF_DAY,
        Outcome.ACKNOWLEDGED,
    ),
    ("told again and forgotten", [*DONE, *SECOND_VERSION, renewed(changed=(CHILD,), following=NIGHT)], NIGHT + FIVE, Outcome.LOST),
    (
        "only the sibling has changed",
        [*DONE, *SECOND_VERSION, renewed(changed=(SIBLING,), following=NIGHT)],
        STAFF_DAY,
        Outcome.ACKNOWLEDGED,
    ),
    (
        "an open one goes on as planned",
        [*TOLD, climbed(NIGHT), *SECOND_VERSION, renewed(following=DEADLINE)],
        NIGHT + FIVE,
        Outcome.WAITING,
    ),
    (
        "late once, then changed with a deadline of its own",
        [
            *TOLD,
            task(NIGHT),
            late(),
            acknowledged(DEADLINE),
            corrected(on=DEADLINE),
            decided(on=DEADLINE),
            revised(2, CHILD, on=DEADLINE, deadline=NEXT_MORNING),
            renewed(changed=(CHILD,), following=NEXT_MORNING - FIVE, on=DEADLINE, deadline=NEXT_MORNING),
        ],
        NEXT_MORNING - FIVE,
        Outcome.WAITING,
    ),
    (
        "withdrawn by the force",
        [*DONE, withdrawn(), revised(2), decided(), excluded(NIGHT), renewed(children=())],
        STAFF_DAY,
        Outcome.EXCLUDED,
    ),
    ("withdrawn before the router ever decided", [received(), withdrawn(on=at(1)), decided(on=at(2))], STAFF_DAY, Outcome.EXCLUDED),
    (
        "taken out, and the router never knew of it",
        [received(), corrected(2, SIBLING, on=at(1)), decided(on=at(2))],
        STAFF_DAY,
        Outcome.EXCLUDED,
    ),
    (
        "put back and routed anew",
        [*DONE, withdrawn(), revised(2), decided(), excluded(NIGHT), corrected(3), routed("e", on=NIGHT), decided(3)],
        NIGHT,
        Outcome.WAITING,
    ),
    (
        "a child that joined a destination",
        [
            received_of(SIBLING),
            routed_of(SIBLING),
            corrected(on=at(1)),
            revised(2, SIBLING, CHILD, on=at(1)),
            decided(on=at(1)),
            opened(following=DEADLINE),
            renewed(on=at(2), following=DEADLINE, changed=(CHILD,), children=(SIBLING, CHILD)),
        ],
        at(9),
        Outcome.WAITING,
    ),
    ("a child that a correction brought", [corrected(2, CHILD, on=at(1))], at(6), Outcome.LOST),
    (
        "moved to another destination",
        [*DONE, corrected(), revised(2), routed("e", on=NIGHT), opened("e", following=DEADLINE, on=NIGHT), decided(), renewed(children=())],
        NIGHT + FIVE,
        Outcome.WAITING,
    ),
    (
        "recalled where a correction had taken it away",
        [
            *DONE,
            corrected(),
            revised(2),
            routed("e", on=NIGHT),
            opened("e", on=NIGHT),
            acknowledged(destination="e"),
            decided(),
            recalled(NIGHT + FIVE),
        ],
        STAFF_DAY,
        Outcome.ACKNOWLEDGED,
    ),
    ("held while its destination stays", [*DONE, held(deadline=DEADLINE), *SECOND_VERSION, renewed()], NIGHT + FIVE, Outcome.HELD),
    ("settled by a correction", [received(), held(), settled(on=NIGHT, settlement="superseded"), routed(on=NIGHT)], NIGHT, Outcome.WAITING),
    ("another desk has its own time", [received(), held(), asked(deadline=DEADLINE)], NIGHT + FIVE, Outcome.HELD),
    ("another desk let it pass", [received(), held(), asked(deadline=DEADLINE)], DEADLINE + FIVE, Outcome.LOST),
    ("escalated, then asked, and let pass", [received(), held(), escalated(), asked(deadline=DEADLINE)], DEADLINE + FIVE, Outcome.LOST),
    ("a call that ended excuses nothing", [*TOLD, task(at(10)), climbed(None), called(at(20), outcome="not-needed")], NIGHT, Outcome.LOST),
)


@pytest.mark.parametrize(("facts", "now", "expected"), [case[1:] for case in HISTORIES], ids=[case[0] for case in HISTORIES])
def test_a_history_has_this_outcome(facts: list[Fact], now: datetime, expected: Outcome) -> None:
    assert folded(facts, now).outcome is expected


def test_a_call_besides_the_ladder_does_not_excuse_a_rung_that_nobody_climbed() -> None:
    beside: list[Fact] = [*TOLD, climbed(NIGHT)]
    call = task(at(10), reason="one-channel")
    assert folded([*beside, call], NIGHT + FIVE - SECOND).outcome is Outcome.WAITING
    assert folded([*beside, call], NIGHT + FIVE).outcome is Outcome.LOST
    assert folded([*beside, task(at(10))], NIGHT + FIVE).standing.next_action is NextAction.TELEPHONE_CALL


def test_a_destination_that_is_told_no_more_says_so() -> None:
    child = folded([*DONE, withdrawn(), revised(2), decided(), excluded(NIGHT), renewed(children=())], STAFF_DAY)
    (told,) = child.destinations
    assert (told.standing.outcome, told.standing.reason, told.standing.since) == (Outcome.EXCLUDED, "corrected", NIGHT)
    assert told.acknowledged_at == at(30)


def test_a_deadline_moves_only_when_it_is_told_again() -> None:
    pending = [*DONE, corrected(on=DEADLINE), revised(2, CHILD, on=DEADLINE, deadline=NEXT_MORNING), decided(on=DEADLINE)]
    assert folded(pending, DEADLINE).destinations[0].deadline_at == DEADLINE
    again = renewed(changed=(CHILD,), following=NEXT_MORNING, on=DEADLINE, deadline=NEXT_MORNING)
    assert folded([*pending, again], DEADLINE).destinations[0].deadline_at == NEXT_MORNING
