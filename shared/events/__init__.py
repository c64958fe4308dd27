"""The facts: everything that services tell one another, and everything the journal knows.

A fact is ``noun.past-participle``, a frozen value, and carries identifiers, codes and instants only: never a name, an address,
a date of birth or free text (D3). ``SUBSCRIBERS`` is the whole topology: a fact with subscribers gets an outbox pointer and
crosses the bus; one without lives in the journal alone.

Instants are aware UTC datetimes. An envelope's attributes are those of CloudEvents 1.0 (id, source, type, subject, time).
"""

from shared.events.base import CONSOLE, INGEST, NOTIFIER, ROUTER, Fact
from shared.events.envelope import Envelope, dump, from_data, load, subscribed, to_data
from shared.events.ingest import IncidentCorrected, IncidentErased, IncidentReceived, IncidentViewed, IncidentWithdrawn
from shared.events.notifier import (
    AttemptEnded,
    AttemptStarted,
    CallMade,
    ChildAnswered,
    ChildRecalled,
    CodeEntered,
    ContentViewed,
    LinkFetched,
    NoticeSent,
    NotificationAcknowledged,
    NotificationFact,
    NotificationLate,
    NotificationOpened,
    NotificationPassedOn,
    NotificationRevised,
    PhoneTaskEnded,
    PhoneTaskOpened,
    RungClimbed,
)
from shared.events.registry import BY_TYPE, FACTS, SUBSCRIBERS
from shared.events.router import (
    ChildExcluded,
    ChildHeld,
    DestinationRevised,
    IncidentDecided,
    IncidentRouted,
    ReviewAsked,
    ReviewClaimed,
    ReviewEscalated,
    ReviewFact,
    ReviewSettled,
    ReviewViewed,
    RollSearched,
)

__all__ = [
    "BY_TYPE",
    "CONSOLE",
    "FACTS",
    "INGEST",
    "NOTIFIER",
    "ROUTER",
    "SUBSCRIBERS",
    "AttemptEnded",
    "AttemptStarted",
    "CallMade",
    "ChildAnswered",
    "ChildExcluded",
    "ChildHeld",
    "ChildRecalled",
    "CodeEntered",
    "ContentViewed",
    "DestinationRevised",
    "Envelope",
    "Fact",
    "IncidentCorrected",
    "IncidentDecided",
    "IncidentErased",
    "IncidentReceived",
    "IncidentRouted",
    "IncidentViewed",
    "IncidentWithdrawn",
    "LinkFetched",
    "NoticeSent",
    "NotificationAcknowledged",
    "NotificationFact",
    "NotificationLate",
    "NotificationOpened",
    "NotificationPassedOn",
    "NotificationRevised",
    "PhoneTaskEnded",
    "PhoneTaskOpened",
    "ReviewAsked",
    "ReviewClaimed",
    "ReviewEscalated",
    "ReviewFact",
    "ReviewSettled",
    "ReviewViewed",
    "RollSearched",
    "RungClimbed",
    "dump",
    "from_data",
    "load",
    "subscribed",
    "to_data",
]
