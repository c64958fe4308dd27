"""What only SMTP promises: encryption, few connections, and one outcome for everything that a server can say or fail to say."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.channels.smtp import CONNECTIONS_MAX, IDLE_SECONDS_MAX, Security, SmtpServer
from services.notifier.domain.messages import HandedOver, Outcome, Refused, TryAgain
from shared.clock import ManualClock
from tests.mailroom import KNOWN, SENDER, Authority, SmtpBackend, message, new_authority, smtp

NOW = datetime(2026, 11, 23, 6, 45, tzinfo=UTC)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def mail(authority: Authority, clock: ManualClock) -> AsyncIterator[SmtpBackend]:
    async with smtp(authority, Security.STARTTLS, clock) as opened:
        yield opened


async def test_the_mail_is_neutral_plain_and_asks_for_no_answer(mail: SmtpBackend) -> None:
    await mail.channel.send(message(7))
    (received,) = mail.room.mails
    assert {
        name.lower(): str(value) for name, value in received.items() if not name.lower().startswith(("x-peer", "x-mailfrom", "x-rcptto"))
    } == {
        "from": f"Messages <{SENDER}>",
        "to": KNOWN,
        "subject": "A message for Testwood Primary",
        "date": "Mon, 23 Nov 2026 06:45:00 +0000",
        "message-id": "<attempt-7@notify.example.com>",
        "auto-submitted": "auto-generated",
        "x-auto-response-suppress": "DR, RN, NRN, AutoReply",  # a bounce and an out-of-office answer are wanted
        "content-type": 'text/plain; charset="utf-8"',
        "content-transfer-encoding": "7bit",
        "mime-version": "1.0",
    }
    assert received.get_payload() == "Please read it.\r\n\r\nhttps://notify.example.com/m/7\r\n"
    assert mail.room.recipients == [KNOWN]


async def test_a_welsh_name_arrives_whole(mail: SmtpBackend) -> None:
    await mail.channel.send(message(subject="A message for Ysgol y Dŵr", body="Ysgol y Dŵr\n.\n..x"))
    (received,) = mail.room.mails
    assert received["Subject"] == "A message for Ysgol y Dŵr"
    payload = received.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().splitlines() == ["Ysgol y Dŵr", ".", "..x"]


async def test_the_reference_is_the_server_s_own(mail: SmtpBackend) -> None:
    assert await mail.channel.send(message(1)) == HandedOver(reference="4QaZ12")
    mail.room.answers["DATA"] = f"250 OK for {KNOWN}"
    assert await mail.channel.send(message(2)) == HandedOver(reference="attempt-2")


async def test_one_connection_carries_many_messages(mail: SmtpBackend) -> None:
    for number in range(5):
        await mail.channel.send(message(number))
    assert len(mail.room.connections) == 1


async def test_connections_are_few(mail: SmtpBackend) -> None:
    await asyncio.gather(*(mail.channel.send(message(number)) for number in range(30)))
    assert len(mail.room.connections) <= CONNECTIONS_MAX


async def test_an_idle_connection_is_replaced(mail: SmtpBackend, clock: ManualClock) -> None:
    await mail.channel.send(message(1))
    clock.move_to(NOW + timedelta(seconds=IDLE_SECONDS_MAX + 1))
    assert isinstance(await mail.channel.send(message(2)), HandedOver)
    assert len(mail.room.connections) == 2


async def test_a_connection_that_the_server_cut_while_idle_costs_nothing(mail: SmtpBackend) -> None:
    await mail.channel.send(message(1))
    mail.room.hang_up()
    assert isinstance(await mail.channel.send(message(2)), HandedOver)
    assert mail.received() == ["attempt-1", "attempt-2"]


async def test_a_server_that_says_goodbye_on_an_old_connection_is_asked_on_a_new_one(mail: SmtpBackend) -> None:
    await mail.channel.send(message(1))
    mail.room.answers["MAIL"] = "421 4.4.2 idle too long"
    assert await mail.channel.send(message(2)) == TryAgain(reason="sender-refused-421")
    assert len(mail.room.connections) == 2


@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("MAIL", "550 5.7.1 sender rejected", TryAgain(reason="sender-refused-550")),
        ("RCPT", "550 no such user", Refused(reason="mailbox-unknown")),
        ("RCPT", "553 5.1.3 bad address", Refused(reason="mailbox-unknown")),
        ("RCPT", "554 5.7.1 relay denied", Refused(reason="policy")),
        ("RCPT", "552 5.2.2 full", Refused(reason="smtp-552")),
        ("RCPT", "450 4.2.0 greylisted", TryAgain(reason="smtp-450")),
        ("RCPT", "421 4.3.2 closing", TryAgain(reason="smtp-421")),
        ("DATA", "451 4.3.0 local error", TryAgain(reason="smtp-451")),
        ("DATA", "554 5.7.1 looks like spam", Refused(reason="policy")),
    ],
)
async def test_every_answer_has_one_outcome(mail: SmtpBackend, verb: str, answer: str, outcome: Outcome) -> None:
    mail.room.answers[verb] = answer
    assert await mail.channel.send(message(1)) == outcome
    mail.room.answers.clear()
    assert isinstance(await mail.channel.send(message(2)), HandedOver)
    assert mail.received() == ["attempt-2"]


@pytest.mark.parametrize(("verb", "ambiguous"), [("MAIL", False), ("RCPT", False), ("DATA", True)])
async def test_a_server_that_dies_in_the_middle_is_tried_again(mail: SmtpBackend, verb: str, ambiguous: bool) -> None:
    mail.room.hang_up_on = verb
    assert await mail.channel.send(message(1)) == TryAgain(reason="connection-lost", ambiguous=ambiguous)
    assert isinstance(await mail.channel.send(message(2)), HandedOver)


@pytest.mark.parametrize(("verb", "ambiguous"), [("RCPT", False), ("DATA", True)])
async def test_silence_has_an_end(authority: Authority, clock: ManualClock, verb: str, ambiguous: bool) -> None:
    async with smtp(authority, Security.STARTTLS, clock, timeout_seconds=0.2) as mail:
        mail.room.hang_on = verb
        assert await mail.channel.send(message(1)) == TryAgain(reason="timeout", ambiguous=ambiguous)


async def test_a_cancelled_send_leaves_no_half_message_behind(mail: SmtpBackend) -> None:
    await mail.channel.send(message(1))
    mail.room.hang_on = "RCPT"
    sending = asyncio.ensure_future(mail.channel.send(message(2)))
    await asyncio.wait([sending], timeout=0.1)
    sending.cancel()
    await asyncio.wait([sending])
    mail.room.hang_on = None
    assert isinstance(await mail.channel.send(message(3)), HandedOver)
    assert len(mail.room.connections) == 2


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_server_that_nobody_vouches_for_gets_nothing(authority: Authority, clock: ManualClock, security: Security) -> None:
    async with smtp(authority, security, clock, trusted=False) as mail:
        assert await mail.channel.send(message()) == TryAgain(reason="certificate-refused")
        assert mail.room.mails == []


async def test_a_server_without_starttls_gets_nothing(authority: Authority, clock: ManualClock) -> None:
    async with smtp(authority, Security.STARTTLS, clock) as mail:
        mail.room.security = Security.NONE
        assert isinstance(await mail.channel.send(message()), TryAgain)
        assert mail.room.mails == []


@pytest.mark.parametrize(("password", "taken"), [("right/pass", True), ("wrong", False)])
async def test_signing_in(authority: Authority, clock: ManualClock, password: str, taken: bool) -> None:
    async with smtp(authority, Security.STARTTLS, clock, username="user", password=password) as mail:
        outcome = await mail.channel.send(message())
        assert isinstance(outcome, HandedOver) if taken else outcome == TryAgain(reason="sign-in-refused")
        assert password not in repr(mail.channel) + repr(
            SmtpServer(host="h", port=1, security=Security.TLS, sender=SENDER, password=password)
        )
