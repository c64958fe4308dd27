"""The ladder stops on the right answer and on nothing else (D5), over random histories."""

from datetime import UTC, datetime
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.states import (
    ActingToday,
    Answer,
    Answered,
    ChildState,
    Event,
    PassedOn,
    Stage,
    State,
    step,
)

AT = datetime(2026, 11, 23, 7, 40, tzinfo=UTC)
CHILDREN = ("c1", "c2", "c3")
REGISTERED = frozenset({"dsl", "head"})

people = st.sampled_from(["dsl", "head", "stranger"])
children = st.sampled_from([*CHILDREN, "c9"])
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Answered, contact_id=people, child_id=children, answer=st.sampled_from(Answer), at=st.just(AT)),
    st.builds(ActingToday, contact_id=people, child_ids=st.frozensets(children, max_size=4), at=st.just(AT)),
    st.builds(PassedOn, contact_id=people),
)
histories = st.lists(events, max_size=30)


def opened(*child_ids: str) -> State:
    return State(children=tuple(ChildState(child_id=child) for child in child_ids), registered=REGISTERED)


def lived(state: State, history: list[Event]) -> State:
    for event in history:
        state = step(state, event)
    return state


def settled_children(history: list[Event]) -> tuple[set[str], set[str]]:
    """The oracle, child by child: the children taken back, and those that a registered person took on after calling them hers."""
    recalled: set[str] = set()
    acknowledged: set[str] = set()
    for child in CHILDREN:
        ours = False
        for event in history:
            match event:
                case Answered(contact_id=who, child_id=named, answer=answer) if named == child and who in REGISTERED:
                    ours = answer is Answer.ON_OUR_ROLL
                    if not ours:
                        recalled.add(child)
                case ActingToday(contact_id=who, child_ids=named_all) if child in named_all and who in REGISTERED and ours:
                    acknowledged.add(child)
                case _:
                    pass
            if child in recalled:
                break
    return recalled, acknowledged - recalled


@given(history=histories)
def test_the_ladder_stops_exactly_when_every_own_child_is_acted_on(history: list[Event]) -> None:
    recalled, acknowledged = settled_children(history)
    own = set(CHILDREN) - recalled
    state = lived(opened(*CHILDREN), history)
    expected = Stage.RECALLED if not own else Stage.ACKNOWLEDGED if own <= acknowledged else Stage.OPEN
    assert state.stage is expected


def test_only_what_a_contact_says_is_an_event() -> None:
    """No receipt of a machine, no view and no clock is among them: none can stop the ladder (D4, D5)."""
    assert get_args(Event) == (Answered, ActingToday, PassedOn)


@given(history=st.lists(st.builds(PassedOn, contact_id=people), max_size=30))
def test_nothing_but_answers_stops_the_ladder(history: list[Event]) -> None:
    assert lived(opened(*CHILDREN), history).stage is Stage.OPEN


@given(history=histories, event=events)
def test_every_event_said_twice_is_said_once(history: list[Event], event: Event) -> None:
    state = lived(opened(*CHILDREN), history)
    once = step(state, event)
    assert step(once, event) == once


@given(history=histories)
def test_what_stands_in_a_row_is_whole(history: list[Event]) -> None:
    state = lived(opened(*CHILDREN), history)
    for child in state.children:
        assert (child.acknowledged_by is None) == (child.acknowledged_at is None)
        assert child.acknowledged_by is None or (
            child.answer is Answer.ON_OUR_ROLL and child.acknowledged_by in REGISTERED and child.is_own
        )


def test_passing_on_stops_nothing_and_after_the_end_it_is_not_heard() -> None:
    state = step(opened("c1"), PassedOn(contact_id="dsl"))
    assert (state.passed_on, state.stage) == (True, Stage.OPEN)
    for answer in (Answer.ON_OUR_ROLL, Answer.NOT_OURS):
        ended = step(opened("c1"), Answered(contact_id="dsl", child_id="c1", answer=answer, at=AT))
        ended = step(ended, ActingToday(contact_id="dsl", child_ids=frozenset({"c1"}), at=AT))
        assert step(ended, PassedOn(contact_id="head")) == ended


def test_a_stranger_cannot_stop_call_or_recall() -> None:
    state = step(opened("c1"), Answered(contact_id="dsl", child_id="c1", answer=Answer.ON_OUR_ROLL, at=AT))
    for event in (
        ActingToday(contact_id="stranger", child_ids=frozenset({"c1"}), at=AT),
        PassedOn(contact_id="stranger"),
        Answered(contact_id="stranger", child_id="c1", answer=Answer.NOT_OURS, at=AT),
    ):
        assert step(state, event) == state


def test_acting_before_saying_whose_child_it_is_does_not_count() -> None:
    state = step(opened("c1"), ActingToday(contact_id="dsl", child_ids=frozenset({"c1"}), at=AT))
    assert state == opened("c1")


def test_not_ours_after_acting_takes_the_acknowledgement_back() -> None:
    history: list[Event] = [
        Answered(contact_id="dsl", child_id="c1", answer=Answer.ON_OUR_ROLL, at=AT),
        ActingToday(contact_id="dsl", child_ids=frozenset({"c1"}), at=AT),
    ]
    state = lived(opened("c1"), history)
    assert state.stage is Stage.ACKNOWLEDGED
    state = step(state, Answered(contact_id="head", child_id="c1", answer=Answer.HAS_LEFT, at=AT))
    assert state.stage is Stage.RECALLED
    assert state.children[0].acknowledged_by is None
