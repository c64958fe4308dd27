"""Router's pages: the review desk, for reviewers and leads.

    GET  /desk                       held children in the reader's scope, by deadline; no name
    POST /desk/claim                 take a case for 20 minutes
    GET  /desk/cases/ID              the claimed case: what disagrees first; recorded as viewed
    POST /desk/cases/ID/release      let it go
    GET  /desk/reviews/ID/WAY        another way for one child: setting, team, exclude, ask, search
    POST /desk/reviews/ID/places     find a setting by name, town or number
    POST /desk/reviews/ID/search     search the roll, for a reason
    POST /desk/reviews/ID/confirm    who would be told, and by when
    POST /desk/reviews/ID/settle     decide
    POST /desk/reviews/ID/undo       take it back while nobody is told
    POST /desk/reviews/ID/ask        pass it to another desk

Candidates are shown inside a claimed case alone; what is typed to search travels in bodies, never in addresses.
"""

from fastapi import APIRouter

from services.router import pages_desk, pages_settling, pages_ways
from services.router.handlers_desk import Desk
from services.router.handlers_settling import Settling
from services.router.pages_desk import Room
from shared.service import Parts


def build(parts: Parts, settling: Settling) -> APIRouter:
    """The routes."""
    desk = Desk(parts.database, parts.vault, parts.directory, parts.clock)
    room = Room(frame=parts.frame, database=parts.database, directory=parts.directory, desk=desk, settling=settling)
    router = APIRouter()
    pages_desk.add(router, room)
    pages_settling.add(router, room)
    pages_ways.add(router, room)
    return router
