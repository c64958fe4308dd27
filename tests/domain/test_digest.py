"""The list of a first staff day: one order for the same notifications, and which message stands for which."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.digest import Carrier, Item, Line, Stands, carrier, ordered
from services.notifier.domain.rungs import Result

MORNING = datetime(2027, 1, 4, 7, tzinfo=UTC)
URGENCIES = st.sampled_from(["ordinary", "urgent", "late-on-arrival"])
ITEMS = st.lists(
    st.builds(
        Item,
        notification_id=st.uuids().map(str),
        collecting=st.booleans(),
        urgency=URGENCIES,
        opened_at=st.integers(0, 20).map(lambda days: MORNING - timedelta(days=days)),
        children=st.integers(1, 4),
        stands=st.sampled_from(Stands),
    ),
    max_size=8,
    unique_by=lambda item: item.notification_id,
)


def item(number: int, *, collecting: bool = False, urgency: str = "ordinary", days: int = 1) -> Item:
    opened_at = MORNING - timedelta(days=days)
    return Item(notification_id=f"n{number}", collecting=collecting, urgency=urgency, opened_at=opened_at, children=1, stands=Stands.OPEN)


def test_conditions_on_collection_first_then_urgency_then_the_newest() -> None:
    oldest, newest, late = item(1, days=9), item(2, days=1), item(3, days=5, urgency="late-on-arrival")
    urgent, collecting = item(4, days=2, urgency="urgent"), item(5, days=14, collecting=True)
    assert [one.notification_id for one in ordered([oldest, newest, late, urgent, collecting])] == ["n5", "n3", "n4", "n2", "n1"]


@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_is_total_and_leaves_nobody_out(items: list[Item], dice: Random) -> None:
    shuffled = list(items)
    dice.shuffle(shuffled)
    listed = ordered(shuffled)
    assert listed == ordered(items)
    assert sorted(one.notification_id for one in listed) == sorted(one.notification_id for one in items)
    for before, after in itertools.pairwise(listed):
        assert before.collecting >= after.collecting
        if before.collecting == after.collecting and before.urgency == after.urgency:
            assert before.opened_at >= after.opened_at


@given(ITEMS, st.integers(1, 9), st.sampled_from(Stands))
def test_it_goes_by_coded_facts_alone(items: list[Item], children: int, stands: Stands) -> None:
    """How many children it tells of, and whether somebody acts already, moves nothing."""
    changed = [replace(one, children=children, stands=stands) for one in items]
    assert [one.notification_id for one in ordered(changed)] == [one.notification_id for one in ordered(items)]


LINE = Line(setting_id="900001", contact_id="dsl", channel="email", opened_at=MORNING)


def sent(number: int = 1, **values: object) -> Carrier:
    whole: dict[str, object] = {
        "attempt_id": f"a{number}",
        "notification_id": f"n{number}",
        "setting_id": "900001",
        "contact_id": "dsl",
        "channel": "email",
        "started_at": MORNING,
        "result": Result.HANDED_OVER,
    }
    return Carrier(**whole | values)  # type: ignore[arg-type]


def test_a_message_stands_for_another_of_the_same_morning_place_person_and_channel() -> None:
    assert carrier(LINE, "n9", [sent()]) == sent()
    assert carrier(LINE, "n9", [sent(result=Result.STARTED)]) == sent(result=Result.STARTED)
    later = sent(2, started_at=MORNING + timedelta(seconds=1))
    assert carrier(LINE, "n9", [sent(), later]) == later
    for other in (
        sent(setting_id="900002"),
        sent(contact_id="head"),
        sent(channel="sms"),
        sent(result=Result.REFUSED),
        sent(result=Result.TRY_AGAIN),
        sent(result=Result.UNKNOWN),
        sent(started_at=MORNING - timedelta(seconds=1)),  # whoever read that one could not see this
        sent(notification_id="n9"),  # its own: what it repeats is no other's
    ):
        assert carrier(LINE, "n9", [other]) is None
