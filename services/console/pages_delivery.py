"""Watching delivery: how many children are in each outcome, what is due next, who is held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.console import store_outcomes
from services.console.domain import words
from services.console.domain.board import Board, Promise, Review, board
from services.console.pages_home import needs
from services.console.store_outcomes import DAYS, MOST_INCIDENTS
from shared.db import Reading
from shared.directory import Directory
from shared.scope import Scope
from shared.service import Parts
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
MOST_SHOWN = 100
"""Rows of a table; what is due first comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Settings' and teams' names by id; an id that the directory does not hold stands for itself."""

    settings: Mapping[str, str]
    teams: Mapping[str, str]

    def of(self, promise: Promise) -> str:
        """Where the promise is kept."""
        return (self.settings if promise.kind == "setting" else self.teams).get(promise.ref, promise.ref)

    def team(self, team_id: str | None) -> str:
        """The team's name; empty when there is none."""
        return self.teams.get(team_id, team_id) if team_id else ""


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of this room."""
    frame = parts.frame

    @router.api_route("/console", methods=READ)
    async def delivery(
        request: Request, session: Annotated[Session, Depends(frame.gate.require(Role.COORDINATOR, Role.OPERATOR))]
    ) -> Response:
        async with parts.database.reading() as reading:
            seen, more = await _board(reading, session.scope)
            names = await _names(reading, parts.directory, seen)
        return frame.layout.staff(
            request,
            session,
            "console-delivery.html",
            now=parts.clock.now(),
            days=DAYS,
            most=MOST_INCIDENTS if more else None,
            needs=needs(seen, names, parts.clock.now()),
            lost=seen.counts[next(iter(seen.counts))],
            counts=[(*words.OUTCOMES[outcome], children) for outcome, children in seen.counts.items()],
            late=[(words.LATE.get(code, code), children) for code, children in seen.late.items()],
            promises=[(promise, names.of(promise), names.team(promise.owner)) for promise in seen.promises[:MOST_SHOWN]],
            hidden=max(0, len(seen.promises) - MOST_SHOWN),
            word={outcome: name for outcome, (name, _) in words.OUTCOMES.items()},
        )

    @router.api_route("/console/reviews", methods=READ)
    async def reviews(
        request: Request, session: Annotated[Session, Depends(frame.gate.require(Role.REVIEWER, Role.LEAD, Role.COORDINATOR))]
    ) -> Response:
        async with parts.database.reading() as reading:
            seen, more = await _board(reading, session.scope)
            names = await _names(reading, parts.directory, seen)
        return frame.layout.staff(
            request,
            session,
            "console-reviews.html",
            days=DAYS,
            most=MOST_INCIDENTS if more else None,
            reviews=[(review, _said(review), names.team(review.owner)) for review in seen.reviews[:MOST_SHOWN]],
            hidden=max(0, len(seen.reviews) - MOST_SHOWN),
        )


def _said(review: Review) -> tuple[str, str]:
    return words.reason(review.reason), words.REVIEW_STATES[review.state]


async def _board(reading: Reading, scope: Scope) -> tuple[Board, bool]:
    now = reading.clock.now()
    incidents, more = await store_outcomes.incidents(reading, scope, now)
    return board(incidents, await store_outcomes.places(reading, scope), now), more


async def _names(reading: Reading, directory: Directory, seen: Board) -> Names:
    """Names of what will be shown, and of nothing more."""
    promises, reviews = seen.promises[:MOST_SHOWN], seen.reviews[:MOST_SHOWN]
    settings = {promise.ref for promise in promises if promise.kind == "setting"}
    teams = {promise.ref for promise in promises if promise.kind == "team"} | _present(promise.owner for promise in promises)
    teams |= {review.owner for review in reviews}
    return Names(
        settings={one: setting.name for one, setting in (await directory.settings(reading, settings)).items()},
        teams={one: team.name for one, team in (await directory.teams(reading, teams)).items()},
    )


def _present(ids: Iterable[str | None]) -> set[str]:
    return {one for one in ids if one is not None}
