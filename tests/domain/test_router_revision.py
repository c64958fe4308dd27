"""What follows for a child from a later version of the report; what counts as a change is in ``test_router_change``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.deadline import Urgency, again
from services.router.domain.decision import PUPIL_SHARED, Decision, Excluded, Held, Matched
from services.router.domain.destination import Destination, stricter
from services.router.domain.revision import (
    CHANGED_AFTER_DECISION,
    NOT_DECIDED,
    RECALL,
    WITHDRAWN,
    Change,
    Follow,
    Kept,
    OpenReview,
    Standing,
    every_child_somewhere,
    follow,
    live_in,
    recalled_refs,
)
from services.router.domain.standing import Known, is_supplement, next_round
from shared.calendar import Calendar
from shared.errors import Misuse
from shared.policy import parse
from tests.routing import POLICY as POLICY_TEXT

AT = datetime(2026, 11, 20, 7, tzinfo=UTC)
TEAM = "team-live"
SCHOOLS = ("900001", "900002", "900003")


# --- what follows -------------------------------------------------------------------------------------------------------


def at(ref: str, *children: str, kind: str = "setting", live: bool = True, former: tuple[str, ...] = ()) -> Known:
    return Known(
        destination_id=f"to-{ref}",
        incident_version=1,
        round=1,
        kind="team" if kind == "team" else "setting",
        ref=ref,
        purpose="school-day",
        policy_version="p",
        is_live=live,
        child_ids=frozenset(children),
        former_ids=frozenset(former),
    )


def matched(*refs: str) -> Matched:
    return Matched(pupil_id="p1", authority="testshire", setting_ids=refs, rule="upn", evidence=())


_matched = st.lists(st.sampled_from(SCHOOLS), min_size=1, max_size=2, unique=True).map(lambda refs: matched(*sorted(refs)))
_held = st.sampled_from(["not-on-roll", "no-name", "twin"]).map(lambda reason: Held(reason=reason))
_excluded = st.just(Excluded(reason="over-18"))
_decisions: st.SearchStrategy[Decision] = st.one_of(_matched, _held, _excluded)


def kept(standing: Standing) -> Kept:
    """What a person decided, of a child who is taken out of the report now."""
    told = tuple(sorted(standing.live_settings))
    return Kept(outcome=standing.outcome, rule=standing.rule, incident_version=1, evidence=(), decided_by="a-session", setting_ids=told)


def after(standing: Standing | None, follows: Follow) -> Standing:
    """How the child stands when all that follows has been written."""
    before = standing or Standing(outcome="", rule="", incident_version=1)
    live = tuple(one for one in before.live if one.destination_id not in follows.leaves)
    live += tuple(at(ref, "c") for ref in follows.setting_ids)
    reviews = tuple(one for one in before.reviews if one.review_id not in follows.ends)
    if follows.review is not None:
        reviews += (OpenReview(review_id=f"review-{follows.review}", reason=follows.review, deadline_at=AT),)
    before = replace(before, live=live, reviews=reviews)
    if follows.kept is not None:
        live = tuple(at(ref, "c") for ref in follows.kept.setting_ids)
        return replace(before, outcome=follows.kept.outcome, rule=follows.kept.rule, is_by_person=True, live=live, kept=None)
    if follows.is_withdrawn and standing is not None and standing.is_by_person:
        before = replace(before, kept=kept(standing))
    elif isinstance(follows.decision, Matched | Excluded) or (
        follows.decision is not None and follows.review not in (CHANGED_AFTER_DECISION, NOT_DECIDED)
    ):
        before = replace(before, kept=None)
    match follows.decision:
        case Matched(rule=rule, evidence=evidence):
            return replace(before, outcome="matched", rule=rule, evidence=evidence, is_by_person=False)
        case Held(reason=reason, evidence=evidence):
            return replace(before, outcome="held", rule=reason, evidence=evidence, is_by_person=False)
        case Excluded(reason=reason, evidence=evidence):
            return replace(before, outcome="excluded", rule=reason, evidence=evidence, is_by_person=False)
    return replace(before, outcome="excluded", rule=WITHDRAWN, is_by_person=False) if follows.is_withdrawn else before


@st.composite
def _standings(draw: st.DrawFn, last: str = "") -> Standing:
    """A child that rules, people and settings have dealt with before, in any way that can come about; ``last`` by whom at last."""
    standing = after(None, follow(None, Change.NEW, draw(_decisions)))
    steps = draw(st.lists(st.sampled_from(["rule", "rule", "person", "recall", "gone"]), max_size=3))
    for step in [*steps, last]:
        if step == "rule":
            standing = after(standing, follow(standing, Change.CHANGED, draw(_decisions)))
        elif step == "person":
            live = tuple(at(ref, "c") for ref in draw(st.sets(st.sampled_from(SCHOOLS), max_size=1)))
            standing = replace(
                standing, outcome="matched" if live else "excluded", rule="person", is_by_person=True, live=live, reviews=(), kept=None
            )
        elif step == "recall" and standing.live:
            standing = _recalled(standing)
        elif step == "gone":
            standing = after(standing, follow(standing, Change.GONE, None))
    return standing


def _recalled(standing: Standing) -> Standing:
    ref = standing.live[0].ref
    review = OpenReview(review_id=f"recalled-{ref}", reason="not-ours", deadline_at=AT)
    return replace(
        standing,
        outcome="held",
        rule=RECALL,
        is_by_person=False,
        live=standing.live[1:],
        reviews=(*standing.reviews, review),
        recalled_refs=standing.recalled_refs | {ref},
        kept=None,
    )


def has_outcome(standing: Standing) -> bool:
    return bool(standing.live or standing.reviews or standing.outcome == "excluded")


_changes = st.sampled_from([Change.NEW, Change.SAME, Change.CHANGED])


@given(_standings(), _changes, _decisions)
def test_nobody_comes_out_without_an_outcome(standing: Standing, changed: Change, today: Decision) -> None:
    assert has_outcome(standing)
    assert has_outcome(after(standing, follow(standing, changed, today)))


@given(_standings(), _changes, _decisions)
def test_a_version_that_changes_nothing_moves_nobody(standing: Standing, changed: Change, today: Decision) -> None:
    """Also when the roll would decide otherwise by now."""
    now = replace(after(standing, follow(standing, changed, today)), kept=None)  # of whom is put back: further down
    for other in (today, matched("900002"), Held(reason="twin"), Excluded(reason="over-18")):
        silent = follow(now, Change.SAME, other)
        assert silent == Follow(ends=silent.ends)
        assert set(silent.ends) <= {one.review_id for one in now.reviews if one.reason == CHANGED_AFTER_DECISION}


@given(_standings("person"), _decisions)
def test_what_a_person_decided_no_rule_undoes(standing: Standing, today: Decision) -> None:
    for changed in (Change.SAME, Change.CHANGED, Change.NEW):
        follows = follow(standing, changed, today)
        assert (follows.leaves, follows.setting_ids, follows.decision) == (frozenset(), (), None)
        assert follows.review in (None, CHANGED_AFTER_DECISION)


@given(_standings("person"), _decisions)
def test_what_a_person_decided_stands_again_when_the_child_is_put_back_alike(standing: Standing, today: Decision) -> None:
    out = after(standing, follow(standing, Change.GONE, None))
    back = after(out, follow(out, Change.SAME, today))
    assert (back.outcome, back.rule, back.is_by_person) == (standing.outcome, standing.rule, True)
    assert (back.live_settings, back.reviews) == (standing.live_settings, ())


@given(_standings("person"), _decisions, _decisions)
def test_told_otherwise_a_person_is_asked_unless_the_rules_say_what_she_said(standing: Standing, today: Decision, later: Decision) -> None:
    out = after(standing, follow(standing, Change.GONE, None))
    back = after(out, follow(out, Change.CHANGED, today))
    if back.is_by_person:
        assert back.live_settings == standing.live_settings
        return
    assert (back.live, [review.reason for review in back.reviews]) == ((), [CHANGED_AFTER_DECISION])
    again = after(back, follow(back, Change.CHANGED, later))
    assert again.is_by_person or again == back, "no rule decides while she is asked"
    assert after(again, follow(again, Change.SAME, later)).live_settings == standing.live_settings


@given(_standings())
def test_a_new_flag_takes_everybody_back(standing: Standing) -> None:
    now = after(standing, follow(standing, Change.FLAGGED, Held(reason="refuge")))
    assert now.live == ()
    assert [one.reason for one in now.reviews] == ["refuge"]


@given(_standings())
def test_who_is_gone_is_told_of_nowhere_and_asked_of_nobody(standing: Standing) -> None:
    now = after(standing, follow(standing, Change.GONE, None))
    assert (now.live, now.reviews, now.outcome) == ((), (), "excluded")
    assert follow(now, Change.GONE, None) == Follow()
    assert follow(None, Change.GONE, None) == Follow()


@given(_standings("recall"), _changes, _decisions)
def test_no_rule_sends_a_child_back_where_she_was_sent_away(standing: Standing, changed: Change, today: Decision) -> None:
    assert standing.is_withdrawn or not set(follow(standing, changed, today).setting_ids) & standing.recalled_refs


@given(_standings("recall"), _decisions)
def test_nor_when_she_was_taken_out_of_the_report_in_between(standing: Standing, today: Decision) -> None:
    assert not set(follow(after(standing, follow(standing, Change.GONE, None)), Change.NEW, today).setting_ids) & standing.recalled_refs


@given(st.lists(_decisions, min_size=1, max_size=4))
def test_by_whatever_way_the_last_decision_is_where_she_ends(history: list[Decision]) -> None:
    direct = standing = after(None, follow(None, Change.NEW, history[-1]))
    for number, made in enumerate(history):
        standing = after(None if number == 0 else standing, follow(None if number == 0 else standing, Change.CHANGED, made))
    assert standing.live_settings == direct.live_settings
    assert [one.reason for one in standing.reviews] == [one.reason for one in direct.reviews]
    assert standing.outcome == direct.outcome


@given(_standings())
def test_a_defect_takes_nothing_away_and_asks_somebody(standing: Standing) -> None:
    now = after(standing, follow(standing, Change.CHANGED, Held(reason=NOT_DECIDED)))
    assert now.live == standing.live
    assert now.reviews


def test_a_team_told_during_a_closure_stays_with_a_setting_that_stays() -> None:
    live = (at("900001", "c"), at("900002", "c"), at(TEAM, "c", kind="team"))
    standing = Standing(outcome="matched", rule="upn", incident_version=1, live=live)
    kept = follow(standing, Change.CHANGED, matched("900001", "900003"))
    assert (set(kept.leaves), kept.setting_ids) == ({"to-900002"}, ("900003",))
    moved = follow(standing, Change.CHANGED, matched("900003"))
    assert (set(moved.leaves), moved.setting_ids) == ({"to-900001", "to-900002", f"to-{TEAM}"}, ("900003",))


def test_a_decision_that_hung_on_a_sibling_is_made_again() -> None:
    review = OpenReview(review_id="r", reason="twin", deadline_at=AT)
    twin = Standing(outcome="held", rule="twin", incident_version=1, evidence=(PUPIL_SHARED,), reviews=(review,))
    assert follow(twin, Change.SAME, matched("900001")).setting_ids == ("900001",)
    alone = Standing(outcome="matched", rule="upn", incident_version=1, live=(at("900001", "c"),))
    assert follow(alone, Change.SAME, Held(reason="twin", evidence=(PUPIL_SHARED,))).leaves == {"to-900001"}


def test_every_child_is_somewhere_or_nothing_is_written() -> None:
    every_child_somewhere(["a", "b", "c", "d"], ["a", "a", "d"], ["b", "a"], ["c"])
    with pytest.raises(Misuse):
        every_child_somewhere(["a", "b"], ["a"], [], [])


# --- destinations -------------------------------------------------------------------------------------------------------

POLICY = parse(POLICY_TEXT, source="test")
PLAIN = Calendar(bank_holidays=frozenset())
FRIDAY_NOON, MONDAY, SATURDAY = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((20, 12), (23, 8), (21, 8)))


def to_school(deadline_at: datetime, urgency: Urgency = "ordinary") -> Destination:
    return Destination(
        kind="setting",
        ref="900001",
        purpose="school-day",
        child_ids=("c",),
        send_at=FRIDAY_NOON,
        deadline_at=deadline_at,
        urgency=urgency,
        calendar_known=True,
        policy_version="p",
    )


def test_what_is_told_again_is_due_before_the_next_school_day() -> None:
    due = again(PLAIN, POLICY, "school-day", FRIDAY_NOON)
    assert (due.send_at, due.deadline_at, due.urgency) == (FRIDAY_NOON, MONDAY, "ordinary")
    assert again(PLAIN, POLICY, "first-staff-day", FRIDAY_NOON) == due
    live = again(PLAIN, POLICY, "holiday-live", FRIDAY_NOON)
    assert (live.purpose, live.deadline_at) == ("holiday-live", SATURDAY)


def test_a_destination_that_gains_a_child_is_told_as_early_as_she_is_owed() -> None:
    due = again(PLAIN, POLICY, "school-day", FRIDAY_NOON)
    assert stricter(due, None) == due
    gained = stricter(due, to_school(AT, "late-on-arrival"))
    assert (gained.deadline_at, gained.urgency) == (AT, "late-on-arrival")
    assert stricter(due, to_school(MONDAY + timedelta(days=1))).deadline_at == MONDAY


def test_rounds_are_counted_for_each_recipient_purpose_and_version() -> None:
    known = (at("900001", "c"), at("900002", "c"))
    assert [next_round(known, to_school(MONDAY), number) for number in (1, 2)] == [2, 1]
    assert [is_supplement(some, to_school(MONDAY)) for some in (known, known[1:], ())] == [True, False, False]


def test_where_a_child_is_and_was() -> None:
    known = (at("900001", "c", "d"), at("900002", former=("c",), live=False), at(TEAM, "d", kind="team"))
    assert [one.ref for one in live_in(known, "c")] == ["900001"]
    assert recalled_refs(known, ["to-900002", f"to-{TEAM}", "elsewhere"]) == {"900002"}
