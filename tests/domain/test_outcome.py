"""At every instant every child has exactly one outcome, and *lost* is what was owed in the past and is in nobody's hands."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events import ChildAnswered, CodeEntered, ContentViewed, Envelope, Fact, IncidentViewed, LinkFetched
from shared.outcome import ChildOutcome, NextAction, Outcome, outcomes
from tests.domain.histories import (
    CHILD,
    DEADLINE,
    INCIDENT,
    NIGHT,
    RECEIVED,
    SIBLING,
    STAFF_DAY,
    acknowledged,
    at,
    climbed,
    escalated,
    excluded,
    held,
    late,
    opened,
    passed_on,
    recalled,
    received,
    routed,
    settled,
    task,
    tried,
)


def folded(facts: Sequence[Fact], now: datetime) -> ChildOutcome:
    (child,) = outcomes([CHILD], envelopes(facts), now)
    return child


def envelopes(facts: Sequence[Fact]) -> list[Envelope]:
    return [Envelope(id=str(number), source="test", time=RECEIVED, fact=fact) for number, fact in enumerate(facts)]


SECOND = timedelta(seconds=1)
GRACE = timedelta(minutes=5)
HISTORIES: tuple[tuple[str, list[Fact], datetime, Outcome], ...] = (
    ("never received", [], RECEIVED, Outcome.LOST),
    ("just received", [received()], at(4.9), Outcome.WAITING),
    ("never routed", [received()], at(5), Outcome.LOST),
    ("routed, not opened yet", [received(), routed(on=at(5))], at(9.9), Outcome.WAITING),
    ("routed, never opened", [received(), routed(on=at(5))], at(10), Outcome.LOST),
    ("opened, a rung in hand", [received(), routed(), opened()], at(5) - SECOND, Outcome.WAITING),
    ("opened, nothing done", [received(), routed(), opened()], at(5), Outcome.LOST),
    (
        "opened for the first staff day",
        [received(), routed(send=STAFF_DAY), opened(following=STAFF_DAY)],
        DEADLINE - SECOND,
        Outcome.WAITING,
    ),
    ("message under way", [received(), routed(), opened(), *tried(at(3))], at(7), Outcome.WAITING),
    ("message under way for too long", [received(), routed(), opened(), *tried(at(3))], at(8), Outcome.LOST),
    ("next rung ahead", [received(), routed(), opened(), climbed(NIGHT)], NIGHT - SECOND, Outcome.WAITING),
    ("next rung missed", [received(), routed(), opened(), climbed(NIGHT)], NIGHT + GRACE, Outcome.LOST),
    ("a rung planned after the deadline", [received(), routed(), opened(), climbed(STAFF_DAY)], DEADLINE + GRACE, Outcome.LOST),
    ("ladder climbed and nobody called", [received(), routed(), opened(), climbed(None)], at(5), Outcome.LOST),
    ("passed on", [received(), routed(), opened(), climbed(NIGHT), passed_on(at(60))], at(64), Outcome.WAITING),
    ("passed on and forgotten", [received(), routed(), opened(), climbed(NIGHT), passed_on(at(60))], at(65), Outcome.LOST),
    ("a call is someone's", [received(), routed(), opened(), task(NIGHT), climbed(None)], DEADLINE - SECOND, Outcome.WAITING),
    ("a call is someone's past the deadline", [received(), routed(), opened(), task(NIGHT), climbed(None)], DEADLINE, Outcome.LATE),
    ("late with an owner", [received(), routed(), opened(), climbed(DEADLINE), late()], STAFF_DAY, Outcome.LATE),
    ("late and nobody said so", [received(), routed(), opened(), climbed(DEADLINE)], DEADLINE + GRACE, Outcome.LOST),
    ("acknowledged", [received(), routed(), opened(), acknowledged()], STAFF_DAY, Outcome.ACKNOWLEDGED),
    ("acknowledged by telephone", [received(), routed(), opened(), late(), acknowledged(STAFF_DAY)], STAFF_DAY, Outcome.ACKNOWLEDGED),
    ("the sibling was acknowledged", [received(), routed(), opened(), late(), acknowledged(child=SIBLING)], STAFF_DAY, Outcome.LATE),
    ("held", [received(), held()], NIGHT + GRACE - SECOND, Outcome.HELD),
    ("held past its deadline", [received(), held()], NIGHT + GRACE, Outcome.LOST),
    ("escalated", [received(), held(), escalated()], STAFF_DAY, Outcome.HELD),
    ("another review was escalated", [received(), held(), escalated("other")], STAFF_DAY, Outcome.LOST),
    ("an older review forgotten", [received(), held(), held("new", deadline=STAFF_DAY)], DEADLINE, Outcome.LOST),
    ("settled", [received(), held(), settled(on=at(20)), routed(on=at(20))], at(21), Outcome.WAITING),
    ("settled as excluded", [received(), held(), settled(), excluded(at(20))], STAFF_DAY, Outcome.EXCLUDED),
    ("excluded", [received(), excluded()], STAFF_DAY, Outcome.EXCLUDED),
    ("excluded and held again", [received(), excluded(), held()], at(20), Outcome.HELD),
    ("just recalled", [received(), routed(), opened(), recalled()], NIGHT + SECOND, Outcome.RECALLED),
    ("recalled and forgotten", [received(), routed(), opened(), recalled()], NIGHT + timedelta(minutes=5), Outcome.LOST),
    ("recalled after it was acknowledged", [received(), routed(), opened(), acknowledged(), recalled()], NIGHT, Outcome.RECALLED),
    ("recalled with a review", [received(), routed(), opened(), recalled(), held(deadline=DEADLINE)], NIGHT + GRACE, Outcome.HELD),
    (
        "recalled and told to the right one",
        [received(), routed(), opened(), recalled(), held(), settled(), routed("e"), opened("e"), acknowledged(destination="e")],
        STAFF_DAY,
        Outcome.ACKNOWLEDGED,
    ),
    ("recalled and excluded", [received(), routed(), opened(), recalled(), excluded(NIGHT)], STAFF_DAY, Outcome.EXCLUDED),
    (
        "one of two destinations has acknowledged",
        [received(), routed(), routed("e"), opened(), opened("e"), acknowledged(), late(destination="e")],
        STAFF_DAY,
        Outcome.LATE,
    ),
    ("seen by its force", [received(), IncidentViewed(incident_id=INCIDENT, reader="k", viewed_at=RECEIVED)], at(4), Outcome.WAITING),
)


@pytest.mark.parametrize(("facts", "now", "expected"), [case[1:] for case in HISTORIES], ids=[case[0] for case in HISTORIES])
def test_a_history_has_this_outcome(facts: list[Fact], now: datetime, expected: Outcome) -> None:
    assert folded(facts, now).outcome is expected


def test_what_only_proves_that_a_machine_was_there_changes_no_outcome() -> None:
    traces: list[Fact] = [
        LinkFetched(incident_id=INCIDENT, notification_id="n-d", contact_id="c", fetched_at=at(1)),
        CodeEntered(incident_id=INCIDENT, notification_id="n-d", contact_id="c", entered_at=at(1)),
        ContentViewed(incident_id=INCIDENT, notification_id="n-d", contact_id="c", child_ids=(CHILD,), viewed_at=at(1)),
        ChildAnswered(incident_id=INCIDENT, notification_id="n-d", child_id=CHILD, contact_id="c", answer="on-our-roll", answered_at=at(1)),
    ]
    before = [received(), routed(), opened(), climbed(NIGHT)]
    for now in (at(1), NIGHT, NIGHT + GRACE, DEADLINE):
        assert folded([*before, *traces], now).standing == folded(before, now).standing
    (told,) = folded([*before, *traces], at(1)).destinations
    assert told.fetched_at == told.code_entered_at == told.viewed_at == told.answered_at == at(1)
    assert (told.acknowledged_at, told.answer) == (None, "on-our-roll")


def test_a_holiday_child_has_two_obligations_and_both_are_shown() -> None:
    live = [routed("live", purpose="holiday-live"), opened("live"), acknowledged(destination="live")]
    setting = [routed("setting", purpose="first-staff-day", deadline=STAFF_DAY, send=STAFF_DAY)]
    setting.append(opened("setting", deadline=STAFF_DAY, following=STAFF_DAY))
    child = folded([received(), *live, *setting], STAFF_DAY - timedelta(days=3))
    assert [(one.purpose, one.standing.outcome) for one in child.destinations] == [
        ("holiday-live", Outcome.ACKNOWLEDGED),
        ("first-staff-day", Outcome.WAITING),
    ]
    assert (child.outcome, child.standing.next_action_at) == (Outcome.WAITING, STAFF_DAY)


def test_whoever_has_it_is_named() -> None:
    assert folded([received(), held()], at(1)).standing.owner == "team-review"
    assert folded([received(), held(), escalated()], NIGHT).standing.owner == "team-lead"
    assert folded([received(), routed(), opened(), climbed(DEADLINE), late()], DEADLINE).standing.owner == "team-late"
    assert folded([received(), routed(), opened(), task(NIGHT)], NIGHT).standing.owner == "team-phone"
    assert folded([received(), excluded()], at(1)).standing.owner == "policy-1"


Step = Callable[[datetime], list[Fact]]
NEXT: dict[str, tuple[tuple[str, Step], ...]] = {
    "new": (("new", lambda _: []), ("received", lambda _: [received()])),
    "received": (
        ("routed", lambda now: [routed(on=now)]),
        ("held", lambda now: [held(on=now, deadline=now + timedelta(hours=2))]),
        ("end", lambda now: [excluded(now)]),
    ),
    "routed": (("open", lambda now: [opened(on=now, following=now)]),),
    "open": (
        ("open", lambda now: [*tried(now), climbed(now + timedelta(hours=1), on=now)]),
        ("open", lambda now: [passed_on(now)]),
        ("called", lambda now: [task(now), climbed(None, on=now)]),
        ("end", lambda now: [acknowledged(now)]),
        ("wrong", lambda now: [recalled(now)]),
    ),
    "called": (("called", lambda now: [late(now)]), ("end", lambda now: [acknowledged(now)]), ("wrong", lambda now: [recalled(now)])),
    "wrong": (("held", lambda now: [held("again", on=now, deadline=now + timedelta(hours=2))]),),
    "held": (
        ("escalated", lambda now: [escalated(on=now), escalated("again", on=now)]),
        ("settled", lambda now: [settled(on=now), settled("again", on=now), excluded(now)]),
    ),
    "escalated": (("settled", lambda now: [settled(on=now), settled("again", on=now), excluded(now)]), ("escalated", lambda _: [])),
    "settled": (("end", lambda _: []),),
    "end": (("end", lambda _: []),),
}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Fact], datetime]:
    """A prefix of a history that the services could write, each step in the time that it has, and the instant of its last fact."""
    state, now = "new", RECEIVED
    facts: list[Fact] = []
    for _ in range(draw(st.integers(0, 12))):
        state, step = draw(st.sampled_from(NEXT[state]))
        new = step(now)
        facts += new
        pause = draw(st.integers(0, 100))
        now += timedelta(seconds=pause if new else 0)
    return facts, now


@given(history=histories(), later=st.integers(-(10**7), 10**7))
@example(history=([received(), acknowledged()], RECEIVED), later=0)
def test_every_prefix_at_every_instant_gives_each_child_one_outcome(history: tuple[list[Fact], datetime], later: int) -> None:
    facts, now = history
    told = outcomes([CHILD, SIBLING, "stranger"], envelopes(facts), now + timedelta(seconds=later))
    assert [child.child_id for child in told] == [CHILD, SIBLING, "stranger"]
    assert all(child.outcome in set(Outcome) for child in told)
    assert told[2].outcome is Outcome.LOST


@given(history=histories())
def test_a_history_that_keeps_its_times_loses_nobody(history: tuple[list[Fact], datetime]) -> None:
    facts, now = history
    assert not facts or folded(facts, now).outcome is not Outcome.LOST


@given(history=histories(), later=st.integers(0, 10**7))
def test_a_child_is_lost_only_when_something_is_owed_in_the_past(history: tuple[list[Fact], datetime], later: int) -> None:
    facts, now = history
    now += timedelta(seconds=later)
    child = folded(facts, now)
    if facts and child.outcome is Outcome.LOST:
        assert child.standing.since <= now
        assert child.standing.next_action is not None


@given(history=histories(), later=st.integers(0, 10**7), much_later=st.integers(0, 10**7))
def test_time_alone_never_finds_a_lost_child_again(history: tuple[list[Fact], datetime], later: int, much_later: int) -> None:
    """Nor does it lose one whom somebody has: only waiting for a clock, a review or the next service can end so."""
    facts, now = history
    early, after = folded(facts, now + timedelta(seconds=later)), folded(facts, now + timedelta(seconds=later + much_later))
    if early.outcome is Outcome.LOST:
        assert after.outcome is Outcome.LOST
    if early.outcome in (Outcome.ACKNOWLEDGED, Outcome.EXCLUDED, Outcome.LATE):
        assert after.outcome is early.outcome


def test_a_lost_child_says_what_should_have_happened_and_when() -> None:
    child = folded([received(), routed(), opened(), climbed(NIGHT)], DEADLINE)
    assert (child.outcome, child.standing.next_action) == (Outcome.LOST, NextAction.RUNG)
    assert child.standing.next_action_at == child.standing.since == NIGHT
