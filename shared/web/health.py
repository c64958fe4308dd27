"""Whether this process lives, and whether it can do its work.

    GET /healthz   200 as long as the process answers: a supervisor restarts it otherwise
    GET /readyz    200 when the database answers, else 503: a balancer looks elsewhere

A broker that is down does not make a process unready: it accepts reports and catches up, and taking it out of service would lose them.
"""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from shared.bus import Bus
from shared.db import Database
from shared.db.probe import answers


def build(database: Database, bus: Bus) -> APIRouter:
    """The two routes. They need no sign-in and tell nothing but up or down."""
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        return JSONResponse({"status": "up"})

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        ready = await answers(database)
        body = {"database": _word(ready), "bus": _word(await bus.healthy())}
        return JSONResponse(body, 200 if ready else 503, headers={} if ready else {"Retry-After": "5"})

    return router


def _word(up: bool) -> str:
    return "up" if up else "down"
