"""Channels: how a message leaves the house. One port, adapters chosen by URL scheme."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from services.notifier.channels.console import ConsoleChannel
from services.notifier.channels.file import FileChannel, read_messages
from services.notifier.channels.none import NoChannel
from services.notifier.channels.smtp import Security, SmtpChannel, SmtpServer
from services.notifier.domain.messages import EMAIL, SMS, Channel, HandedOver, Message, Outcome, Refused, TryAgain, is_address
from shared.clock import Clock
from shared.errors import SettingsRefused

__all__ = [
    "EMAIL",
    "SMS",
    "Channel",
    "HandedOver",
    "Message",
    "Outcome",
    "Refused",
    "TryAgain",
    "channel_from_url",
    "read_messages",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What an adapter is built from."""

    url: SplitResult
    name: str
    clock: Clock
    sender: str | None
    ca_file: Path | None


def channel_from_url(url: str, *, name: str, clock: Clock, sender: str | None = None, ca_file: Path | None = None) -> Channel:
    """The channel ``name`` (``email`` or ``sms``) for a URL; no connection is made yet.

    ``smtps://user:password@host:465``, ``smtp+starttls://host:587``, ``smtp://host:25`` (demonstration), ``file:///folder``,
    ``console:``, ``none:``. ``sender`` is our own mailbox, demanded by SMTP; ``ca_file`` a certificate bundle to trust instead of the
    system's. Raises SettingsRefused; its text never shows the URL, which may hold a password.
    """
    if name not in (EMAIL, SMS):
        raise SettingsRefused("a channel is called email or sms")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise SettingsRefused(f"the URL of the {name} channel cannot be read") from None
    build = ADAPTERS.get(parts.scheme)
    if build is None:
        raise SettingsRefused(f"the {name} channel's scheme is not one of {', '.join(sorted(ADAPTERS))}")
    return build(_Asked(url=parts, name=name, clock=clock, sender=sender, ca_file=ca_file))


def _smtp(asked: _Asked, security: Security, port: int) -> Channel:
    if asked.name != EMAIL:
        raise SettingsRefused("SMTP carries e-mail only")
    if not asked.url.hostname:
        raise SettingsRefused("the e-mail channel's URL needs a host")
    if not asked.sender or not is_address(EMAIL, asked.sender):
        raise SettingsRefused("the e-mail channel needs a sender address")
    user, password = asked.url.username, asked.url.password
    if user and security is Security.NONE:
        raise SettingsRefused("signing in over SMTP needs TLS")
    server = SmtpServer(
        host=asked.url.hostname,
        port=asked.url.port or port,
        security=security,
        sender=asked.sender,
        username=unquote(user) if user else None,
        password=unquote(password or "") if user else None,
        ca_file=asked.ca_file,
    )
    try:
        return SmtpChannel(server, asked.clock)
    except OSError:
        raise SettingsRefused("the e-mail channel's certificate file cannot be read") from None


def _file(asked: _Asked) -> Channel:
    if asked.url.netloc not in ("", "localhost") or not asked.url.path.startswith("/"):
        raise SettingsRefused("a file channel's URL is file:///folder")
    return FileChannel(name=asked.name, folder=Path(unquote(asked.url.path)), clock=asked.clock)


ADAPTERS: Mapping[str, Callable[[_Asked], Channel]] = {
    "smtp": lambda asked: _smtp(asked, Security.NONE, 25),
    "smtp+starttls": lambda asked: _smtp(asked, Security.STARTTLS, 587),
    "smtps": lambda asked: _smtp(asked, Security.TLS, 465),
    "file": _file,
    "console": lambda asked: ConsoleChannel(name=asked.name),
    "none": lambda asked: NoChannel(name=asked.name),
}
