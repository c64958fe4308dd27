"""A notice goes over one channel at a time, e-mail first, five times at the most; nothing that it says tells what it is about."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.notices import (
    ATTEMPTS_MAX,
    Next,
    again_at,
    following,
    incident_of_review,
    of_review,
    of_version,
    whom_to_tell,
)
from services.notifier.domain.rungs import Result
from services.notifier.domain.wording import (
    TEXT_MESSAGE_MAX,
    Text,
    changed_text,
    clean_name,
    desk_text,
    picked_up_text,
    septets,
    withdrawn_text,
)

NOW = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
MORNING = NOW + timedelta(hours=7)
channels = st.sampled_from([(), (EMAIL,), (SMS,), (EMAIL, SMS), (SMS, EMAIL)])


@given(channels=channels, answers=st.lists(st.sampled_from(Result), min_size=12, max_size=12), quiet=st.booleans())
def test_a_notice_comes_to_an_end_and_never_goes_back_to_a_channel_that_refused(
    channels: tuple[str, ...], answers: list[Result], quiet: bool
) -> None:
    last: tuple[str, Result] | None = None
    now, used = NOW, list[str]()
    for attempts, answer in enumerate(answers):
        then = following(channels, attempts, last, now, MORNING if quiet and now < MORNING else None)
        if then.at is not None:
            assert (then.at, then.channel) == (MORNING, None)
            now = then.at
            then = following(channels, attempts, last, now, None)
        if then == Next():
            break
        assert then.channel in channels
        assert used.count(then.channel) == 0 or used[-1] == then.channel
        assert then.channel == EMAIL or not (quiet and now < MORNING)
        used.append(then.channel)
        if answer is Result.HANDED_OVER:
            break
        last, now = (then.channel, answer), again_at(attempts + 1, now)
    assert len(used) <= ATTEMPTS_MAX
    assert not channels or used[0] == (EMAIL if EMAIL in channels else SMS)


def test_a_text_message_follows_an_e_mail_that_was_refused_and_waits_for_the_morning() -> None:
    refused = (EMAIL, Result.REFUSED)
    assert following((EMAIL, SMS), 1, refused, NOW, None) == Next(channel=SMS)
    assert following((EMAIL, SMS), 1, refused, NOW, MORNING) == Next(at=MORNING)
    assert following((EMAIL,), 1, refused, NOW, None) == Next()
    assert following((EMAIL, SMS), 1, (EMAIL, Result.UNKNOWN), NOW, MORNING) == Next(channel=EMAIL)


def test_whoever_is_on_duty_is_told_and_without_anyone_the_lead() -> None:
    assert whom_to_tell([("lead", "l"), ("duty", "a"), ("duty", "b")]) == ("a", "b")
    assert whom_to_tell([("lead", "l")]) == ("l",)
    assert whom_to_tell([("other", "o")]) == ()


def test_a_subject_fits_its_column_and_an_escalation_is_another_subject() -> None:
    longest = "0" * 36
    assert len(of_version(longest, 2**63)) <= 80
    assert len(of_review(longest, escalated=True)) <= 80
    assert of_review(longest, escalated=True) != of_review(longest, escalated=False)
    assert {incident_of_review(of_review(longest, escalated=escalated)) for escalated in (True, False)} == {longest}


@given(name=st.text(max_size=120), repeat=st.booleans())
def test_every_notice_is_one_text_message_and_says_nothing(name: str, repeat: bool) -> None:
    address = "https://messages.example/m/" + "x" * 43
    for text in texts(name, address, repeat=repeat):
        assert septets(text.body) <= TEXT_MESSAGE_MAX
        assert text.body.startswith("Sent again: ") == repeat
    assert [address in text.body for text in texts(name, address, repeat=repeat)] == [True, False, False, False, True]


@pytest.mark.parametrize("word", ["child", "pupil", "police", "abuse", "report", "incident", "review", "call", "safeguarding", "encompass"])
def test_no_notice_says_what_it_is_about(word: str) -> None:
    said = [f"{text.subject} {text.body}".lower() for text in texts("Testwood Primary", "https://messages.example/m/x", repeat=False)]
    assert not [text for text in said if word in text]


def texts(name: str, address: str, *, repeat: bool) -> list[Text]:
    assert clean_name(name)
    return [
        changed_text(name, address, repeat=repeat),
        changed_text(name, None, repeat=repeat),
        withdrawn_text(name, repeat=repeat),
        picked_up_text(name, repeat=repeat),
        desk_text(name, address, repeat=repeat),
    ]
