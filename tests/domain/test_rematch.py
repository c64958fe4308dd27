"""On the morning of the first staff day: moved, left, doubtful or still there, a child is never with nobody."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.decision import REASONS, Decision, Excluded, Held, Matched
from services.router.domain.rematch import ROLL_CHANGED, Rematch, found_since, rematch
from services.router.domain.revision import OpenReview, Standing
from services.router.domain.standing import Known
from tests.domain.test_deadline import london

OLD, NEW, OTHER = "900001", "900002", "900004"
PLACES = (OLD, NEW, OTHER)


def matched(*setting_ids: str) -> Matched:
    return Matched(pupil_id="p1", authority="testshire", setting_ids=setting_ids, rule="upn", evidence=("upn-agrees",))


def known(ref: str, purpose: str = "first-staff-day") -> Known:
    return Known(
        destination_id=f"{ref}-{purpose}",
        incident_version=1,
        round=1,
        kind="setting",
        ref=ref,
        purpose=purpose,  # type: ignore[arg-type]
        policy_version="v",
        is_live=True,
        child_ids=frozenset({"C1"}),
        former_ids=frozenset(),
    )


def standing(*refs: str, **values: object) -> Standing:
    whole: dict[str, object] = {"outcome": "matched", "rule": "upn", "incident_version": 1, "live": tuple(known(one) for one in refs)}
    return Standing(**whole | values)  # type: ignore[arg-type]


DECISIONS: st.SearchStrategy[Decision] = st.one_of(
    st.lists(st.sampled_from(PLACES), max_size=3, unique=True).map(lambda refs: matched(*refs)),  # none: between schools
    st.sampled_from(REASONS).map(lambda reason: Held(reason=reason)),
    st.just(Excluded(reason="over-18")),
)
STANDINGS = st.builds(
    lambda refs, person, pupil, review, recalled: standing(
        *refs,
        is_by_person=person,
        evidence=("held-twin", "chose-pupil" if pupil else "chose-setting"),
        reviews=(OpenReview(review_id="r", reason="twin", deadline_at=london(2027, 1, 4, 7)),) if review else (),
        recalled_refs=frozenset(recalled) - frozenset(refs),
    ),
    st.sets(st.sampled_from(PLACES), min_size=1, max_size=2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sets(st.sampled_from(PLACES), max_size=1),
)


@given(STANDINGS, DECISIONS, st.none() | st.sets(st.sampled_from(PLACES)), st.sets(st.sampled_from(PLACES)))
def test_nobody_is_with_nobody_and_nothing_is_told_where_she_has_left(
    before: Standing, decision: Decision, pupil_settings: set[str] | None, with_roll: set[str]
) -> None:
    waiting = before.live_settings
    follows = rematch(before, waiting, decision, pupil_settings=pupil_settings, known=with_roll)
    stays = waiting - follows.leaves
    # Silence never: she stays somewhere, is told of somewhere new, or a person is asked, if not by this then already.
    assert stays or follows.setting_ids or follows.to_team or follows.review
    assert follows.leaves <= waiting
    # Duplicates never.
    assert not set(follows.setting_ids) & waiting
    assert not (follows.to_team and (follows.setting_ids or follows.review))
    assert (follows.decision is None) == (not follows.leaves and not follows.setting_ids and follows.review is None)
    # The old setting learns nothing, and one that has sent her back is never told again by a rule.
    if isinstance(decision, Matched) and not before.reviews:
        assert not stays - set(decision.setting_ids)
    assert not set(follows.setting_ids) & before.recalled_refs
    # Nobody is taken from a setting for want of a roll that could know of her.
    if isinstance(decision, Held) and decision.reason == "not-on-roll" and not waiting <= with_roll and not before.is_by_person:
        assert stays == waiting


@given(STANDINGS, DECISIONS)
def test_where_nothing_has_changed_nothing_follows(before: Standing, decision: Decision) -> None:
    same = matched(*sorted(before.live_settings))
    if not before.recalled_refs & before.live_settings:
        assert rematch(before, before.live_settings, same, known=PLACES).decision is None


def test_moved_left_and_doubtful() -> None:
    here = standing(OLD)
    moved = rematch(here, {OLD}, matched(NEW), known=PLACES)
    assert (moved.leaves, moved.setting_ids, moved.review) == (frozenset({OLD}), (NEW,), None)
    both = rematch(here, {OLD}, matched(OLD, NEW), known=PLACES)
    assert (both.leaves, both.setting_ids) == (frozenset(), (NEW,))
    left = rematch(here, {OLD}, Held(reason="not-on-roll"), known=PLACES)
    assert (left.leaves, left.to_team, left.review) == (frozenset({OLD}), True, None)
    doubtful = rematch(here, {OLD}, Held(reason="school-disagrees"), known=PLACES)
    assert (doubtful.leaves, doubtful.review) == (frozenset({OLD}), "school-disagrees")


def test_what_a_person_chose_stays_until_the_roll_contradicts_it() -> None:
    chosen = standing(OLD, is_by_person=True, evidence=("held-no-name", "chose-setting"))
    assert rematch(chosen, {OLD}, Held(reason="no-name"), known=PLACES).decision is None
    contradicted = rematch(chosen, {OLD}, matched(NEW), known=PLACES)
    assert (contradicted.leaves, contradicted.review, contradicted.setting_ids) == (frozenset({OLD}), ROLL_CHANGED, ())
    pupil = standing(OLD, is_by_person=True, evidence=("held-twin", "chose-pupil"))
    assert rematch(pupil, {OLD}, Held(reason="twin"), pupil_settings={OLD}).decision is None
    for now in ({NEW}, None):
        assert rematch(pupil, {OLD}, Held(reason="twin"), pupil_settings=now).review == ROLL_CHANGED


def test_a_team_that_a_person_chose_keeps_the_child_whatever_a_roll_says() -> None:
    standing = Standing(outcome="matched", rule="reviewer", incident_version=1, is_by_person=True)
    made = Matched(pupil_id="p1", authority="testshire", setting_ids=("900001",), rule="upn", evidence=())
    assert found_since(standing, made) == Rematch()
    assert found_since(replace(standing, is_by_person=False), made).setting_ids == ("900001",)
