"""What a later version does to a notification, over random notifications and versions; and what a page says of the change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.content import Told
from services.notifier.domain.revision import Earlier, Revision, differences, earlier, is_on_record, is_stale, revise, shown
from services.notifier.domain.states import Answer, ChildState, Stage, State
from shared.events import ContentViewed, Fact, IncidentRouted, NotificationOpened, NotificationRevised
from shared.policy import OwnerKind, Policy, Teams
from shared.report.model import Report
from tests.samples import sample_report

TODAY = date(2026, 11, 23)
POLICY = Policy(
    owner_kind=OwnerKind.FORCE,
    owner="testshire",
    name="Testshire",
    effective_from_on=date(2026, 9, 1),
    teams=Teams(review="review", live="duty", phone="desk", authority_lead="lead"),
)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
IDS = ("c1", "c2", "c3", "c4")
PEOPLE = ("dsl", "deputy", "head")


def acknowledged(child_id: str, who: str) -> ChildState:
    return ChildState(child_id=child_id, answer=Answer.ON_OUR_ROLL, acknowledged_by=who, acknowledged_at=AT)


def states(child_id: str) -> st.SearchStrategy[ChildState]:
    return st.one_of(
        st.just(ChildState(child_id=child_id)),
        st.just(ChildState(child_id=child_id, answer=Answer.ON_OUR_ROLL)),
        st.sampled_from(PEOPLE).map(lambda who: acknowledged(child_id, who)),
        st.just(ChildState(child_id=child_id, answer=Answer.NOT_OURS, recalled_at=AT)),
        st.just(ChildState(child_id=child_id, withdrawn_at=AT)),
    )


notifications = st.sets(st.sampled_from(IDS), min_size=1).flatmap(lambda ids: st.tuples(*(states(child_id) for child_id in sorted(ids))))
versions = st.frozensets(st.sampled_from(IDS))
contacts = st.frozensets(st.sampled_from(PEOPLE))


def revised(children: tuple[ChildState, ...], child_ids: frozenset[str], changed: frozenset[str], messaged: frozenset[str]) -> Revision:
    stage = State(children=children).stage
    return revise(children, child_ids, changed, stage=stage, messaged=messaged, shown_to=messaged, at=AT)


@given(children=notifications, child_ids=versions, changed=versions, messaged=contacts)
def test_every_version_leaves_exactly_its_children_but_those_that_the_setting_refused(
    children: tuple[ChildState, ...], child_ids: frozenset[str], changed: frozenset[str], messaged: frozenset[str]
) -> None:
    after = revised(children, child_ids, changed, messaged)
    recalled = {child.child_id for child in children if child.recalled_at}
    assert set(after.own) == child_ids - recalled
    assert {child.child_id for child in after.children} >= {child.child_id for child in children}
    assert [child for child in after.children if child.recalled_at] == [child for child in children if child.recalled_at]


@given(children=notifications, child_ids=versions, changed=versions, messaged=contacts)
def test_an_acknowledgement_stands_exactly_while_its_page_does(
    children: tuple[ChildState, ...], child_ids: frozenset[str], changed: frozenset[str], messaged: frozenset[str]
) -> None:
    after = {child.child_id: child for child in revised(children, child_ids, changed, messaged).children}
    for child in children:
        stays = child.is_own and child.child_id in child_ids - changed
        assert after[child.child_id].acknowledged_by == (child.acknowledged_by if stays else None)


@given(children=notifications, child_ids=versions, changed=versions, messaged=contacts)
def test_the_same_version_again_changes_nothing_and_tells_nobody(
    children: tuple[ChildState, ...], child_ids: frozenset[str], changed: frozenset[str], messaged: frozenset[str]
) -> None:
    once = revised(children, child_ids, changed, messaged)
    again = revised(once.children, child_ids, frozenset(), messaged)
    assert again.children == once.children
    assert (again.is_material, again.reopens, again.tell_changed, again.tell_withdrawn) == (False, False, frozenset(), frozenset())


@given(children=notifications, child_ids=versions, changed=versions, messaged=contacts)
def test_who_is_told_and_when_it_opens_again(
    children: tuple[ChildState, ...], child_ids: frozenset[str], changed: frozenset[str], messaged: frozenset[str]
) -> None:
    stage = State(children=children).stage
    after = revised(children, child_ids, changed, messaged)
    assert after.reopens == (stage is not Stage.OPEN and after.stage is Stage.OPEN)
    assert not after.reopens or after.added or after.changed
    assert not (after.tell_changed and after.tell_withdrawn)
    assert after.tell_changed | after.tell_withdrawn <= messaged
    assert bool(after.tell_withdrawn) == bool(messaged and after.removed and not after.own)
    if after.is_material and after.stage is Stage.OPEN:
        assert after.tell_changed == messaged


def test_only_whoever_still_reads_it_hears_that_one_of_several_children_is_gone() -> None:
    children = (acknowledged("c1", "dsl"), acknowledged("c2", "dsl"))
    after = revised(children, frozenset({"c1"}), frozenset(), frozenset({"dsl", "deputy"}))
    assert (after.stage, after.reopens, after.tell_changed) == (Stage.ACKNOWLEDGED, False, frozenset({"dsl"}))


# --- the page after a change ----------------------------------------------------------------------------------------------------------


def test_a_page_differs_by_what_it_shows_and_by_flags_and_by_nothing_else() -> None:
    def labels(index: int = 0, **changes: Any) -> tuple[str, ...]:
        body = sample_report()
        body["children"][index] |= changes
        was, now = (shown(Report.model_validate(one), "C1", POLICY, TODAY, Told()) for one in (sample_report(), body))
        assert (was == now) == (differences(was, now) == ())
        return differences(was, now)

    assert labels() == labels(address="1 Other Road", postcode="ZZ99 9ZZ") == ()
    assert labels(1, presence="elsewhere", full_name="Sibling Renamed", date_of_birth="2012-01-01") == ()
    assert labels(presence="elsewhere") == ("Was the child there?",)
    assert labels(full_name="Another Name", date_of_birth="2018-01-02")[:2] == ("Name", "Date of birth")
    assert "What to do and what not to do" in labels(handling_flags=["refuge"])
    assert "Kind of place" in labels(1, handling_flags=["refuge"])


# --- what she had read ----------------------------------------------------------------------------------------------------------------


def opened() -> NotificationOpened:
    return NotificationOpened(
        incident_id="i", notification_id="n", destination_id="d", destination_kind="setting", destination_ref="1", purpose="school-day",
        child_ids=("c1",), deadline_at=AT, next_action_at=AT, policy_version="p", opened_at=AT,
    )  # fmt: skip


def version(number: int, *child_ids: str, changed: tuple[str, ...] = ()) -> NotificationRevised:
    return NotificationRevised(
        incident_id="i", notification_id="n", incident_version=number, destination_id="d", child_ids=child_ids, changed_child_ids=changed,
        deadline_at=AT, next_action_at=None, revised_at=AT,
    )  # fmt: skip


def viewed(who: str = "dsl") -> ContentViewed:
    return ContentViewed(incident_id="i", notification_id="n", contact_id=who, child_ids=("c1",), viewed_at=AT)


def before(*facts: Fact) -> Earlier | None:
    return earlier(facts, "n", "d", "dsl")


def test_what_changed_is_counted_from_what_she_read_last_before_the_change() -> None:
    first = Earlier(incident_version=1, child_ids=frozenset({"c1"}), read=frozenset({"c1"}))
    change = version(3, "c1", changed=("c1",))
    assert before(opened(), viewed()) is None
    assert before(opened(), change) is None
    assert before(opened(), viewed("head"), change) is None
    assert before(opened(), viewed(), version(2, "c1")) is None
    assert before(opened(), viewed(), version(2, "c1"), change) == first
    assert before(opened(), viewed(), change, viewed()) == first
    assert before(opened(), viewed(), change, version(4, "c1", changed=("c1",))) == first
    assert before(opened(), viewed(), version(2, "c1"), viewed(), change) == replace(first, incident_version=2)


def test_a_page_is_stale_after_a_change_that_matters_and_after_no_other() -> None:
    silent, change, added = version(2, "c1"), version(3, "c1", changed=("c1",)), version(4, "c1", "c2", changed=("c2",))
    assert not is_stale((opened(), silent), "n", 1)
    assert is_stale((opened(), silent, change), "n", 2)
    assert not is_stale((opened(), silent, change), "n", 3)
    assert is_stale((opened(), silent, change, added), "n", 3)
    assert is_stale((opened(), version(2)), "n", 1)
    assert not is_stale((opened(), change), "another", 1)


def test_a_view_is_on_record_until_the_next_version() -> None:
    facts = (opened(), viewed())
    assert is_on_record(facts, "n", "dsl", ["c1"], AT.replace(hour=8))
    assert not is_on_record(facts, "n", "dsl", ["c1", "c2"], AT.replace(hour=8))
    assert not is_on_record(facts, "n", "dsl", ["c1"], AT)
    assert not is_on_record((*facts, version(2, "c1")), "n", "dsl", ["c1"], AT.replace(hour=8))


def test_the_version_before_any_change_is_the_routed_one() -> None:
    routed = IncidentRouted(
        incident_id="i", incident_version=4, destination_id="d", destination_kind="setting", destination_ref="1", purpose="school-day",
        child_ids=("c1",), send_at=AT, deadline_at=AT, urgency="ordinary", policy_version="p", routed_at=AT,
    )  # fmt: skip
    found = before(routed, opened(), viewed(), version(5, "c1", changed=("c1",)))
    assert found is not None
    assert found.incident_version == 4
