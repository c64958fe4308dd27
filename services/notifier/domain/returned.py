"""What a mail in our own mailbox says about a message of ours: that it bounced, or that its reader is out of the office.

Read from headers alone, and from the machine-readable part of a report; no text of anybody is looked at. Whatever does not say one of the
two for certain says nothing: a person looks at it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Protocol

from services.notifier.domain.rungs import Return

_OURS = re.compile(r"<([0-9a-f]{8}-[0-9a-f-]{27})@[^<>\s]{1,255}>")
"""A Message-ID that we gave: the attempt's id before the at sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """One message of ours that came back."""

    attempt_id: str
    what: Return


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail. ``name`` is its file's, and what a mail is put away by."""

    name: str
    content: bytes = field(repr=False)


class Mailbox(Protocol):
    """The port: what came back, and where it goes afterwards. Every method may raise OSError."""

    def mails(self, most: int) -> Sequence[Mail]:
        """Up to ``most`` of what lies there, the oldest first."""
        ...

    def done(self, mail: Mail) -> None:
        """It was read and is removed."""
        ...

    def aside(self, mail: Mail) -> None:
        """A person has to look at it."""
        ...


def returned(raw: bytes) -> Returned | None:
    """What this mail (RFC 5322) says; None when it says neither, or not of which message.

    A bounce is a delivery report (RFC 3464) of a failure that holds the header of our message. Out of office is an automatic answer
    (RFC 3834) to it. A report of a delay, or of a delivery, says neither.
    """
    try:
        mail = BytesParser(policy=compat32).parsebytes(raw)
        if mail.get_content_type() == "multipart/report":
            return _bounce(mail)
        return _answer(mail)
    except (MessageError, ValueError, LookupError, RecursionError):
        return None  # anybody may write to that mailbox: what nests a thousand deep is nobody's bounce


def _bounce(mail: Message) -> Returned | None:
    report: Message | None = None
    of_what: Message | None = None
    for part in mail.walk():
        match part.get_content_type():
            case "message/delivery-status":
                report = part
            case "text/rfc822-headers":
                headers = part.get_payload(decode=True)
                of_what = BytesParser(policy=compat32).parsebytes(headers if isinstance(headers, bytes) else b"", headersonly=True)
            case "message/rfc822":
                of_what = next(iter(_parts(part)), None)
    if report is None or of_what is None or not any(_is_failure(block) for block in _parts(report)):
        return None
    attempt_id = _ours(of_what.get("Message-ID"))
    return Returned(attempt_id=attempt_id, what=Return.BOUNCED) if attempt_id else None


def _is_failure(block: Message) -> bool:
    return str(block.get("Action", "")).strip().lower() == "failed"


def _parts(part: Message) -> list[Message]:
    found = part.get_payload()
    return [one for one in found if isinstance(one, Message)] if isinstance(found, list) else []


def _answer(mail: Message) -> Returned | None:
    automatic = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    if automatic == "no":
        return None
    attempt_id = _ours(mail.get("In-Reply-To")) or _ours(mail.get("References"))
    return Returned(attempt_id=attempt_id, what=Return.OUT_OF_OFFICE) if attempt_id else None


def _ours(header: object) -> str | None:
    found = _OURS.findall(str(header or ""))
    return found[-1] if found else None
