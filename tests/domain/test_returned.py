"""What a mail that came back says: that ours bounced, that nobody is there to read it, or nothing that we understand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.returned import Returned, returned
from services.notifier.domain.rungs import Return

ATTEMPT = "0b8d7c54-3f5e-4d5c-9d1a-7f6a5b4c3d2e"


def report(action: str = "failed", *, headers: str = "text/rfc822-headers", message_id: str = f"<{ATTEMPT}@sender.example>") -> bytes:
    """A delivery report as a mail server writes one."""
    return f"""From: mailer-daemon@relay.example
To: messages@sender.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I could not deliver it.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; somebody@school.example
Action: {action}
Status: 5.1.1

--b1
Content-Type: {headers}

From: messages@sender.example
Message-ID: {message_id}
Subject: Please open this

--b1--
""".replace("\n", "\r\n").encode()


def answer(automatic: str | None, of: str = f"In-Reply-To: <{ATTEMPT}@sender.example>") -> bytes:
    lines = ["From: somebody@school.example", "Subject: Automatic reply: I am away", of]
    lines += [f"Auto-Submitted: {automatic}"] if automatic else []
    return "\r\n".join([*lines, "", "I am back on Monday.", ""]).encode()


@pytest.mark.parametrize("headers", ["text/rfc822-headers", "message/rfc822"])
@pytest.mark.parametrize("action", ["failed", "Failed"])
def test_a_report_of_a_failure_is_a_bounce_of_the_message_it_holds(headers: str, action: str) -> None:
    assert returned(report(action, headers=headers)) == Returned(attempt_id=ATTEMPT, what=Return.BOUNCED)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_a_report_of_anything_else_says_nothing(action: str) -> None:
    assert returned(report(action)) is None


@pytest.mark.parametrize("automatic", ["auto-replied", "auto-generated", "auto-replied; owner-email=somebody@school.example"])
@pytest.mark.parametrize("of", ["In-Reply-To", "References"])
def test_an_automatic_answer_to_ours_is_out_of_office(automatic: str, of: str) -> None:
    found = returned(answer(automatic, f"{of}: <other@school.example> <{ATTEMPT}@sender.example>"))
    assert found == Returned(attempt_id=ATTEMPT, what=Return.OUT_OF_OFFICE)


@pytest.mark.parametrize(
    "mail",
    [
        answer(None),
        answer("no"),
        answer("auto-replied", "In-Reply-To: <something@school.example>"),
        answer("auto-replied", "X-Nothing: to go by"),
        report(message_id="<something@elsewhere.example>"),
        b"",
        b"\xff\x00\r\n\r\n",
    ],
    ids=["a person's answer", "said not to be automatic", "to another", "to nothing", "another's message", "empty", "noise"],
)
def test_what_is_not_certain_says_nothing(mail: bytes) -> None:
    assert returned(mail) is None


@given(st.binary(max_size=400), st.integers(0, 900))
def test_nothing_that_arrives_breaks_it(noise: bytes, at: int) -> None:
    mail = report()
    returned(mail[:at] + noise + mail[at:])


def test_a_mail_that_nests_a_thousand_deep_is_nobodys_bounce() -> None:
    assert returned(b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"Subject: x\r\n\r\n") is None
