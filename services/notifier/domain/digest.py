"""The digest of a first staff day: many notifications, one message, one list in a fixed order. Pure.

Each notification stays what it is: its children are confirmed, acknowledged and recalled in it alone, and its own ladder runs until
somebody acts on it. What is gathered is the message that says that there is something to read, and the list behind it.

The order in words: first what has a condition on who may collect a child; then what came latest before its deadline; then the newest. It
goes by coded facts alone and weighs no family against another (design rule 7.12).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notifier.domain.rungs import Result

FIRST_STAFF_DAY = "first-staff-day"
"""Router's purpose of what is gathered."""
URGENCIES = ("late-on-arrival", "urgent", "ordinary")
ORDER = (
    "The order of the list: first those with a condition on who may collect a child, then those that came latest before they must be "
    "read, then the newest."
)


class Stands(StrEnum):
    """How one of the list stands for its reader."""

    OPEN = "open"
    HERS = "hers"
    ANOTHERS = "anothers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One notification of the list. ``collecting``: a condition on collecting a child is in force today; ``urgency`` is router's;
    ``opened_at`` is when it was told to us."""

    notification_id: str
    collecting: bool
    urgency: str
    opened_at: datetime
    children: int
    stands: Stands


def ordered(items: Iterable[Item]) -> tuple[Item, ...]:
    """The list's order; of two that are alike in all that counts, the one with the lower id first. An unknown urgency is not the last."""
    return tuple(
        sorted(items, key=lambda one: (not one.collecting, _rank(one.urgency), -one.opened_at.timestamp(), one.notification_id)),
    )


def _rank(urgency: str) -> int:
    return URGENCIES.index(urgency) if urgency in URGENCIES else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where a message of one notification would go, and since when its plan runs."""

    setting_id: str
    contact_id: str
    channel: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A message of another notification of the same morning that goes, or has gone, to a contact of the setting."""

    attempt_id: str
    notification_id: str
    setting_id: str
    contact_id: str
    channel: str
    started_at: datetime
    result: Result


def carrier(line: Line, notification_id: str, others: Sequence[Carrier]) -> Carrier | None:
    """The message that stands for this one too; None when it needs one of its own.

    It went to the same person over the same channel, it has not failed, and it is no older than this notification's plan: whoever read
    an older one could not see this in its list. The newest of several.
    """
    fitting = [
        one
        for one in others
        if one.notification_id != notification_id
        and (one.setting_id, one.contact_id, one.channel) == (line.setting_id, line.contact_id, line.channel)
        and one.result in (Result.STARTED, Result.HANDED_OVER)
        and one.started_at >= line.opened_at
    ]
    return max(fitting, key=lambda one: (one.started_at, one.attempt_id), default=None)
