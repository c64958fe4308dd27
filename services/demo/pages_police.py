"""A records system to play with: reports that are ready to post, and what became of those that were. It goes over the real API."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.demo.pages_frame import READ, shown
from services.demo.places import name_of
from services.demo.prepared import PREPARED, prepared
from services.demo.room import DEMO, Posted, Room
from shared.web.forms import Fault, Form

INCIDENTS = "/v1/incidents"
MOST_SHOWN = 10
ANSWER_MOST = 6_000
NOT_HERE = (404, 405)
REASONS = {"recorded-in-error": "Recorded in error", "duplicate": "A duplicate", "not-domestic-abuse": "Not domestic abuse after all"}


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""

    @router.api_route("/demo/police", methods=READ)
    async def desk(request: Request, report: str = "", incident: str = "") -> Response:
        posted = next((one for one in room.posted if one.incident_id == incident), None)
        code = report if report in PREPARED else next(iter(PREPARED))
        fresh = prepared(code, room.world.pupils, f"DEMO-{len(room.posted) + 1:04d}", room.pace.clock.now())
        body = posted.body if posted else _text(fresh)
        return await _desk(room, request, body=body, report="" if posted else code, posted=posted)

    @router.post("/demo/police")
    async def send(request: Request, form: Annotated[Form, Depends(room.parts.frame.forms.posted(DEMO))]) -> Response:
        posted = next((one for one in room.posted if one.incident_id == form.get("incident")), None)
        body, report = form.get("body"), form.get("report")
        try:
            written = json.loads(body)
        except ValueError:
            return await _desk(
                room, request, body=body, report=report, posted=posted, faults=[Fault(name="body", text="Write the report as JSON")]
            )
        match form.get("do"), posted:
            case "correct", Posted() as known:
                said = await _corrected(room, known, written)
            case "withdraw", Posted() as known:
                reason = {"reason": form.get("reason") if form.get("reason") in REASONS else next(iter(REASONS))}
                said = await _asked(room, "POST", f"{INCIDENTS}/{known.incident_id}/withdrawal", reason)
            case _:
                said = await _asked(room, "POST", INCIDENTS, written)
                _remember(room, said, written)
        if not room.pace.is_leaping:
            await room.pace.caught_up()
        posted = next((one for one in room.posted if posted and one.incident_id == posted.incident_id), None) or _newest(room, said)
        return await _desk(room, request, body=posted.body if posted else body, report="", posted=posted, said=said)


Said = tuple[str, int, str]
"""A call, the status of its answer and the answer."""


async def _corrected(room: Room, known: Posted, written: Any) -> Said:
    """The report as it is in the form, as the version after the last."""
    if isinstance(written, dict):
        written["source_version"] = json.loads(known.body).get("source_version", 1) + 1
    said = await _asked(room, "PUT", f"{INCIDENTS}/{known.incident_id}", written)
    if said[1] < 400:
        newer = Posted(incident_id=known.incident_id, reference=known.reference, body=_text(written))
        room.posted[room.posted.index(known)] = newer
    return said


async def _asked(room: Room, method: str, path: str, body: Any) -> Said:
    async with room.visitors.police_system(room.key) as police:
        status, text = await police.ask(method, path, json.dumps(body).encode())
    return f"{method} {path}", status, _pretty(text)


def _remember(room: Room, said: Said, written: Any) -> None:
    """Put a report that was taken on the sender's own list, once."""
    if said[1] == 202 and (incident_id := json.loads(said[2])["incident_id"]) not in [one.incident_id for one in room.posted]:
        room.posted.append(Posted(incident_id=incident_id, reference=str(written.get("reference", "")), body=_text(written)))


def _newest(room: Room, said: Said) -> Posted | None:
    return room.posted[-1] if said[1] == 202 and room.posted else None


async def _desk(
    room: Room,
    request: Request,
    *,
    body: str,
    report: str,
    posted: Posted | None,
    said: Said | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    return shown(
        room,
        request,
        "demo/police.html",
        errors=faults or [],
        now=room.pace.clock.now(),
        prepared=list(PREPARED.values()),
        report=report,
        body=body,
        posted=posted,
        reasons=list(REASONS.items()),
        said=said,
        not_here=said is not None and said[1] in NOT_HERE,
        incidents=[(one, await _children(room, one)) for one in reversed(room.posted[-MOST_SHOWN:])],
    )


async def _children(room: Room, posted: Posted) -> list[tuple[str, str, str]]:
    """Each child's reference, outcome and places, as the API tells its sender."""
    async with room.visitors.police_system(room.key) as police:
        status, text = await police.ask("GET", f"{INCIDENTS}/{posted.incident_id}")
    children = json.loads(text)["children"] if status == 200 else []
    return [(child["reference"] or "?", child["outcome"], _places(child)) for child in children]


def _places(child: dict[str, Any]) -> str:
    return ", ".join(name_of(one["ref"]) if one["ref"] else "not told" for one in child["destinations"])


def _text(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)[:ANSWER_MOST]
    except ValueError:
        return text[:ANSWER_MOST]
