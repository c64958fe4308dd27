"""Console's pages, for staff: delivery, reviews, parked facts, readiness.

    GET  /console             coordinator, operator    children by outcome, promises by deadline
    GET  /console/reviews     reviewer, coordinator    who is held, and until when
    GET  /console/parked      operator                 facts that a service gave up
    POST /console/parked      operator                 try one of them again
    GET  /console/readiness   coordinator, operator    what of the directory would fail on the night
    GET  /console/calendar    coordinator, operator    a school year of an authority or a setting, drawn
    GET  /support             anybody                  where to find support, by area and period

Each of the others shows its reader's own force or authority, and no name of a person, no address and nothing of an incident's content.
"""

from fastapi import APIRouter

from services.console import pages_calendar, pages_delivery, pages_parked, pages_readiness, pages_support
from shared.service import Parts


def build(parts: Parts) -> APIRouter:
    """The routes."""
    router = APIRouter()
    pages_delivery.add(router, parts)
    pages_parked.add(router, parts)
    pages_readiness.add(router, parts)
    pages_calendar.add(router, parts)
    pages_support.add(router, parts)
    return router
