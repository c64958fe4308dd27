"""Router: which setting or team must be told of each child, by when, and what a person must decide first."""

from services.router.handlers import Routing
from services.router.handlers_recall import Recalling
from services.router.loops import ReviewWatch
from services.router.loops_tokens import RollRemains, TokenRotation
from shared.events import ROUTER, ChildRecalled, IncidentReceived
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service, from its parts."""
    routing, recalling = Routing(parts.vault, parts.directory), Recalling(parts.directory)
    return Service(
        name=ROUTER,
        handlers={IncidentReceived.TYPE: routing.received, ChildRecalled.TYPE: recalling.recalled},
        loops=(
            ReviewWatch(parts.database, parts.clock),
            RollRemains(parts.database, parts.vault),
            TokenRotation(parts.database, parts.vault),
        ),
    )
