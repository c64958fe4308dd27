"""What every channel promises, run against real SMTP servers (plain, STARTTLS, TLS) and the demonstration's files."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Protocol

import pytest

from services.notifier.channels import channel_from_url
from services.notifier.channels.console import ConsoleChannel
from services.notifier.channels.file import read_messages
from services.notifier.channels.smtp import Security, SmtpChannel
from services.notifier.domain.messages import Channel, HandedOver, Outcome, Refused, TryAgain
from shared.clock import ManualClock
from shared.db import Database
from shared.errors import Misuse, SettingsRefused
from tests.mailroom import KNOWN, SENDER, UNKNOWN, Authority, message, new_authority, smtp

NOW = datetime(2026, 11, 23, 6, 45, tzinfo=UTC)


class Backend(Protocol):
    """The other side of a channel, in a test's hand."""

    channel: Channel

    def received(self) -> Sequence[str]:
        """The attempt ids that arrived, in their order."""
        ...

    async def break_down(self) -> None: ...

    async def mend(self) -> None: ...


class FileBackend:
    """A folder; a file in its place is a full disk, a lost mount, a wrong owner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.channel = channel_from_url(folder.as_uri(), name="email", clock=ManualClock(NOW))

    def received(self) -> Sequence[str]:
        return [one.attempt_id for one in read_messages(self.folder, "email")]

    async def break_down(self) -> None:
        if self.folder.exists():
            self.folder.rename(self.folder.with_suffix(".away"))
        self.folder.write_text("in the way")

    async def mend(self) -> None:
        self.folder.unlink()
        if (away := self.folder.with_suffix(".away")).exists():
            away.rename(self.folder)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(params=["smtp", "smtp+starttls", "smtps", "file"])
async def backend(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority, clock: ManualClock) -> AsyncIterator[Backend]:
    if request.param == "file":
        yield FileBackend(tmp_path / "mailbox")
        return
    security = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}[request.param]
    async with smtp(authority, security, clock) as opened:
        yield opened


class TestEveryChannel:
    """The contract."""

    async def test_takes_messages_once_each_and_in_order(self, backend: Backend) -> None:
        outcomes = [await backend.channel.send(message(number)) for number in range(3)]
        assert all(isinstance(outcome, HandedOver) and outcome.reference for outcome in outcomes)
        assert backend.received() == ["attempt-0", "attempt-1", "attempt-2"]

    async def test_refuses_an_unknown_mailbox_for_good_and_goes_on(self, backend: Backend) -> None:
        assert await backend.channel.send(message(1)) == await backend.channel.send(message(1))
        assert await backend.channel.send(message(2, to=UNKNOWN)) == Refused(reason="mailbox-unknown")
        assert isinstance(await backend.channel.send(message(3)), HandedOver)
        assert backend.received() == ["attempt-1", "attempt-1", "attempt-3"]

    async def test_comes_back_when_the_other_side_does(self, backend: Backend) -> None:
        await backend.channel.send(message(1))
        await backend.break_down()
        outcome = await backend.channel.send(message(2))
        assert isinstance(outcome, TryAgain)
        assert not outcome.ambiguous
        await backend.mend()
        assert isinstance(await backend.channel.send(message(2)), HandedOver)
        assert backend.received() == ["attempt-1", "attempt-2"]

    async def test_takes_several_at_a_time(self, backend: Backend) -> None:
        outcomes = await asyncio.gather(*(backend.channel.send(message(number)) for number in range(20)))
        assert all(isinstance(outcome, HandedOver) for outcome in outcomes)
        assert sorted(backend.received()) == sorted(f"attempt-{number}" for number in range(20))

    @pytest.mark.parametrize(
        "to",
        [
            f"{KNOWN}\r\nRCPT TO:<other@example.com>",
            f"{KNOWN}\n",
            f"{KNOWN}, other@example.com",
            f"Testwood <{KNOWN}>",
            f"<{KNOWN}>",
            f"{KNOWN}> NOTIFY=NEVER",
            '"a b"@example.com',
            "dsl@testwood",
            "dsl@testwood.example.com\x00",
            "",
            "a" * 300 + "@example.com",
        ],
    )
    async def test_takes_no_second_recipient_in_an_address(self, backend: Backend, to: str) -> None:
        assert await backend.channel.send(message(to=to)) == Refused(reason="bad-address")
        assert backend.received() == []

    @pytest.mark.parametrize("subject", ["A\r\nBcc: other@example.com", "A\nB", "A\x00", "A\u2028B", "A" * 500])
    async def test_takes_no_header_in_a_subject(self, backend: Backend, subject: str) -> None:
        assert await backend.channel.send(message(subject=subject)) == Refused(reason="bad-subject")
        assert backend.received() == []

    @pytest.mark.parametrize("body", ["a\r\n.\r\nMAIL FROM:<x@example.com>", "a\x00", "a" * 5000])
    async def test_takes_no_command_in_a_body(self, backend: Backend, body: str) -> None:
        assert await backend.channel.send(message(body=body)) == Refused(reason="bad-body")
        assert backend.received() == []

    @pytest.mark.parametrize("attempt_id", ["a@b", "a\r\nBcc: x", "", "a" * 65])
    async def test_takes_no_attempt_without_an_id(self, backend: Backend, attempt_id: str) -> None:
        with pytest.raises(Misuse):
            await backend.channel.send(message(attempt_id=attempt_id))

    async def test_does_not_send_inside_a_transaction(self, backend: Backend, database: Database) -> None:
        async with database.transaction():
            with pytest.raises(Misuse):
                await backend.channel.send(message())
        assert backend.received() == []

    async def test_says_nothing_personal(
        self, backend: Backend, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level("INFO")
        said: list[Outcome] = [await backend.channel.send(message(1)), await backend.channel.send(message(2, to=UNKNOWN))]
        await backend.break_down()
        said.append(await backend.channel.send(message(3)))
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]  # the test's own server talks
        text = " ".join([*map(repr, said), *ours, *capfd.readouterr(), repr(backend.channel), repr(message())])
        assert not [word for word in (KNOWN, UNKNOWN, "testwood", "Testwood", "notify.example.com/m/") if word in text]


class TestTheOthers:
    """Text messages in a file, the terminal, and no channel at all."""

    async def test_text_messages_go_to_numbers_only(self, tmp_path: Path, clock: ManualClock) -> None:
        phone = channel_from_url(tmp_path.as_uri(), name="sms", clock=clock)
        assert isinstance(await phone.send(message(1, to="+447700900123", subject="")), HandedOver)
        assert await phone.send(message(2, to="07700 900123")) == Refused(reason="bad-address")
        assert await phone.send(message(3, to=KNOWN)) == Refused(reason="bad-address")
        assert await phone.send(message(4, to="+441632960123")) == Refused(reason="mailbox-unknown")
        (line,) = (tmp_path / "sms.jsonl").read_text().splitlines()
        assert json.loads(line)["to"] == "+447700900123"

    async def test_the_terminal_shows_the_message_and_no_address(self) -> None:
        out = StringIO()
        assert await ConsoleChannel(name="email", out=out).send(message(1)) == HandedOver(reference="attempt-1")
        assert "https://notify.example.com/m/1" in out.getvalue()
        assert KNOWN not in out.getvalue()

    async def test_no_channel_says_so_for_good(self, clock: ManualClock) -> None:
        nothing = channel_from_url("none:", name="sms", clock=clock)
        assert await nothing.send(message(to="+447700900123")) == Refused(reason="no-method")


class TestUrls:
    """A doubtful URL stops the program, without being shown."""

    @pytest.mark.parametrize(
        ("url", "port", "security"),
        [
            ("smtp://mail.example.com", 25, Security.NONE),
            ("smtp+starttls://user:p%2Fw@mail.example.com", 587, Security.STARTTLS),
            ("smtps://user:p%2Fw@mail.example.com", 465, Security.TLS),
            ("smtps://mail.example.com:2465", 2465, Security.TLS),
        ],
    )
    def test_smtp_urls(self, clock: ManualClock, url: str, port: int, security: Security) -> None:
        channel = channel_from_url(url, name="email", clock=clock, sender=SENDER)
        assert isinstance(channel, SmtpChannel)
        server = channel.server
        assert (server.host, server.port, server.security) == ("mail.example.com", port, security)
        assert (server.username, server.password) == (("user", "p/w") if "user" in url else (None, None))

    @pytest.mark.parametrize(
        ("url", "name", "sender"),
        [
            ("", "email", SENDER),
            ("gopher://secret.example.com", "email", SENDER),
            ("smtp://", "email", SENDER),
            ("smtps://secret.example.com:notaport", "email", SENDER),
            ("smtp://user:secret@mail.example.com", "email", SENDER),
            ("smtps://secret.example.com", "sms", SENDER),
            ("smtps://secret.example.com", "email", None),
            ("smtps://secret.example.com", "email", "Messages <secret@example.com>"),
            ("smtps://secret.example.com", "email", "secret@example.com\r\nBcc: x"),
            ("file:secret", "email", None),
            ("file://secret.example.com/folder", "email", None),
            ("none:", "pigeon", None),
        ],
    )
    def test_doubtful_ones_are_refused_without_being_shown(self, clock: ManualClock, url: str, name: str, sender: str | None) -> None:
        with pytest.raises(SettingsRefused) as refused:
            channel_from_url(url, name=name, clock=clock, sender=sender)
        assert "secret" not in str(refused.value)

    def test_a_missing_certificate_file_is_found_at_the_start(self, clock: ManualClock, tmp_path: Path) -> None:
        with pytest.raises(SettingsRefused):
            channel_from_url("smtps://mail.example.com", name="email", clock=clock, sender=SENDER, ca_file=tmp_path / "no.pem")
