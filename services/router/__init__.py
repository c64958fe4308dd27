"""Router: which setting or team must be told of each child, by when, and what a person must decide first."""

from services.router import pages
from services.router.handlers import Routing
from services.router.handlers_recall import Recalling
from services.router.handlers_rematch import Rematching
from services.router.handlers_settling import Settling
from services.router.loops import ReviewWatch
from services.router.loops_rematch import RematchWatch
from services.router.loops_settling import SettlementWatch
from services.router.loops_tokens import RollRemains, TokenRotation
from shared.events import ROUTER, ChildRecalled, IncidentCorrected, IncidentReceived, IncidentWithdrawn
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service, from its parts."""
    routing, recalling = Routing(parts.vault, parts.directory), Recalling(parts.directory)
    settling = Settling(parts.database, parts.vault, parts.directory)
    return Service(
        name=ROUTER,
        handlers={
            IncidentReceived.TYPE: routing.told,
            IncidentCorrected.TYPE: routing.told,
            IncidentWithdrawn.TYPE: routing.told,
            ChildRecalled.TYPE: recalling.recalled,
        },
        loops=(
            # First: what was settled in time takes effect before anything is found to be late.
            SettlementWatch(parts.database, parts.clock, settling),
            RematchWatch(parts.database, parts.clock, Rematching(parts.database, parts.vault, parts.directory)),
            ReviewWatch(parts.database, parts.clock),
            RollRemains(parts.database, parts.vault),
            TokenRotation(parts.database, parts.vault),
        ),
        pages=(pages.build(parts, settling),),
    )
