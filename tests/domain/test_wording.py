"""A message says that there is one, for whom and by when, holds one link, and cannot be bent by a setting's name."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.messages import EMAIL, SMS, Message, fault
from services.notifier.domain.wording import (
    GSM_BASIC,
    GSM_EXTENDED,
    NO_NAME,
    SETTING_LENGTH_MAX,
    Text,
    chaser_text,
    clean_name,
    code_text,
    email_text,
    septets,
    sms_text,
)

DEADLINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOW = DEADLINE - timedelta(hours=9)
LINK = "https://notify.example.com/m/" + "Aa0-_" * 4
FORBIDDEN = re.compile(
    r"encompass|police|abuse|safeguard|child|pupil|domestic|violen|incident|victim|officer|urgent|social|crime|harm|family|parent",
    re.IGNORECASE,
)
LINKED = re.compile(r"://|www\.\w|@|[^\W_]\.[^\W_]")

nasty = st.text(max_size=120) | st.lists(
    st.sampled_from(
        [
            "St",
            ".",
            "Mary",
            "'s",
            "\r\n",
            "Bcc:",
            "x@example.com",
            "https://",
            "example.com",
            "www.",
            "\u202e",
            "\u200b",
            "/",
            "\\",
            "\u3002",
            " ",
            "ŵ",
            "€",
            "😀",
            "\uff0e",
        ]
    ),
    max_size=25,
).map("".join)
instants = st.integers(-3000, 3000).map(lambda minutes: NOW + timedelta(minutes=minutes))


def test_the_words() -> None:
    text = email_text("Testwood Primary", DEADLINE, NOW, LINK, repeat=False)
    assert text.subject == "A message for Testwood Primary"
    assert text.body == f"You have a message for Testwood Primary. Please read it before 08:00 on Monday 23 November.\n\n{LINK}"
    assert sms_text("Testwood Primary", DEADLINE, NOW, LINK, repeat=False).body.splitlines() == [
        "You have a message for Testwood Primary. Please read it before 08:00 on Monday 23 November.",
        LINK,
    ]


def test_summer_time_is_the_wall_clocks() -> None:
    july = datetime(2026, 7, 6, 7, 0, tzinfo=UTC)
    assert "before 08:00 on Monday 6 July." in email_text("T", july, july - timedelta(hours=1), LINK, repeat=False).body


@pytest.mark.parametrize("late_by", [timedelta(0), timedelta(minutes=1), timedelta(days=2)])
def test_a_passed_deadline_is_as_soon_as_you_can(late_by: timedelta) -> None:
    for text in (email_text, sms_text):
        assert ". Please read it as soon as you can.\n" in text("Testwood Primary", DEADLINE, DEADLINE + late_by, LINK, repeat=False).body


def test_a_repeat_says_so() -> None:
    text = email_text("Testwood Primary", DEADLINE, NOW, LINK, repeat=True)
    assert text.subject.startswith("Sent again: ")
    assert text.body.startswith("Sent again: You have a message")
    assert sms_text("Testwood Primary", DEADLINE, NOW, LINK, repeat=True).body.startswith("Sent again: You have")


def test_the_code_message() -> None:
    assert code_text("123456", 15) == Text(subject="Your code", body="Your code is 123456. It works for 15 minutes.")


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  Testwood\tPrimary ", "Testwood Primary"),
        ("St.Mary's\r\nBcc: x@example.com", "St. Mary's Bcc: x at example. com"),
        ("Testwood https://example.com/x", "Testwood https: example. com/x"),
        ("Ysgol y Dŵr", "Ysgol y Dŵr"),
        ("Test\u202ewood \u200bPrimary", "Test wood Primary"),
        ("\r\n \u200b...", NO_NAME),
        ("", NO_NAME),
    ],
)
def test_names_become_one_safe_line(written: str, clean: str) -> None:
    assert clean_name(written) == clean


@given(name=nasty)
def test_a_clean_name_is_one_line_and_makes_no_link(name: str) -> None:
    clean = clean_name(name)
    assert clean.isprintable()
    assert 0 < len(clean) <= SETTING_LENGTH_MAX
    assert not LINKED.search(clean)


@given(name=nasty, deadline_at=instants, repeat=st.booleans())
def test_any_name_gives_one_link_no_second_line_and_no_other_words(name: str, deadline_at: datetime, repeat: bool) -> None:
    for build, channel, to in ((email_text, EMAIL, "dsl@testwood.example.com"), (sms_text, SMS, "+447700900123")):
        text = build(name, deadline_at, NOW, LINK, repeat=repeat)
        notice, *rest = text.body.split("\n")
        assert [line for line in rest if line] == [LINK]
        assert not LINKED.search(notice)
        assert fault(channel, Message(attempt_id="a-1", to=to, subject=text.subject, body=text.body)) is None
        own = clean_name(name)
        assert channel == SMS or not FORBIDDEN.search((text.subject + notice).replace(own, ""))


@given(deadline_at=instants, repeat=st.booleans())
def test_a_setting_s_own_name_is_the_only_way_for_a_word_to_get_in(deadline_at: datetime, repeat: bool) -> None:
    for build in (email_text, sms_text):
        text = build("Testwood", deadline_at, NOW, LINK, repeat=repeat)
        assert not FORBIDDEN.search(text.subject + text.body)
    text = chaser_text("Testwood", "01632 960123", deadline_at, NOW, repeat=repeat)
    assert not FORBIDDEN.search(text.subject + text.body)


@given(name=nasty | st.text(alphabet="abcdefghij é'-.", max_size=100), deadline_at=instants, repeat=st.booleans())
def test_a_text_message_is_one_part_of_gsm_characters(name: str, deadline_at: datetime, repeat: bool) -> None:
    body = sms_text(name, deadline_at, NOW, LINK, repeat=repeat).body
    assert set(body) <= GSM_BASIC | GSM_EXTENDED
    assert septets(body) <= 160


@given(name=nasty, length=st.integers(0, 300))
def test_a_link_is_never_cut(name: str, length: int) -> None:
    link = LINK + "a" * length
    body = sms_text(name, DEADLINE, NOW, link, repeat=True).body
    assert body.endswith("\n" + link)
    assert len(body) <= 130 + len(link)


def test_a_shortened_name_ends_at_a_word() -> None:
    body = sms_text("Testwood Church of England Voluntary Aided Primary School", DEADLINE, NOW, LINK + "a" * 20, repeat=False).body
    assert body.startswith("You have a message for Testwood Church of...")
    assert "before 08:00 on Mon 23 Nov." in body


def test_a_chaser_names_setting_and_number_and_holds_no_link() -> None:
    body = chaser_text("Testwood Primary", "01632 960123; <b>", DEADLINE, NOW, repeat=False).body
    assert body == (
        "Testwood Primary has a message that nobody there has answered. Please telephone them on 01632 960123 "
        "and ask them to read it before 08:00 on Monday 23 November."
    )
    again = chaser_text("Testwood Primary", "", DEADLINE, NOW, repeat=True)
    assert "telephone them and ask" in again.body
    assert again.body.startswith("Sent again: ")
    assert again.subject == "Sent again: a message for Testwood Primary"


def test_nothing_of_a_text_or_message_is_in_its_repr() -> None:
    text = email_text("Testwood Primary", DEADLINE, NOW, LINK, repeat=False)
    message = Message(attempt_id="a-1", to="dsl@testwood.example.com", subject=text.subject, body=text.body)
    assert repr(text) == "Text()"
    assert repr(message) == "Message(attempt_id='a-1')"
