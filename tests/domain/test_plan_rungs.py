"""What a rung owes: nobody is told twice without need, nobody who could be reached is given up, and every rung comes to an end."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.rungs import (
    AGAIN_AFTER,
    ROUNDS_MAX,
    Recipient,
    Result,
    Tried,
    again_at,
    one_way_only,
    outcome,
    owed,
    quiet_until,
)
from shared.policy import QuietHours

NOW = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
BOTH = Recipient(rung=1, contact_id="a", channels=(EMAIL, SMS))
ANSWERS = st.sampled_from([Result.HANDED_OVER, Result.TRY_AGAIN, Result.REFUSED, Result.UNKNOWN, Result.STARTED])
RECIPIENTS = st.lists(
    st.builds(Recipient, rung=st.just(1), contact_id=st.sampled_from("abc"), channels=st.sampled_from([(EMAIL,), (SMS,), (EMAIL, SMS)])),
    unique_by=lambda one: one.contact_id,
    max_size=3,
)


def carried_out(recipients: list[Recipient], answers: st.DataObject, quiet: datetime | None) -> tuple[list[Tried], datetime]:
    """Follow the rule to its end, drawing what becomes of every message."""
    tried: list[Tried] = []
    now = NOW
    for _ in range(100):
        for one in owed(recipients, tried, now, quiet if quiet and now < quiet else None):
            result = answers.draw(ANSWERS)
            before = [known for known in tried if (known.contact_id, known.channel) == (one.contact_id, one.channel)]
            assert one.round == len(before) + 1
            assert one.is_repeat == any(known.result in (Result.STARTED, Result.UNKNOWN) for known in before)
            assert not {known.result for known in before} & {Result.HANDED_OVER, Result.REFUSED}
            tried.append(
                Tried(
                    rung=1,
                    contact_id=one.contact_id,
                    channel=one.channel,
                    round=one.round,
                    result=result,
                    ended_at=None if result is Result.STARTED else now,
                )
            )
        upcoming = again_at(recipients, tried, now, quiet if quiet and now < quiet else None)
        if upcoming is None:
            return tried, now
        assert upcoming > now or any(known.result is Result.STARTED for known in tried)
        now = max(now, upcoming)
    raise AssertionError("the rung never comes to an end")


@given(RECIPIENTS, st.data(), st.sampled_from([None, NOW + timedelta(hours=7)]))
def test_a_rung_comes_to_an_end_and_has_tried_everyone(recipients: list[Recipient], answers: st.DataObject, quiet: datetime | None) -> None:
    tried, now = carried_out(recipients, answers, quiet)
    for one in recipients:
        for channel in one.channels:
            rounds = [known for known in tried if (known.contact_id, known.channel) == (one.contact_id, channel)]
            settled = rounds[-1].result in (Result.HANDED_OVER, Result.REFUSED)
            assert 1 <= len(rounds) <= ROUNDS_MAX
            assert settled or len(rounds) == ROUNDS_MAX
    reached = any(known.result is Result.HANDED_OVER for known in tried)
    expected = None if not recipients else Result.HANDED_OVER if reached else Result.REFUSED
    assert outcome(recipients, tried, now) is expected


def test_a_text_message_waits_for_quiet_hours_to_end_and_an_e_mail_does_not() -> None:
    assert [one.channel for one in owed([BOTH], [], NOW, NOW + timedelta(hours=7))] == [EMAIL]
    assert again_at([BOTH], [tried(EMAIL, Result.HANDED_OVER)], NOW, NOW + timedelta(hours=7)) == NOW + timedelta(hours=7)


def test_one_that_was_broken_off_goes_out_again_at_once_and_a_failed_one_after_a_minute() -> None:
    assert owed([BOTH], [tried(EMAIL, Result.STARTED), tried(SMS, Result.HANDED_OVER)], NOW, None)[0].is_repeat
    assert owed([BOTH], [tried(EMAIL, Result.TRY_AGAIN), tried(SMS, Result.HANDED_OVER)], NOW, None) == ()
    later = owed([BOTH], [tried(EMAIL, Result.TRY_AGAIN), tried(SMS, Result.HANDED_OVER)], NOW + AGAIN_AFTER, None)
    assert [(one.round, one.is_repeat) for one in later] == [(2, False)]


def test_two_ways_are_two_ways_until_one_is_refused() -> None:
    assert not one_way_only(BOTH, [])
    assert one_way_only(BOTH, [tried(SMS, Result.REFUSED)])
    assert one_way_only(Recipient(rung=1, contact_id="a", channels=(EMAIL,)), [])


@given(
    st.integers(0, 600 * 24 * 60).map(lambda number: NOW + timedelta(minutes=number)),
    st.times(),
    st.times(),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)
def test_quiet_hours_never_carry_a_message_past_its_deadline(now: datetime, start: time, end: time, until: timedelta) -> None:
    quiet = QuietHours(start=start.replace(microsecond=0), end=end.replace(microsecond=0))
    waits = quiet_until(quiet, now, now + until)
    assert waits is None or now < waits < now + until


def test_quiet_hours_by_the_clock_on_the_wall() -> None:
    quiet = QuietHours(start=time(21), end=time(6, 30))
    summer = datetime(2026, 6, 10, 20, 30, tzinfo=UTC)  # 21:30 in London
    assert quiet_until(quiet, summer, summer + timedelta(days=1)) == datetime(2026, 6, 11, 5, 30, tzinfo=UTC)
    assert quiet_until(quiet, NOW, NOW + timedelta(days=1)) == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert quiet_until(quiet, NOW, NOW + timedelta(hours=7)) is None
    assert quiet_until(quiet, NOW.replace(hour=12), NOW + timedelta(days=1)) is None


def tried(channel: str, result: Result) -> Tried:
    ended_at = None if result is Result.STARTED else NOW
    return Tried(rung=1, contact_id="a", channel=channel, round=1, result=result, ended_at=ended_at)
