"""Telephone calls and passphrases: when to ring again, how often to guess, what a telephone acknowledgement takes."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.domain.calls import GAP, LATER, TRIES_MAX, TRIES_WITHIN, CallOutcome, again_at, by_telephone, quoted, tries_left
from services.notifier.domain.states import Answer, Answered, ChildState, Stage, State, step
from shared.directory.passphrase import Passphrase, hashed, plain

BELL = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SALT = bytes(range(16))


def test_before_the_bell_the_gap_is_short_and_flat_and_afterwards_longer() -> None:
    for outcome in CallOutcome:
        if outcome is not CallOutcome.WRONG_NUMBER:
            assert again_at(outcome, BELL - GAP, BELL) == BELL
            assert again_at(outcome, BELL, BELL) == BELL + LATER
    assert again_at(CallOutcome.WRONG_NUMBER, BELL, BELL) is None


def test_few_guesses_within_an_hour_and_then_again() -> None:
    wrong = [BELL + timedelta(minutes=minute) for minute in range(TRIES_MAX)]
    assert [tries_left(wrong[:count], BELL + timedelta(minutes=5)) for count in range(TRIES_MAX + 1)] == [3, 2, 1, 0]
    assert tries_left(wrong, BELL + TRIES_WITHIN) == 1


def test_over_the_telephone_she_takes_every_child_that_is_still_theirs_and_nobodys() -> None:
    children = (
        ChildState(child_id="unasked"),
        ChildState(child_id="confirmed", answer=Answer.ON_OUR_ROLL),
        ChildState(child_id="taken", answer=Answer.ON_OUR_ROLL, acknowledged_by="colleague", acknowledged_at=BELL),
        ChildState(child_id="gone", answer=Answer.NOT_OURS, recalled_at=BELL),
        ChildState(child_id="withdrawn", withdrawn_at=BELL),
    )
    before = State(children=children, registered=frozenset({"dsl"}))
    after = by_telephone(before, "dsl", BELL)
    assert [child.acknowledged_by for child in after.children] == ["dsl", "dsl", "colleague", None, None]
    assert after.stage is Stage.ACKNOWLEDGED
    assert by_telephone(before, "stranger", BELL) == before
    assert by_telephone(after, "dsl", BELL + GAP) == after


def test_what_she_says_behind_her_link_afterwards_still_counts() -> None:
    taken = by_telephone(State(children=(ChildState(child_id="a"),), registered=frozenset({"dsl"})), "dsl", BELL)
    confirmed = step(taken, Answered(contact_id="dsl", child_id="a", answer=Answer.ON_OUR_ROLL, at=BELL))
    assert (confirmed.stage, confirmed.children[0].acknowledged_by) == (Stage.ACKNOWLEDGED, "dsl")
    assert step(taken, Answered(contact_id="dsl", child_id="a", answer=Answer.NOT_OURS, at=BELL)).stage is Stage.RECALLED


def test_a_reference_is_short_steady_and_tells_nothing() -> None:
    ids = [f"00000000-0000-0000-0000-{number:012d}" for number in range(200)]
    references = {quoted(one) for one in ids}
    assert len(references) == 200
    assert all(len(one) == 9 and one[4] == "-" for one in references)
    assert quoted(ids[0]) == quoted(ids[0])


@pytest.mark.parametrize("heard", ["Blue Heron-7", "blue heron 7", "BLUEHERON7", "  blue, heron; 7!"])
def test_what_cannot_be_heard_makes_no_difference(heard: str) -> None:
    assert Passphrase(hint=None, stored=hashed("Blue Heron-7", SALT)).matches(heard)


@pytest.mark.parametrize("heard", ["", "blue heron", "blue heron 77", "grey heron 7"])
def test_another_passphrase_does_not_match_and_none_matches_nothing(heard: str) -> None:
    assert not Passphrase(hint=None, stored=hashed("Blue Heron-7", SALT)).matches(heard)
    assert not Passphrase(hint=None, stored=None).matches(heard)


def test_a_hash_is_salted_names_its_parameters_and_holds_no_letter_of_it() -> None:
    stored = hashed("Blue Heron-7", SALT)
    assert stored.startswith("scrypt$16384$8$1$")
    assert stored != hashed("Blue Heron-7", bytes(16))
    assert plain("Blue Heron-7") not in stored.lower()
    assert stored not in repr(Passphrase(hint="a bird", stored=stored))
    with pytest.raises(ValueError, match="salt"):
        hashed("Blue Heron-7", b"short")
