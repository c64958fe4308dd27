"""The ordered feed of outcomes for police systems: ``GET /v1/outcomes``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.ingest.api_calling import Calling
from services.ingest.handlers_feed import Feed
from services.ingest.keys import Caller
from shared.outcome import Outcome
from shared.scope import Scope

OUTCOMES = "/v1/outcomes"
MOST_IN_PAGE = 500


class EntryAnswer(BaseModel):
    """A child's outcome has changed, and this is what it is now."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    cursor: str
    incident_id: str
    system: str
    reference: str | None = Field(description="The sender's own; null once the report has been erased")
    child_id: str
    child_reference: str | None = Field(description="The sender's own; null once the report has been erased")
    outcome: Outcome
    since: datetime
    reason: str | None
    owner: str | None = Field(description="The team that has it; null where the report's handling flags hide where the child is")
    deadline_at: datetime | None
    acknowledged_at: datetime | None
    late_at: datetime | None


class FeedAnswer(BaseModel):
    """A page of the feed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    entries: list[EntryAnswer]
    cursor: str = Field(description="Ask behind this next time, also when there was no entry")
    more: bool = Field(description="There is another page already")


def build(feed: Feed, calling: Calling) -> APIRouter:
    """The route."""
    router = APIRouter(tags=["outcomes"])

    async def outcomes(
        caller: Annotated[Caller, Depends(calling)],
        after: Annotated[
            str, Query(pattern=r"^[0-9]{1,18}$", description="The last cursor that was given; nothing: from the beginning")
        ] = "0",
        limit: Annotated[int, Query(ge=1, le=MOST_IN_PAGE)] = 100,
    ) -> Any:
        """Every change of a child's outcome, in one order. Who asks behind the last cursor misses nothing and reads nothing twice.

        It follows the facts by a few seconds, and holds its order whatever else goes on. A key for trying out sees its own incidents only.
        """
        return await feed.page(Scope.force(caller.force), sandbox=caller.sandbox, after=int(after), limit=limit)

    router.get(OUTCOMES, response_model=FeedAnswer, summary="What has changed since last time", responses=_REFUSALS)(outcomes)
    router.head(OUTCOMES, include_in_schema=False)(outcomes)
    return router


_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No key, or not a valid one", **_PROBLEM},
    422: {"description": "A cursor that this feed never gave, or a limit that is none", **_PROBLEM},
    429: {"description": "Too many calls; Retry-After says how many seconds to wait", **_PROBLEM},
    503: {"description": "Not available for now", **_PROBLEM},
}
