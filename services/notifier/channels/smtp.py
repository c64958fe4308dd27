"""E-mail over SMTP: few connections, kept open, encrypted and verified.

What the server says becomes one of three outcomes, by the moment it says it:

    connecting, greeting, TLS, signing in    TryAgain   (ours or the network's trouble, never the contact's)
    MAIL FROM                                TryAgain   (it refuses our sender: an operator's work, not a wrong address)
    RCPT TO, DATA                            4xx TryAgain, 5xx Refused
    silence or a lost line once DATA began   TryAgain, ambiguous: it may have been taken
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, formataddr
from enum import StrEnum
from pathlib import Path

import aiosmtplib

from services.notifier.channels.port import inspect
from services.notifier.domain.messages import EMAIL, HandedOver, Message, Outcome, Refused, TryAgain
from shared.clock import Clock

TIMEOUT_SECONDS = 20.0
"""For each exchange with the server."""

SEND_SECONDS_MAX = 60.0
"""For connecting, and again for the message: the lease of a rung has to outlast both."""

CONNECTIONS_MAX = 8
IDLE_SECONDS_MAX = 30.0
MESSAGES_PER_CONNECTION_MAX = 100

CLOSING = 421
"""The server's way to say that it has waited long enough on this connection."""

LINE_LENGTH_MAX = 900
"""Characters of a line sent as it is (RFC 5322 allows 998); a link is never folded, so it survives being copied."""

NOT_WANTED = "DR, RN, NRN, AutoReply"
"""Receipts and chatter. That a message bounced, or that somebody is out of the office, is wanted: see ``channels/returned``."""

_FIXED = (
    "Auto-Submitted: auto-generated",
    f"X-Auto-Response-Suppress: {NOT_WANTED}",
    'Content-Type: text/plain; charset="utf-8"',
    "Content-Transfer-Encoding: 7bit",
    "MIME-Version: 1.0",
)
_SIMPLE_HEADER = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Printable ASCII, single spaces between words."""
_SIMPLE_ADDRESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_+-]|\.(?=[A-Za-z0-9_+-])){0,31}@[A-Za-z0-9-]{1,20}(?:\.[A-Za-z0-9-]{1,20}){1,3}")
HEADER_CHARS_MAX = 60
_SIMPLE_BODY = re.compile(r"[\n -~]*")


class Security(StrEnum):
    """How the line is encrypted. ``NONE`` is for demonstrations."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where to hand over. ``ca_file``: a bundle to trust instead of the system's; ``sender``: our own mailbox, also the return path."""

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str = "Messages"
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


class _Line:
    """One open connection, how many messages it has seen, and how far the present one has come."""

    def __init__(self, client: aiosmtplib.SMTP, used_at: float) -> None:
        self.client = client
        self.used_at = used_at
        self.sent = 0
        self.stage = "mail"


class SmtpChannel:
    """The e-mail channel. Safe to call from several tasks; ``clock`` dates messages and ages idle connections.

    Building it raises OSError when ``ca_file`` cannot be read or holds no certificate.
    """

    name = EMAIL

    def __init__(self, server: SmtpServer, clock: Clock) -> None:
        self.server = server
        self._tls = None if server.security is Security.NONE else ssl.create_default_context(cafile=server.ca_file)
        self._clock = clock
        self._from = f"From: {formataddr((server.sender_name, server.sender))}"
        self._idle: list[_Line] = []
        self._slots = asyncio.Semaphore(CONNECTIONS_MAX)

    async def send(self, message: Message) -> Outcome:
        if refused := inspect(EMAIL, message):
            return refused
        content = self._content(message)
        async with self._slots:
            while self._idle:
                outcome = await self._over(self._idle.pop(), message.to, content)
                if outcome is not None:
                    return outcome
            return await self._fresh(message.to, content)

    async def close(self) -> None:
        while self._idle:
            await _hang_up(self._idle.pop())

    async def _fresh(self, to: str, content: bytes) -> Outcome:
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                line = await self._connect()
        except aiosmtplib.SMTPAuthenticationError:
            return TryAgain(reason="sign-in-refused")
        except ssl.SSLError:
            return TryAgain(reason="certificate-refused")
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return TryAgain(reason="connect-timeout")
        except (OSError, aiosmtplib.SMTPException, ValueError) as error:
            return TryAgain(reason="certificate-refused" if isinstance(error.__cause__, ssl.SSLError) else "no-connection")
        return await self._over(line, to, content) or TryAgain(reason="connection-lost")

    async def _over(self, line: _Line, to: str, content: bytes) -> Outcome | None:
        """Send over this connection. None: the line had gone dead before anything was said, so another one may be tried."""
        if line.sent and (self._clock.monotonic() - line.used_at > IDLE_SECONDS_MAX or line.sent >= MESSAGES_PER_CONNECTION_MAX):
            await _hang_up(line)
            return None
        line.stage = "mail"
        async with self._held(line):
            try:
                async with asyncio.timeout(SEND_SECONDS_MAX):
                    return await self._exchange(line, to, content)
            except aiosmtplib.SMTPResponseException as error:
                if error.code == CLOSING and line.stage == "mail" and line.sent:
                    line.client.close()
                    return None
                return _judged(line.stage, error.code, error.message)
            except (TimeoutError, OSError, aiosmtplib.SMTPException) as error:
                line.client.close()
                if line.stage == "mail" and line.sent:
                    return None
                reason = "timeout" if isinstance(error, TimeoutError) else "connection-lost"
                return TryAgain(reason=reason, ambiguous=line.stage == "data")

    async def _exchange(self, line: _Line, to: str, content: bytes) -> HandedOver:
        await line.client.mail(self.server.sender, encoding="ascii")
        line.stage = "rcpt"
        await line.client.rcpt(to, encoding="ascii")
        line.stage = "data"
        reply = await line.client.data(content)
        line.stage = "done"
        return HandedOver(reference=_reference(reply.message, content))

    @asynccontextmanager
    async def _held(self, line: _Line) -> AsyncIterator[None]:
        """Afterwards keep the line for the next message when it is between two messages, and hang up in every other case."""
        whole = False
        try:
            yield
            whole = True
        finally:
            if not whole:
                line.client.close()  # cancelled in the middle: what the server makes of half a message is not ours to guess
        line.sent += 1
        line.used_at = self._clock.monotonic()
        if line.client.is_connected and await _is_between_messages(line):
            self._idle.append(line)

    async def _connect(self) -> _Line:
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._tls,
            username=server.username,
            password=server.password,
            local_hostname=server.domain,
            timeout=server.timeout_seconds,
        )
        connected = False
        try:
            await client.connect()
            connected = True
        finally:
            if not connected:
                client.close()
        return _Line(client, self._clock.monotonic())

    def _content(self, message: Message) -> bytes:
        """The mail itself, plain text. Its headers ask machines not to answer; an answer would never count (D5)."""
        return self._written(message) if _is_simple(message) else self._composed(message)

    def _written(self, message: Message) -> bytes:
        """The same bytes as ``_composed`` gives, a score of times faster: for what needs neither encoding nor folding."""
        lines = (
            *(self._from, f"To: {message.to}", f"Subject: {message.subject}", f"Date: {format_datetime(self._clock.real())}"),
            f"Message-ID: <{message.attempt_id}@{self.server.domain}>",
            *_FIXED,
            "",
            *message.body.split("\n"),
        )
        return "\r\n".join(lines).encode("ascii") + (b"" if message.body.endswith("\n") else b"\r\n")

    def _composed(self, message: Message) -> bytes:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = formataddr((self.server.sender_name, self.server.sender))
        mail["To"] = message.to
        # The library decodes an encoded word (RFC 2047) that it is given, line breaks in it included, and they would begin a header.
        mail["Subject"] = message.subject.replace("=?", "= ?")
        mail["Date"] = format_datetime(self._clock.real())
        mail["Message-ID"] = f"<{message.attempt_id}@{self.server.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = NOT_WANTED
        mail.set_content(message.body, cte="7bit" if _is_plain(message.body) else "quoted-printable")
        return mail.as_bytes()


def _is_plain(body: str) -> bool:
    return body.isascii() and max(map(len, body.split("\n"))) <= LINE_LENGTH_MAX


def _is_simple(message: Message) -> bool:
    """Whether its headers are short printable ASCII without anything that a mail reader would decode, and its body travels as it is."""
    headers = (message.subject, message.attempt_id)
    return (
        all(len(one) <= HEADER_CHARS_MAX and _SIMPLE_HEADER.fullmatch(one) and "=?" not in one for one in headers)
        and _SIMPLE_ADDRESS.fullmatch(message.to) is not None
        and _is_plain(message.body)
        and _SIMPLE_BODY.fullmatch(message.body) is not None
    )


def _judged(stage: str, code: int, text: str) -> TryAgain | Refused:
    """An SMTP reply as an outcome. Of the server's text only an enhanced status code (RFC 3463) is looked at."""
    if stage == "mail":
        return TryAgain(reason=f"sender-refused-{code}")
    if not 500 <= code < 600:
        return TryAgain(reason=f"smtp-{code}")
    enhanced = re.match(r"5\.(\d{1,3})\.\d{1,3}\b", text)
    subject = enhanced.group(1) if enhanced else ""
    if stage == "rcpt" and (subject == "1" or (not subject and code in (550, 551, 553))):
        return Refused(reason="mailbox-unknown")
    return Refused(reason="policy" if subject == "7" else f"smtp-{code}")


async def _is_between_messages(line: _Line) -> bool:
    """After a refusal the server still holds half an envelope; make it forget that."""
    if line.stage == "done":
        return True
    try:
        await line.client.rset()
    except (OSError, aiosmtplib.SMTPException):
        line.client.close()
        return False
    return True


async def _hang_up(line: _Line) -> None:
    try:
        async with asyncio.timeout(1.0):
            await line.client.quit()
    except (TimeoutError, OSError, aiosmtplib.SMTPException):
        line.client.close()


def _reference(reply: str, content: bytes) -> str:
    """The queue id that the server named, else our own Message-ID: whichever its postmaster can search for."""
    queued = re.search(r"\bqueued as ([A-Za-z0-9]{4,40})\b", reply)
    own = re.search(rb"^Message-ID: <([^>@]+)@", content, re.MULTILINE)
    return queued.group(1) if queued else own.group(1).decode() if own else ""
