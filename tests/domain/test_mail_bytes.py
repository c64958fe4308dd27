"""A simple mail is written from a template, any other is composed by the library: where both can, they give the same bytes."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.channels import smtp
from services.notifier.channels.smtp import Security, SmtpChannel, SmtpServer
from services.notifier.domain.messages import Message
from shared.clock import ManualClock

CHANNEL = SmtpChannel(
    SmtpServer(host="mail.example.com", port=25, security=Security.NONE, sender="messages@notify.example.com"),
    ManualClock(datetime(2026, 11, 22, 23, 10, tzinfo=UTC)),
)
ANY = st.text(max_size=70)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=70)
BODIES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=120), min_size=1, max_size=6).map("\n".join)


ADDRESSES = st.one_of(ASCII, st.emails(), st.from_regex(r"[a-z0-9.+_-]{1,40}@[a-z0-9-]{1,12}(\.[a-z-]{2,9}){1,4}", fullmatch=True))


@given(to=ADDRESSES, subject=ASCII, body=BODIES)
@example(to="dsl@testwood.example", subject="A message for Testwood Primary", body="Please read it.\n\n.\nhttps://notify.example.com/m/x\n")
@example(to="dsl@testwood.example", subject="A ?=message: for, <you>", body=" begins with a space \nFrom here")
def test_both_ways_give_the_same_bytes(to: str, subject: str, body: str) -> None:
    message = Message(attempt_id="attempt-1", to=to, subject=subject, body=body)
    if smtp._is_simple(message):
        assert CHANNEL._written(message).decode() == CHANNEL._composed(message).decode()


@given(subject=ANY, body=ANY)
@example(subject="A message\r\nBcc: somebody@example.com", body="x")
@example(subject="=?utf-8?q?=0D=0ABcc=3A_somebody=40example.com?=", body="x")
def test_what_is_not_simple_is_composed(subject: str, body: str) -> None:
    message = Message(attempt_id="attempt-1", to="dsl@testwood.example", subject=subject, body=body)
    is_simple = smtp._is_simple(message)
    if not subject.isascii() or not body.isascii() or "\r" in subject + body or "\n" in subject or "=?" in subject or not subject.strip():
        assert not is_simple


def test_an_ordinary_message_is_simple() -> None:
    body = "Please read it.\n\nhttps://notify.example.com/m/" + "x" * 43
    assert smtp._is_simple(Message(attempt_id="a" * 36, to="dsl@testwood.example", subject="A message for Testwood Primary", body=body))
