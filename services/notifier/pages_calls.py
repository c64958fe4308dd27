"""The pages of the desk that telephones, for staff.

    GET  /calls                            reviewer, coordinator, lead    the calls that are owed, the first to ring first
    POST /calls/{phone_task_id}/claim                                     take one, for half an hour
    GET  /calls/{phone_task_id}                                           its call sheet, for whoever has it
    POST /calls/{phone_task_id}                                           what came of a call
    POST /calls/{phone_task_id}/release                                   give it back

Each shows its reader's own force or authority, whom to ring, and nothing of any child or of what it is about.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

import phonenumbers
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.notifier.calls import Calls, Sheet, TooManyTries
from services.notifier.domain.calls import ROLES, CallOutcome, Made, Noted, NotThen
from services.notifier.domain.wording import clean_name
from services.notifier.store_calls import Call
from shared.calendar import at, london_date
from shared.clock import Clock
from shared.errors import NotFound
from shared.web.cookies import SESSION
from shared.web.forms import Fault, Form
from shared.web.frame import Frame
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
_ID = re.compile(r"[0-9a-f-]{36}")
CALLERS = (Role.REVIEWER, Role.LEAD, Role.COORDINATOR)
MADE_BY_MAX = 64
HEARD_MAX = 200
"""Characters of a passphrase as it was typed."""

REASONS: Mapping[str, str] = {
    "not-acknowledged": "Nobody there has answered the message",
    "late": "Nobody there has answered the message in time",
    "no-contact": "Nobody there can be sent a message",
    "one-channel": "A contact there cannot get a code",
    "conflict-check": "A named lead must decide who there may be told",
    "all-blocked": "Nobody there can be sent a message",
    "unreadable": "The message cannot be opened: it is the authority's to settle",
    "not-called": "Another team did not finish this call in time",
    "no-passphrase": "Somebody there answered, and no passphrase is on record",
    "not-carried-out": "The program cannot send this message",
}
"""Why a call is owed. Neutral: which person was passed over, or why, shows nowhere."""
OUTCOMES: Mapping[CallOutcome, str] = {
    CallOutcome.NO_ANSWER: "No answer",
    CallOutcome.ENGAGED: "Engaged",
    CallOutcome.WRONG_NUMBER: "Wrong number",
    CallOutcome.NOT_REGISTERED: "Spoke to somebody who is not on this sheet",
    CallOutcome.NOT_PROVEN: "Spoke to a registered contact; the passphrase was not right",
    CallOutcome.NOT_PROVABLE: "Spoke to a registered contact; no passphrase is on record",
    CallOutcome.ACKNOWLEDGED: "Spoke to a registered contact, who acts on it today",
}
"""What a line of the call log says."""
CHOICES: tuple[tuple[CallOutcome, str, str], ...] = (
    (
        CallOutcome.ACKNOWLEDGED,
        "A registered contact will act on it today",
        "They gave the passphrase. Choose who it was and enter it below.",
    ),
    (CallOutcome.NOT_PROVEN, "A registered contact, who could not give the passphrase", "Nothing is settled. Ring again."),
    (CallOutcome.NOT_REGISTERED, "Somebody who is not on this sheet", "Say nothing more. Ask when a registered contact can be reached."),
    (CallOutcome.NO_ANSWER, "No answer", ""),
    (CallOutcome.ENGAGED, "Engaged", ""),
    (CallOutcome.WRONG_NUMBER, "Wrong number", "Choose whose number it was below, unless it was the main number."),
)
DONE: Mapping[str, str] = {
    "acknowledged": "Acknowledged. Nobody needs to ring them about this any more.",
    "sent": "Acknowledged. A message with a link has just been sent to them. Ask whether it has arrived before you ring off.",
    "given-back": "You gave the call back. Somebody else can take it.",
    "taken": "Somebody else has that call.",
    "gone": "You do not have that call: it is not owed any more, or your half hour has passed.",
}
NEEDS_CONTACT = (CallOutcome.ACKNOWLEDGED, CallOutcome.NOT_PROVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the pages are built on."""

    frame: Frame
    clock: Clock
    calls: Calls


def build(desk: Desk) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _listing(router, desk)
    _calling(router, desk)
    return router


def _task_id(phone_task_id: str) -> str:
    """The address's id, which is of an id's shape: PostgreSQL keeps no NUL in text."""
    if not _ID.fullmatch(phone_task_id):
        raise NotFound("there is no such call")
    return phone_task_id


TaskId = Annotated[str, Depends(_task_id)]


def _listing(router: APIRouter, desk: Desk) -> None:
    frame = desk.frame
    Caller = Annotated[Session, Depends(frame.gate.require(*CALLERS))]  # noqa: N806  a type
    posted = Depends(frame.forms.posted(SESSION))

    @router.api_route("/calls", methods=READ)
    async def owed(request: Request, session: Caller) -> Response:
        listed = await desk.calls.listed(session.scope, session.session_id)
        done = DONE.get(request.query_params.get("done", ""))
        now = desk.clock.now()
        return frame.layout.staff(request, session, "calls/list.html", calls=listed, done=done, now=now, reasons=REASONS)

    @router.post("/calls/{phone_task_id}/claim")
    async def claim(session: Caller, _form: Annotated[Form, posted], phone_task_id: TaskId) -> Response:
        claimed = await desk.calls.claim(session.scope, session.session_id, phone_task_id, session.label)
        return RedirectResponse(f"/calls/{phone_task_id}" if claimed else "/calls?done=taken", 303)

    @router.post("/calls/{phone_task_id}/release")
    async def release(session: Caller, _form: Annotated[Form, posted], phone_task_id: TaskId) -> Response:
        await desk.calls.release(session.scope, session.session_id, phone_task_id)
        return RedirectResponse("/calls?done=given-back", 303)


def _calling(router: APIRouter, desk: Desk) -> None:
    frame = desk.frame
    Caller = Annotated[Session, Depends(frame.gate.require(*CALLERS))]  # noqa: N806  a type

    @router.api_route("/calls/{phone_task_id}", methods=READ)
    async def sheet(request: Request, session: Caller, phone_task_id: TaskId) -> Response:
        return await _sheet(desk, request, session, phone_task_id)

    @router.post("/calls/{phone_task_id}")
    async def made(
        request: Request, session: Caller, form: Annotated[Form, Depends(frame.forms.posted(SESSION))], phone_task_id: TaskId
    ) -> Response:
        call, faults = _made(form, desk.clock.now())
        if call is None or faults:
            return await _sheet(desk, request, session, phone_task_id, faults, form)
        try:
            noted = await desk.calls.note(session.scope, session.session_id, phone_task_id, call, session.label)
        except TooManyTries:
            text = "Too many wrong passphrases. End the call, and ring their main number again in an hour"
            return await _sheet(desk, request, session, phone_task_id, [Fault(name="heard", text=text)], form)
        except NotThen:
            text = "Enter a time after the message was opened and before now. If the message has changed since the call, ring again"
            return await _sheet(desk, request, session, phone_task_id, [Fault(name="made_time", text=text)], form)
        except NotFound:
            return await _sheet(desk, request, session, phone_task_id, [Fault(name="contact", text="Choose who it was")], form)
        if noted is not None and (call.outcome, noted.outcome) == (CallOutcome.ACKNOWLEDGED, CallOutcome.NOT_PROVEN):
            text = "That is not the passphrase. Ask again, or ring their main number and ask for the next contact"
            return await _sheet(desk, request, session, phone_task_id, [Fault(name="heard", text=text)], form)
        return _after(phone_task_id, noted)


def _after(phone_task_id: str, noted: Noted | None) -> Response:
    if noted is None:
        return RedirectResponse("/calls?done=gone", 303)
    if noted.outcome is CallOutcome.ACKNOWLEDGED:
        return RedirectResponse(f"/calls?done={'sent' if noted.sent else 'acknowledged'}", 303)
    return RedirectResponse(f"/calls/{phone_task_id}?noted=yes", 303)


async def _sheet(
    desk: Desk, request: Request, session: Session, phone_task_id: str, faults: list[Fault] | None = None, form: Form | None = None
) -> Response:
    try:
        sheet = await desk.calls.sheet(session.scope, session.session_id, phone_task_id, session.label)
    except NotFound:
        sheet = None
    if sheet is None:
        return RedirectResponse("/calls?done=gone", 303)
    return desk.frame.layout.staff(
        request,
        session,
        "calls/sheet.html",
        sheet=sheet,
        place=clean_name(sheet.name),
        reason=REASONS.get(sheet.task.reason, ""),
        contacts=[(one, ROLES.get(one.role, one.role), _number(one.phone)) for one in sheet.contacts],
        main=_number(sheet.telephone),
        log=_log(sheet),
        choices=[{"value": outcome.value, "text": text, "hint": {"text": hint} if hint else None} for outcome, text, hint in CHOICES],
        chosen=form.get("outcome") if form else "",
        contact=form.get("contact") if form else "",
        made={name: form.get(name) if form else "" for name in ("made_time", "made_on", "made_by")},
        noted=request.query_params.get("noted") == "yes" and not faults,
        now=desk.clock.now(),
        errors=faults or (),
    )


def _made(form: Form, now: datetime) -> tuple[Made | None, list[Fault]]:
    """The call as it was told; None with what is wrong. An answer on the line needs who it was, and a taken one the passphrase."""
    outcome = next((offered for offered, _, _ in CHOICES if offered.value == form.get("outcome")), None)
    if outcome is None:
        return None, [Fault(name="outcome", text="Choose what came of the call")]
    contact_id, heard = form.get("contact") or None, form.get("heard")
    faults = []
    if outcome in NEEDS_CONTACT and contact_id is None:
        faults.append(Fault(name="contact", text="Choose who it was"))
    if len(heard) > HEARD_MAX:
        faults.append(Fault(name="heard", text=f"Enter a passphrase of at most {HEARD_MAX} characters"))
    if outcome not in (*NEEDS_CONTACT, CallOutcome.WRONG_NUMBER):
        contact_id = None
    made_at, made_by = _earlier(form, now, faults)
    return Made(outcome=outcome, contact_id=contact_id, heard=heard, made_at=made_at, made_by=made_by), faults


def _earlier(form: Form, now: datetime, faults: list[Fault]) -> tuple[datetime | None, str]:
    """When a call was made that is entered afterwards, by the clock in London, and by whom; None for one that has just been made."""
    time_said, on_said, made_by = form.get("made_time"), form.get("made_on"), form.get("made_by")
    if not (time_said or on_said or made_by):
        return None, ""
    try:
        hours, minutes = map(int, re.split("[.:]", time_said))
        day, month, year = map(int, re.split("[ /.]", on_said)) if on_said else (0, 0, 0)
        made_at = at(date(year, month, day) if on_said else london_date(now), time(hours, minutes))
    except (ValueError, OverflowError):
        faults.append(Fault(name="made_time", text="Enter the time of the call, such as 07:40, and its day if it was not today"))
        return None, made_by
    if not 0 < len(made_by) <= MADE_BY_MAX:
        faults.append(Fault(name="made_by", text=f"Enter who made the call, in at most {MADE_BY_MAX} characters"))
    return made_at, made_by


def _log(sheet: Sheet) -> list[tuple[Any, str, Call]]:
    names = {one.contact_id: one.name for one in sheet.contacts}
    return [
        (call.called_at, OUTCOMES[call.outcome] + (f": {names[call.contact_id]}" if call.contact_id in names else ""), call)
        for call in sheet.calls
    ]


def _number(telephone: str | None) -> tuple[str, str] | None:
    """What to dial, and the number as people write it; None without one."""
    if not telephone:
        return None
    try:
        number = phonenumbers.parse(telephone, "GB")
    except phonenumbers.NumberParseException:
        return None
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if number.country_code == 44 else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), phonenumbers.format_number(number, shape)
