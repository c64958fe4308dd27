"""Ingest's facts: what a force sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.events.base import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReceived(Fact):
    """A report was accepted: it is ours to lose from here on."""

    TYPE: ClassVar[str] = "incident.received"
    incident_version: int
    force: str
    child_ids: tuple[str, ...]
    received_at: datetime
    believed_at: datetime
    reported_at: datetime | None = None
    occurred_from_at: datetime | None = None
    occurred_to_at: datetime | None = None
    sandbox: bool = False
    """Sent with a key for trying out: nobody is ever told of it, and no desk shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCorrected(Fact):
    """A later version replaced the whole report. ``child_ids`` are the children it has now; who is missing was taken out.

    ``received_at`` is this version's; ``believed_at`` is counted from the first version's receipt at the latest.
    """

    TYPE: ClassVar[str] = "incident.corrected"
    incident_version: int
    force: str
    child_ids: tuple[str, ...]
    received_at: datetime
    believed_at: datetime
    sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWithdrawn(Fact):
    """The force took the whole report back: a version of its own, without children. ``reason`` is a code."""

    TYPE: ClassVar[str] = "incident.withdrawn"
    incident_version: int
    force: str
    reason: str
    withdrawn_at: datetime
    sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentViewed(Fact):
    """Someone read the report's personal data (``reader``: a key's id, a session's id)."""

    TYPE: ClassVar[str] = "incident.viewed"
    reader: str
    viewed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentErased(Fact):
    """The report's key was destroyed, for ever; what became of its children stays known. ``reason`` is a code."""

    TYPE: ClassVar[str] = "incident.erased"
    reason: str
    erased_at: datetime
