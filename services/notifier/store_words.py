"""What the journal says that notifier goes by: the newest word on a destination, and what was said and shown of one notification."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from shared.db import Reading, journal
from shared.db.tables.journal import journal as journal_table
from shared.errors import NotFound
from shared.events import CodeEntered, ContentViewed, DestinationRevised, Fact, IncidentRouted, NotificationRevised


async def routed(reading: Reading, incident_id: str, destination_id: str) -> IncidentRouted:
    """How that destination was decided. Raises NotFound when it has not been."""
    for fact in await _of_type(reading, {incident_id}, IncidentRouted):
        if isinstance(fact, IncidentRouted) and fact.destination_id == destination_id:
            return fact
    raise NotFound("that destination has not been routed")


async def newest_words(reading: Reading, destinations: Mapping[str, str]) -> dict[str, DestinationRevised]:
    """The newest word on each of these destinations (destination's id → incident's id), where there is one: of the newest version that has
    reached it the last, for a person or the roll may take a child away without a new version."""
    found: dict[str, DestinationRevised] = {}
    for fact in await _of_type(reading, set(destinations.values()), DestinationRevised):
        if not isinstance(fact, DestinationRevised) or fact.destination_id not in destinations:
            continue
        known = found.get(fact.destination_id)
        if known is None or known.incident_version <= fact.incident_version:
            found[fact.destination_id] = fact
    return found


async def of_incident(reading: Reading, incident_id: str) -> tuple[Fact, ...]:
    """Every fact of the incident, in order."""
    return tuple(one.fact for one in await journal.of_incident(reading, incident_id))


async def changed_at(reading: Reading, incident_id: str, notification_id: str) -> datetime | None:
    """When what the notification shows changed last; None when it never did."""
    facts = await _of_type(reading, {incident_id}, NotificationRevised)
    of_it = [fact for fact in facts if isinstance(fact, NotificationRevised) and fact.notification_id == notification_id]
    return max((fact.revised_at for fact in of_it if fact.changed_child_ids), default=None)


async def shown_to(reading: Reading, incident_id: str, notification_id: str) -> frozenset[str]:
    """The contacts who have been shown a name, or more: who have entered a code."""
    facts = [*await _of_type(reading, {incident_id}, CodeEntered), *await _of_type(reading, {incident_id}, ContentViewed)]
    return frozenset(
        fact.contact_id for fact in facts if isinstance(fact, CodeEntered | ContentViewed) and fact.notification_id == notification_id
    )


async def _of_type(reading: Reading, incident_ids: set[str], kind: type[Fact]) -> list[Fact]:
    table = journal_table
    statement = select(table).where(table.c.incident_id.in_(incident_ids), table.c.type == kind.TYPE).order_by(table.c.seq)
    return [journal.envelope(row).fact for row in await reading.execute(statement)]
