"""A message, what can become of it, and what notifier asks of a channel.

An outcome is a value with a meaning in the world, never an exception and never a provider's own words: those quote addresses.
A message is judged here once for every channel, so that no address or subject can smuggle in a second recipient or header.
"""

import re
import unicodedata
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from shared.errors import Misuse

EMAIL, SMS = "email", "sms"

SUBJECT_LENGTH_MAX = 200
BODY_LENGTH_MAX = 4000

_ATTEMPT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_ADDRESS = {
    EMAIL: re.compile(r"(?=.{3,254}\Z)(?!.*=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{1,63}"),
    SMS: re.compile(r"\+[1-9][0-9]{7,14}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of one attempt. ``to``: an e-mail address, or a telephone number as +44…; ``subject`` is unused on SMS.

    The body carries a link that opens something, so like the address it is in no repr.
    """

    attempt_id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The channel has taken the message. It proves no delivery and no reader. ``reference``: the provider's, or our own."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Not now. ``reason`` is a code. ``ambiguous``: the channel may have taken it, so the next one is marked as a repeat."""

    reason: str
    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never, to this address or in this form: trying again will not help. ``reason`` is a code."""

    reason: str


Outcome = HandedOver | TryAgain | Refused


class Channel(Protocol):
    """The port: a way to reach a contact. ``name`` is ``email`` or ``sms``. The adapters stand in ``channels``."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> Awaitable[Outcome]:
        """Hand the message over. Raises Misuse inside a database transaction, and nothing else."""
        ...

    def close(self) -> Awaitable[None]:
        """Let go of connections. Sending again opens new ones."""
        ...


def fault(channel: str, message: Message) -> Refused | None:
    """Why this message may not be sent on any channel of that name, if so.

    Raises Misuse for an attempt id that is none: it becomes a header of ours.
    """
    if not _ATTEMPT_ID.fullmatch(message.attempt_id):
        raise Misuse("an attempt needs an id of letters, digits and hyphens")
    if not is_address(channel, message.to):
        return Refused(reason="bad-address")
    if len(message.subject) > SUBJECT_LENGTH_MAX or _has_control(message.subject):
        return Refused(reason="bad-subject")
    if len(message.body) > BODY_LENGTH_MAX or _has_control(message.body.replace("\n", "")):
        return Refused(reason="bad-body")
    return None


def is_address(channel: str, text: str) -> bool:
    """Whether ``text`` is one plain address of this channel: an ASCII mailbox without display name, or +44…

    A mailbox that holds the beginning of an encoded word (RFC 2047) is none: whatever reads headers would decode it.
    """
    return _ADDRESS[channel].fullmatch(text) is not None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)
