"""The registry: every fact there is, and who subscribes to which."""

from collections.abc import Mapping

from shared.events.base import NOTIFIER, ROUTER, Fact
from shared.events.ingest import IncidentCorrected, IncidentErased, IncidentReceived, IncidentViewed, IncidentWithdrawn
from shared.events.notifier import (
    AttemptEnded,
    AttemptReturned,
    AttemptStarted,
    CallMade,
    ChildAnswered,
    ChildRecalled,
    CodeEntered,
    ContentViewed,
    LinkFetched,
    NoticeSent,
    NotificationAcknowledged,
    NotificationLate,
    NotificationOpened,
    NotificationPassedOn,
    NotificationRevised,
    PhoneTaskEnded,
    PhoneTaskOpened,
    RungClimbed,
)
from shared.events.router import (
    ChildExcluded,
    ChildHeld,
    DestinationRevised,
    IncidentDecided,
    IncidentRouted,
    ReviewAsked,
    ReviewClaimed,
    ReviewEscalated,
    ReviewSettled,
    ReviewViewed,
    RollSearched,
)

FACTS: tuple[type[Fact], ...] = (
    IncidentReceived, IncidentCorrected, IncidentWithdrawn, IncidentViewed, IncidentErased, IncidentRouted, DestinationRevised,
    IncidentDecided, ChildHeld, ReviewEscalated, ReviewClaimed, ReviewViewed, RollSearched, ReviewAsked, ReviewSettled,
    ChildExcluded, NotificationOpened, AttemptStarted, AttemptEnded, RungClimbed, PhoneTaskOpened, CallMade, PhoneTaskEnded,
    NotificationRevised, NoticeSent, NotificationLate, LinkFetched, CodeEntered, ContentViewed, ChildAnswered, ChildRecalled,
    NotificationAcknowledged, NotificationPassedOn, AttemptReturned,
)  # fmt: skip

SUBSCRIBERS: Mapping[str, tuple[str, ...]] = {
    IncidentReceived.TYPE: (ROUTER,),
    IncidentCorrected.TYPE: (ROUTER,),
    IncidentWithdrawn.TYPE: (ROUTER,),
    ChildRecalled.TYPE: (ROUTER,),
    IncidentRouted.TYPE: (NOTIFIER,),
    DestinationRevised.TYPE: (NOTIFIER,),
    ChildHeld.TYPE: (NOTIFIER,),
    ReviewEscalated.TYPE: (NOTIFIER,),
    ReviewAsked.TYPE: (NOTIFIER,),
    PhoneTaskOpened.TYPE: (NOTIFIER,),
}

BY_TYPE: Mapping[str, type[Fact]] = {fact.TYPE: fact for fact in FACTS}
