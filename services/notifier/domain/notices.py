"""Messages outside the ladder: of which kinds, about what, over which channel, and until when they are tried again.

Each goes to one contact once. It says that something is to be read, that nothing is to be done any more, or that work waits at a desk;
never what it is about (design rule 7.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.rungs import AGAIN_AFTER, Result

ATTEMPTS_MAX = 5
DUTY, LEAD = "duty", "lead"


class Kind(StrEnum):
    """What a notice says."""

    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    PICKED_UP = "picked-up"
    REVIEW_OWED = "review-owed"
    CALL_OWED = "call-owed"

    @property
    def is_for_a_team(self) -> bool:
        """Whether it tells a team of work at its desk."""
        return self in (Kind.REVIEW_OWED, Kind.CALL_OWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What to do with a notice now: send it over ``channel``, or wait until ``at``. Neither: it has come to its end."""

    channel: str | None = None
    at: datetime | None = None


def of_version(notification_id: str, incident_version: int) -> str:
    """What a notice about one version of a notification is about."""
    return f"{notification_id}:{incident_version}"


def of_review(incident_id: str, *, escalated: bool) -> str:
    """What a team's notice about the reviews of one incident is about; an escalation is told of once more."""
    return f"{incident_id}:escalated" if escalated else incident_id


def incident_of_review(subject_id: str) -> str:
    """The incident that such a notice is about."""
    return subject_id.partition(":")[0]


def following(channels: Sequence[str], attempts: int, last: tuple[str, Result] | None, now: datetime, quiet_until: datetime | None) -> Next:
    """The next try of a notice that may go over these channels. ``last``: the channel of the last try and what came of it.

    E-mail comes first: it wakes nobody. Text messages follow when e-mail has been refused, and wait for the end of quiet hours.
    """
    if attempts >= ATTEMPTS_MAX:
        return Next()
    ordered = [channel for channel in (EMAIL, SMS) if channel in channels]
    if last is not None and last[1] is Result.REFUSED:
        ordered = ordered[ordered.index(last[0]) + 1 :] if last[0] in ordered else ordered
    if not ordered:
        return Next()
    channel = last[0] if last is not None and last[0] in ordered else ordered[0]
    waits = channel == SMS and quiet_until is not None and quiet_until > now
    return Next(at=quiet_until) if waits else Next(channel=channel)


def again_at(attempts: int, now: datetime) -> datetime:
    """When a try that came to nothing is made again: after one minute, two, four, and eight."""
    return now + AGAIN_AFTER * (1 << max(0, attempts - 1))


def whom_to_tell(people: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Of a team's verified contacts, ``(role, contact_id)``, those who are told of its work: whoever is on duty, else its lead."""
    for role in (DUTY, LEAD):
        if chosen := tuple(contact_id for held, contact_id in people if held == role):
            return chosen
    return ()
