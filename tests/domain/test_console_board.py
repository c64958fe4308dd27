"""The board counts each child once, puts what is worst first, and shows an authority its own part only."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.console.domain import readiness, words
from services.console.domain.board import Board, Places, board
from services.router.domain.decision import FLAGS, REASONS
from services.router.domain.release import PREFIX
from shared.events import Envelope, Fact
from shared.outcome import Outcome
from shared.policy import ReleaseReason
from tests.facts import (
    DEADLINE,
    RECEIVED,
    acknowledged,
    corrected,
    escalated,
    excluded,
    held,
    late,
    opened,
    recalled,
    received,
    routed,
    settled,
)

NOW = RECEIVED + timedelta(minutes=1)
OURS = Places(settings=frozenset({"900001"}), teams=frozenset({"desk"}))


def seen(*incidents: list[Fact], places: Places | None = None, now: datetime = NOW) -> Board:
    told = [[Envelope(id=str(number), source="test", time=RECEIVED, fact=fact) for number, fact in enumerate(facts)] for facts in incidents]
    return board(told, places, now)


def counted(seen: Board) -> dict[str, int]:
    return {outcome.value: children for outcome, children in seen.counts.items() if children}


def test_every_child_is_counted_once() -> None:
    two_schools = [received("i", "a", "b", "c", "d"), routed("i", "900001", "a", "b"), routed("i", "900002", "b")]
    facts = [*two_schools, opened("i", "900001", "a", "b"), opened("i", "900002", "b"), acknowledged("i", "900001", "a", "b")]
    board_ = seen([*facts, held("i", "c"), excluded("i", "d")])
    assert counted(board_) == {"acknowledged": 1, "waiting": 1, "held": 1, "excluded": 1}
    assert sum(board_.counts.values()) == 4
    assert set(board_.counts) == set(Outcome)
    assert [(one.ref, one.outcome, one.children) for one in board_.promises] == [("900002", Outcome.WAITING, 1)]


def test_nothing_received_is_nothing_counted() -> None:
    assert counted(seen()) == {}


def test_the_worst_comes_first_and_then_the_nearest_deadline() -> None:
    soon, later = DEADLINE + timedelta(hours=2), DEADLINE + timedelta(days=3)
    board_ = seen(
        [received("1", "a"), routed("1", "900001", "a", deadline_at=later)],
        [received("2", "a"), routed("2", "900002", "a", deadline_at=soon), opened("2", "900002", "a", deadline_at=soon)],
        [received("3", "a"), routed("3", "900003", "a"), opened("3", "900003", "a"), late("3", "900003")],
        [received("4", "a", "b"), routed("4", "900004", "a", "b", deadline_at=soon)],
        now=RECEIVED + timedelta(minutes=1),
    )
    assert [(one.incident_id, one.outcome.value) for one in board_.promises] == [
        ("3", "late"),
        ("2", "waiting"),
        ("4", "waiting"),
        ("1", "waiting"),
    ]
    assert (board_.promises[0].owner, board_.promises[2].children) == ("desk", 2)


def test_what_nobody_has_is_lost_and_stands_above_everything() -> None:
    board_ = seen(
        [received("1", "a"), routed("1", "900001", "a"), opened("1", "900001", "a"), late("1", "900001")],
        [received("2", "a"), routed("2", "900002", "a", deadline_at=DEADLINE + timedelta(days=3))],
        [received("3", "a")],
        now=DEADLINE,
    )
    assert counted(board_) == {"lost": 2, "late": 1}
    assert [one.incident_id for one in board_.promises] == ["2", "1"]


@pytest.mark.parametrize(
    ("more", "now", "state", "owner"),
    [
        ([], NOW, "open", "desk"),
        ([escalated("i", "a", "lead")], DEADLINE, "escalated", "lead"),
        ([], DEADLINE, "overdue", "desk"),
        ([settled("i", "a"), routed("i", "900001", "a")], NOW, None, None),
        ([settled("i", "a"), excluded("i", "a")], NOW, None, None),
    ],
)
def test_a_review_is_open_until_something_settles_it(more: list[Fact], now: datetime, state: str | None, owner: str | None) -> None:
    reviews = seen([received("i", "a"), held("i", "a"), *more], now=now).reviews
    assert [(one.state, one.owner) for one in reviews] == ([(state, owner)] if state else [])


def test_what_was_sent_for_trying_out_is_counted_nowhere() -> None:
    board_ = seen([replace(received("i", "a"), sandbox=True), held("i", "a")], [received("j", "a"), corrected("j", "a", "b")], now=NOW)
    assert (sum(board_.counts.values()), board_.reviews) == (2, ())


def test_a_review_shows_beside_a_late_promise_of_the_same_child() -> None:
    facts = [received("i", "a"), routed("i", "900001", "a"), opened("i", "900001", "a"), late("i", "900001"), held("i", "a")]
    board_ = seen(facts)
    assert (counted(board_), [one.state for one in board_.reviews]) == ({"late": 1}, ["open"])


def test_an_authority_sees_its_own_part_only() -> None:
    theirs = [received("1", "a"), routed("1", "900099", "a")]
    shared = [received("2", "a", "b"), routed("2", "900001", "a"), routed("2", "900099", "a", "b"), opened("2", "900001", "a")]
    nobodys = [received("3", "a"), held("3", "a", owner="hub")]
    board_ = seen(theirs, [*shared, acknowledged("2", "900001", "a")], nobodys, places=OURS)
    assert counted(board_) == {"acknowledged": 1}
    assert (board_.promises, board_.reviews) == ((), ())


def test_an_authority_whose_setting_was_the_wrong_one_sees_the_recall_and_not_where_the_child_is() -> None:
    facts = [received("1", "a"), routed("1", "900001", "a"), opened("1", "900001", "a"), recalled("1", "900001", "a")]
    assert counted(seen([*facts, routed("1", "900099", "a")], places=OURS)) == {"recalled": 1}
    assert counted(seen([*facts, held("1", "a")], places=OURS)) == {"held": 1}


def test_a_review_belongs_to_the_authority_of_its_owner() -> None:
    facts = [received("1", "a"), held("1", "a", owner="hub")]
    assert seen(facts, places=OURS).reviews == ()
    assert [one.owner for one in seen([*facts, escalated("1", "a", "desk")], places=OURS, now=DEADLINE).reviews] == ["desk"]


def test_every_reason_and_every_outcome_has_words() -> None:
    assert set(REASONS) <= set(words.REASONS)
    assert {"not-ours", "has-left"} <= set(words.REASONS)
    assert {f"{PREFIX}{code}" for code in ReleaseReason} <= set(words.REASONS)
    assert set(words.OUTCOMES) == set(Outcome)
    assert words.reason("not-yet-known-here") == "Another reason (not-yet-known-here)"


def test_flags_are_not_told_apart() -> None:
    assert len({words.reason(code) for code in (*FLAGS, "unknown-flag")}) == 1
    assert len({words.reason(f"{PREFIX}{code}") for code in ReleaseReason}) == 1


def test_a_published_list_that_nobody_could_read_for_days_is_a_finding() -> None:
    assert readiness.of_published_days(NOW - timedelta(days=3), NOW) == ()
    assert len(readiness.of_published_days(NOW - timedelta(days=3, minutes=1), NOW)) == 1
    assert len(readiness.of_published_days(None, NOW)) == 1


def test_findings_say_how_many_and_until_when() -> None:
    today = NOW.date()
    assert readiness.of_contacts("Testwood", 0, 0).text == "no verified contact"
    assert readiness.of_contacts("Testwood", 1, 0).text == "1 verified contact"
    assert readiness.of_contacts("Testwood", 3, 2).text.startswith("3 verified contacts, 2 of them with one channel only")
    assert readiness.of_calendar("Testshire", None, today).on is None
    assert readiness.of_calendar("Testshire", today - timedelta(days=1), today).text.endswith("ended on")
    assert readiness.of_calendar("Testshire", today, today).text.endswith("end on")


def test_late_children_are_counted_by_why() -> None:
    def because(incident_id: str, reason: str | None, *child_ids: str) -> list[Fact]:
        told = [received(incident_id, *child_ids), routed(incident_id, "900001", *child_ids), opened(incident_id, "900001", *child_ids)]
        return [*told, replace(late(incident_id, "900001"), reason=reason)]

    board_ = seen(
        because("1", "nobody-answered", "a"),
        because("2", "service-was-down", "a", "b"),
        because("3", None, "a"),
        [received("4", "a"), held("4", "a")],
    )
    assert dict(board_.late) == {"service-was-down": 2, "": 1, "nobody-answered": 1}
    assert next(iter(board_.late)) == "service-was-down"
    assert sum(board_.late.values()) == board_.counts[Outcome.LATE]
    assert set(board_.late) <= words.LATE.keys()
