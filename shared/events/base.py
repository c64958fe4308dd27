"""What every fact is."""

from dataclasses import dataclass
from typing import ClassVar

INGEST, ROUTER, NOTIFIER, CONSOLE = "ingest", "router", "notifier", "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to one incident. Subclasses add identifiers, codes and instants."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    incident_id: str

    @property
    def subject(self) -> str:
        """The aggregate that the fact is about."""
        return self.incident_id
