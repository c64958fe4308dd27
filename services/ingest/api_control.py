"""Control lists from police systems: ``POST /v1/control-lists``."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.ingest.api_calling import Calling, known_first
from services.ingest.domain.control import ControlList, GapKind
from services.ingest.handlers_control import ControlLists
from services.ingest.keys import Caller

CONTROL_LISTS = "/v1/control-lists"


class KnownAnswer(BaseModel):
    """A reference whose report is here."""

    reference: str
    incident_id: str


class GapAnswer(BaseModel):
    """A reference without an outcome."""

    reference: str
    kind: GapKind = Field(description="`no-report`: it never came. `no-outcome`: it came, and a child of it has no outcome")


class ListAnswered(BaseModel):
    """What the list says. What is missing has an owner from now on, and is listed to her until it is found."""

    model_config = ConfigDict(frozen=True)

    list_id: str | None = Field(description="Null for a list that was tried out: it is checked and forgotten")
    system: str
    on: dt.date
    received_at: dt.datetime
    known: list[KnownAnswer]
    gaps: list[GapAnswer]


def build(lists: ControlLists, calling: Calling) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["outcomes"], route_class=known_first(calling))

    @router.post(
        CONTROL_LISTS, response_model=ListAnswered, summary="Which references with a linked child are missing", responses=_REFUSALS
    )
    async def post_list(body: ControlList, caller: Annotated[Caller, Depends(calling)]) -> Any:
        """The references with a linked child of one day, at most 10,000. Send it every day, also when there is none.

        Once a system has sent one, a day without it is a finding.
        """
        answer = await lists.take(body, force=caller.force, key_id=caller.key_id, sandbox=caller.sandbox)
        return ListAnswered(
            list_id=answer.list_id,
            system=answer.system,
            on=answer.on,
            received_at=answer.received_at,
            known=[KnownAnswer(reference=one, incident_id=incident_id) for one, incident_id in answer.known.items()],
            gaps=[GapAnswer(reference=one, kind=kind) for one, kind in answer.gaps.items()],
        )

    return router


_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No key, or not a valid one", **_PROBLEM},
    413: {"description": "Larger than 1 MB", **_PROBLEM},
    422: {"description": "Not a control list: `errors` says where and why, without quoting", **_PROBLEM},
    429: {"description": "Too many calls; Retry-After says how many seconds to wait", **_PROBLEM},
    503: {"description": "Nothing was kept; send it again", **_PROBLEM},
}
