"""The token buckets: what they allow, and how little they remember."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from shared.clock import ManualClock
from shared.web.limits import Limits, TooMany, client

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def allowed(limits: Limits, who: str = "a", route: str = "/r") -> bool:
    try:
        limits.take(route, who, each_minute=30, burst=5)
    except TooMany:
        return False
    return True


@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=60))
def test_never_more_than_the_burst_and_the_rate(gaps: list[float]) -> None:
    clock = ManualClock(START)
    limits = Limits(clock)
    taken = 0
    for gap in gaps:
        clock.move_to(clock.now() + timedelta(seconds=gap))
        taken += allowed(limits)
    elapsed = (clock.now() - START).total_seconds()
    assert 1 <= taken <= 5 + elapsed / 2 + 1e-6


def test_clients_and_routes_do_not_use_up_each_other() -> None:
    limits = Limits(ManualClock(START))
    assert [allowed(limits) for _ in range(6)] == [True] * 5 + [False]
    assert allowed(limits, who="b")
    assert allowed(limits, route="/other")


def test_waiting_as_told_is_enough() -> None:
    clock = ManualClock(START)
    limits = Limits(clock)
    for _ in range(5):
        limits.take("/r", "a", each_minute=30, burst=5)
    with pytest.raises(TooMany) as refused:
        limits.take("/r", "a", each_minute=30, burst=5)
    clock.move_to(clock.now() + timedelta(seconds=refused.value.retry_after_seconds))
    assert allowed(limits)


def test_memory_is_bounded_and_the_oldest_is_forgotten() -> None:
    limits = Limits(ManualClock(START), most_buckets=10)
    for _ in range(5):
        assert allowed(limits, who="first")
    assert not allowed(limits, who="first")
    for number in range(10):
        assert allowed(limits, who=f"client {number}")
    assert allowed(limits, who="first")
    assert len(limits._buckets) == 10


@pytest.mark.parametrize(
    ("host", "key"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("a name", "a name")],
)
def test_a_caller_is_its_address_or_its_site(host: str, key: str) -> None:
    assert client(Request({"type": "http", "client": (host, 1), "headers": []})) == key
