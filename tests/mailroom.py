"""An SMTP server in a test's hand: it answers as told, hangs up as told, and keeps what it took."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message as Mail
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifier.channels.smtp import Security, SmtpChannel, SmtpServer
from services.notifier.domain.messages import Channel, Message
from shared.clock import Clock

SENDER = "messages@notify.example.com"
KNOWN = "dsl@testwood.example.com"
UNKNOWN = "nobody@testwood.invalid"


def message(number: int = 1, **changes: str) -> Message:
    values = {"to": KNOWN, "subject": "A message for Testwood Primary", "body": f"Please read it.\n\nhttps://notify.example.com/m/{number}"}
    return Message(**{"attempt_id": f"attempt-{number}", **values, **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certificate authority of one run, and a server context for 127.0.0.1 that it vouches for."""

    certificate: Path
    context: ssl.SSLContext


class Mailroom:
    """An SMTP server of this test, and the rules by which it answers."""

    def __init__(self, tls: ssl.SSLContext | None, security: Security) -> None:
        self.tls, self.security = tls, security
        self.mails: list[Mail] = []
        self.recipients: list[str] = []
        self.answers: dict[str, str] = {}
        self.hang_up_on: str | None = None
        self.hang_on: str | None = None
        self.held = asyncio.Event()
        self.port = 0
        self.connections: list[SMTP] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        implicit = self.tls if self.security is Security.TLS else None
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", self.port, ssl=implicit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.hang_up()
        self.held.set()

    def hang_up(self) -> None:
        """Cut every open connection, as a crash does."""
        for connection in self.connections:
            if connection.transport:
                connection.transport.close()
        self.connections.clear()

    def _protocol(self) -> SMTP:
        starttls = self.security is Security.STARTTLS
        connection = SMTP(
            self,
            hostname="mail.example.com",
            tls_context=self.tls if starttls else None,
            require_starttls=starttls,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self.connections.append(connection)
        return connection

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"right/pass", handled=False)

    async def handle_MAIL(  # noqa: N802 (the server's own name for it)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 (the server's own name for it)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == UNKNOWN:
            return f"550 5.1.1 <{address}>: Recipient address rejected: unknown"
        answer = await self._answer("RCPT", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 (the server's own name for it)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if (answer := await self._answer("DATA", "250 2.0.0 Ok: queued as 4QaZ12")).startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.recipients += envelope.rcpt_tos
        return answer

    async def _answer(self, verb: str, usual: str) -> str:
        if self.hang_up_on == verb:
            self.hang_up_on = None
            self.hang_up()
        if self.hang_on == verb:
            await self.held.wait()
        return self.answers.get(verb, usual)


class SmtpBackend:
    """A channel and the server that it speaks to."""

    def __init__(self, room: Mailroom, channel: Channel) -> None:
        self.room = room
        self.channel = channel

    def received(self) -> Sequence[str]:
        return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in self.room.mails]

    async def break_down(self) -> None:
        await self.room.stop()

    async def mend(self) -> None:
        await self.room.start()


def new_authority(folder: Path) -> Authority:
    """Make one; its files stand in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    begin = datetime.now(UTC) - timedelta(days=1)  # certificates are checked against the machine's clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return Authority(certificate=folder / "ca.pem", context=context)


@asynccontextmanager
async def smtp(
    authority: Authority,
    security: Security,
    clock: Clock,
    *,
    trusted: bool = True,
    timeout_seconds: float = 5.0,
    username: str | None = None,
    password: str | None = None,
) -> AsyncIterator[SmtpBackend]:
    """A running server and a channel to it; ``trusted``: whether the channel knows the authority."""
    room = Mailroom(None if security is Security.NONE else authority.context, security)
    await room.start()
    server = SmtpServer(
        host="127.0.0.1",
        port=room.port,
        security=security,
        sender=SENDER,
        username=username,
        password=password,
        ca_file=authority.certificate if trusted else None,
        timeout_seconds=timeout_seconds,
    )
    channel = SmtpChannel(server, clock)
    try:
        yield SmtpBackend(room, channel)
    finally:
        await channel.close()
        await room.stop()
