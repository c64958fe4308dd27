"""Other ways for one child: a setting without a pupil, a team, nobody, another desk, a search of the roll."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.router.domain.candidates import Candidates, place_words, search_keys
from services.router.domain.settling import EXCLUSIONS, SEARCH_REASONS
from services.router.handlers_case import ChildView
from services.router.handlers_desk import SearchedTooOften
from services.router.pages_desk import READ, Room
from services.router.pages_settling import WAYS
from shared.errors import NotFound, Refused
from shared.web.forms import Fault, Form
from shared.web.sessions import Session

MOST_PLACES = 20
FEWEST_LETTERS = 3
EARLIEST_YEAR = 1990


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as it was typed, checked."""

    name: str = field(repr=False)
    born: date | None = field(repr=False)
    year: int | None = field(repr=False)
    upn: str = field(repr=False)
    reason: str


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""
    _choosing(router, room)
    _searching(router, room)


def _choosing(router: APIRouter, room: Room) -> None:
    @router.api_route("/desk/reviews/{review_id}/{way}", methods=READ)
    async def another(request: Request, review_id: str, way: str, session: Annotated[Session, room.staff()]) -> Response:
        if way not in WAYS:
            raise NotFound("There is no such page.")
        return await _way(room, request, session, review_id, way)

    @router.post("/desk/reviews/{review_id}/places")
    async def places(
        request: Request, review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]
    ) -> Response:
        text = form.get("place")[:120]
        if len(text) < FEWEST_LETTERS:
            fault = Fault(name="place", text=f"Enter at least {FEWEST_LETTERS} letters of the name or town, or the whole number")
            return await _way(room, request, session, review_id, "setting", faults=[fault], typed=text)
        found = await room.desk.places(session, text, MOST_PLACES)
        return await _way(room, request, session, review_id, "setting", typed=text, places=[(one, place_words(one)) for one in found])

    @router.post("/desk/reviews/{review_id}/ask")
    async def ask(
        request: Request, review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]
    ) -> Response:
        try:
            await room.desk.ask(session, review_id, form.get("team"))
        except Refused as error:
            if error.code != "not-a-desk":
                raise
            return await _way(room, request, session, review_id, "ask", faults=[Fault(name="team", text="Choose the desk to ask")])
        return RedirectResponse("/desk?told=asked", 303)


def _searching(router: APIRouter, room: Room) -> None:
    @router.post("/desk/reviews/{review_id}/search")
    async def search(
        request: Request, review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]
    ) -> Response:
        asked, faults = _asked(form, room.frame.clock.now().year)
        if asked is None:
            return await _way(room, request, session, review_id, "search", faults=faults, values=_typed(form))
        try:
            keys = search_keys(asked.name, asked.born, asked.year, asked.upn)
            _, child, found = await room.desk.search(session, review_id, asked.reason, keys)
        except SearchedTooOften as error:
            faults = [Fault(name="name", text=error.text)]
            return await _way(room, request, session, review_id, "search", faults=faults, values=_typed(form))
        return _page(room, request, session, child, "search", found=found, values=_typed(form))


async def _way(
    room: Room, request: Request, session: Session, review_id: str, way: str, *, faults: Sequence[Fault] = (), **values: Any
) -> Response:
    """One way's page; a view of the child like any other."""
    _, child = await room.desk.child(session, review_id)
    given = {"teams": await room.desk.teams(session)} if way in ("team", "ask") else {}
    return _page(room, request, session, child, way, faults=faults, **given | values)


def _page(
    room: Room, request: Request, session: Session, child: ChildView, way: str, *, faults: Sequence[Fault] = (), **values: Any
) -> Response:
    whole: dict[str, Any] = {"teams": (), "places": None, "typed": "", "found": Candidates(), "searched": "found" in values, "values": {}}
    fixed = {"exclusions": EXCLUSIONS, "reasons": SEARCH_REASONS, "child": child, "incident_id": child.review.incident_id}
    status = 422 if faults else 200
    return room.frame.layout.staff(request, session, f"desk/{way}.html", status=status, errors=list(faults), **whole | fixed | values)


def _asked(form: Form, this_year: int) -> tuple[Asked | None, list[Fault]]:
    """What a search asks for, or what is wrong with it."""
    name, upn, year, reason = (form.get(one)[:200] for one in ("name", "upn", "year", "reason"))
    parts = [form.get(f"born-{part}") for part in ("day", "month", "year")]
    faults, born = [], None
    if any(parts):
        born = _date(parts)
        if born is None:
            faults.append(Fault(name="born-day", text="Enter a real date of birth, or leave it empty and give the year"))
    whole_year = int(year) if re.fullmatch("[0-9]{4}", year) and EARLIEST_YEAR <= int(year) <= this_year else None
    if year and whole_year is None:
        faults.append(Fault(name="year", text="Enter a year of birth in four digits"))
    if not faults and not search_keys(name, born, whole_year, upn):
        text = "Enter a whole name with a date or year of birth, or a valid UPN. A name alone finds nobody"
        faults.append(Fault(name="name", text=text))
    if reason not in SEARCH_REASONS:
        faults.append(Fault(name="reason", text="Choose why you search"))
    return (None, faults) if faults else (Asked(name=name, born=born, year=whole_year, upn=upn, reason=reason), [])


def _date(parts: Sequence[str]) -> date | None:
    if not all(re.fullmatch("[0-9]{1,4}", part) for part in parts):
        return None
    day, month, year = (int(part) for part in parts)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _typed(form: Form) -> dict[str, str]:
    return {name: form.get(name) for name in ("name", "upn", "year", "reason", "born-day", "born-month", "born-year")}
