"""The pages of an open visit: whose child, what happened, who acts.

    GET  /message/children    name and date of birth of each child, and the question
    POST /message/children    the answers; a child that is not theirs is recalled at once
    GET  /message/content     what happened, for the confirmed children alone
    POST /message/answer      *I am acting on this today*, or *seen, cannot act: pass it on*
    GET  /message/done, /message/passed-on

A GET records that something was viewed and changes nothing else (D4).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import phonenumbers
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.notifier.domain.codes import LinkState
from services.notifier.domain.messages import SMS
from services.notifier.domain.states import Answer, ChildState, Stage
from services.notifier.domain.wording import clean_name
from services.notifier.visits import VISIT_LIFETIME, Guest, Visits
from services.notifier.visits_answers import Answers, ChildPage, readable
from services.notifier.visits_list import Lists
from shared.errors import Conflict
from shared.web import forms
from shared.web.cookies import Cookie
from shared.web.forms import Fault, Form
from shared.web.frame import Frame

READ = ["GET", "HEAD"]

#: The link's token between the address and the code. Lax: it is set by an arrival from a message.
LINK = Cookie(name="message", lifetime=timedelta(minutes=30), same_site="lax")
#: The open visit. The row decides when it ends.
VISIT = Cookie(name="visit", lifetime=VISIT_LIFETIME, same_site="strict")

ROLES = {
    "dsl": "lead",
    "deputy": "deputy",
    "head": "head",
    "trust": "trust",
    "authority": "authority",
    "duty": "duty officer",
    "lead": "team lead",
}
"""Neutral words: a passer-by reads them too."""

AT_SETTING = {Answer.ON_OUR_ROLL: "Yes, on our roll", Answer.NOT_OURS: "No, not ours", Answer.HAS_LEFT: "No, has left"}
IN_TEAM = {Answer.ON_OUR_ROLL: "Yes, for us", Answer.NOT_OURS: "No, not for us"}

CHANGED = "This changed while you were reading: read it again, then answer"

Page = Callable[[str, Guest], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the recipient's pages are built on."""

    frame: Frame
    visits: Visits
    answers: Answers
    lists: Lists


def add(router: APIRouter, room: Room) -> None:
    """Add the visit's routes."""
    _asking(router, room)
    _reading(router, room)
    _ending(router, room)


def _asking(router: APIRouter, room: Room) -> None:
    @router.api_route("/message/children", methods=READ)
    async def children(request: Request) -> Response:
        return await visiting(room, request, lambda token, guest: _children(room, token, guest))

    @router.post("/message/children")
    async def answered(request: Request, form: Annotated[Form, Depends(room.frame.forms.posted(VISIT))]) -> Response:
        async def page(token: str, guest: Guest) -> Response:
            given, faults = _given(guest, form)
            if faults:
                return await _children(room, token, guest, faults, given)
            after = await room.answers.answer(token, given)
            some_are_ours = after is not None and any(child.answer is Answer.ON_OUR_ROLL for child in after.own)
            return RedirectResponse("/message/content" if some_are_ours else "/message/done", 303)

        return await visiting(room, request, page)


def _reading(router: APIRouter, room: Room) -> None:
    @router.api_route("/message/content", methods=READ)
    async def content(request: Request) -> Response:
        return await visiting(room, request, lambda token, guest: _content(room, token, guest))

    @router.post("/message/answer")
    async def answer(request: Request, form: Annotated[Form, Depends(room.frame.forms.posted(VISIT))]) -> Response:
        async def page(token: str, guest: Guest) -> Response:
            match form.get("answer"):
                case "acting":
                    if await room.answers.act(token, _version(form)):
                        return RedirectResponse("/message/done", 303)
                    return await _content(room, token, guest, [Fault(name="answer", text=CHANGED)])
                case "pass-on":
                    await room.answers.pass_on(token)
                    return RedirectResponse("/message/passed-on", 303)
            return await _content(room, token, guest, [Fault(name="answer", text="Say whether you are acting on this today")])

        return await visiting(room, request, page)


def _ending(router: APIRouter, room: Room) -> None:
    @router.api_route("/message/done", methods=READ)
    async def done(request: Request) -> Response:
        async def page(token: str, guest: Guest) -> Response:
            mine = [child for child in guest.own if child.acknowledged_by == guest.contact.contact_id]
            return page_of(
                room,
                "message/done.html",
                token,
                guest,
                acting_since=min((child.acknowledged_at for child in mine if child.acknowledged_at), default=None),
                recalled=sum(not child.is_own for child in guest.children),
                unanswered=sum(child.answer is None for child in guest.own),
                some_are_ours=any(readable(guest, child) for child in guest.own),
            )

        return await visiting(room, request, page)

    @router.api_route("/message/passed-on", methods=READ)
    async def passed_on(request: Request) -> Response:
        async def page(token: str, guest: Guest) -> Response:
            return page_of(room, "message/passed-on.html", token, guest, all_told=guest.notification.next_rung_at is None)

        return await visiting(room, request, page)


# --- pages ----------------------------------------------------------------------------------------------------------------------------


async def _children(room: Room, token: str, guest: Guest, faults: Sequence[Fault] = (), given: dict[str, Answer] | None = None) -> Response:
    if guest.state is LinkState.RECALLED:
        return RedirectResponse("/message/done", 303)
    if not guest.may_read:
        return _handed_over(room, token, guest)
    names = await room.answers.names(guest)
    if names is None:
        return _unavailable(room, token, guest)
    said = given or {}
    options = IN_TEAM if guest.is_team else AT_SETTING
    asked = [page for page in names if _is_asked(guest, page.child)]
    return page_of(
        room,
        "message/children.html",
        token,
        guest,
        errors=faults,
        options=[{"value": answer.value, "text": text} for answer, text in options.items()],
        asked=[(_field(page.child), page.confirmation, said.get(page.child.child_id) or page.child.answer or "") for page in asked],
        others=[page.confirmation for page in names if page not in asked],
    )


async def _content(room: Room, token: str, guest: Guest, faults: Sequence[Fault] = ()) -> Response:
    if guest.state is not LinkState.RECALLED and not guest.may_read:
        return _handed_over(room, token, guest)
    if not any(child.answer is Answer.ON_OUR_ROLL for child in guest.own):
        return RedirectResponse("/message/done" if guest.state is LinkState.RECALLED else "/message/children", 303)
    try:
        content = await room.answers.content(guest)
    except Conflict:
        return RedirectResponse("/message/content", 303)
    if content is None:
        return _unavailable(room, token, guest)
    pages = content.pages
    return page_of(
        room,
        "message/content.html",
        token,
        guest,
        errors=faults,
        pages=[page for page in pages if page.sheet is not None],
        picked_up=[_picked_up(guest, page) for page in pages if page.child.acknowledged_by],
        may_act=any(page.child.acknowledged_by is None for page in pages),
        may_pass_on=guest.notification.state is Stage.OPEN,
        unanswered=sum(child.answer is None for child in guest.own),
        added=content.added,
        removed=content.removed,
        version=guest.notification.incident_version,
    )


def _handed_over(room: Room, token: str, guest: Guest) -> Response:
    """A colleague has all of it: this visitor is shown nothing more of any child."""
    last = max((child for child in guest.own if child.acknowledged_at), key=lambda child: str(child.acknowledged_at))
    return page_of(room, "message/picked-up.html", token, guest, at=last.acknowledged_at, who=role_word(guest, last.acknowledged_by))


def _version(form: Form) -> int:
    """The version that the posted page showed; 0 for a page that did not say."""
    text = form.get("version")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _picked_up(guest: Guest, page: ChildPage) -> dict[str, Any]:
    mine = page.child.acknowledged_by == guest.contact.contact_id
    who = "you" if mine else f"the {role_word(guest, page.child.acknowledged_by)}"
    return {"name": page.confirmation.full_name, "at": page.child.acknowledged_at, "who": who}


def _given(guest: Guest, form: Form) -> tuple[dict[str, Answer], list[Fault]]:
    """The posted answers by child_id, and a fault for each child without one."""
    options = IN_TEAM if guest.is_team else AT_SETTING
    values = {answer.value: answer for answer in options}
    given: dict[str, Answer] = {}
    faults = []
    asked = [child for child in guest.own if _is_asked(guest, child)]
    for number, child in enumerate(asked, start=1):
        answer = values.get(form.get(_field(child)))
        if answer is None:
            text = "Say whether this child is yours" if len(asked) == 1 else f"Say whether child {number} is yours"
            faults.append(Fault(name=_field(child), text=text))
        else:
            given[child.child_id] = answer
    return given, faults


def _field(child: ChildState) -> str:
    """The form's field for one child. Not its place on the page: that shifts when a colleague answers meanwhile."""
    return f"answer-{child.child_id}"


def _is_asked(guest: Guest, child: ChildState) -> bool:
    """Whether this visitor is asked about the child: unless a colleague has picked it up."""
    return child.acknowledged_by in (None, guest.contact.contact_id)


def role_word(guest: Guest, contact_id: str | None) -> str:
    """Who has picked it up, in a neutral word."""
    return ROLES.get(guest.roles.get(contact_id or "", ""), "colleague")


def page_of(room: Room, template: str, token: str, guest: Guest, **values: Any) -> Response:
    return room.frame.layout.public(
        template,
        csrf=forms.token(token),
        name=clean_name(guest.name),
        call=call_of(guest),
        is_team=guest.is_team,
        person=guest.contact.name,
        role=ROLES.get(guest.contact.role, "colleague"),
        more=guest.waits_elsewhere,
        **values,
    )


def call_of(guest: Guest) -> dict[str, str] | None:
    """The number of the team that calls: as a phone dials it, and as people here write it."""
    if not guest.call:
        return None
    try:
        number = phonenumbers.parse(guest.call, "GB")
    except phonenumbers.NumberParseException:
        return {"dial": "".join(guest.call.split()), "text": guest.call}
    dial = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return {"dial": dial, "text": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)}


def masked(channel: str, address: str) -> str:
    """Enough of an address for its owner to know it: the last two digits, or the first letter and the domain's end."""
    if channel == SMS:
        return f"ends in •••{address[-2:]}"
    mailbox, _, domain = address.partition("@")
    return f"{mailbox[:1]}•••@{domain[:1]}•••.{domain.rpartition('.')[2]}"


def _unavailable(room: Room, token: str, guest: Guest) -> Response:
    return page_of(room, "message/unavailable.html", token, guest)


async def visiting(room: Room, request: Request, page: Page) -> Response:
    """The page for an open visit, or the one that says that there is none."""
    token = room.frame.cookies.read(request, VISIT)
    guest = None if token is None else await room.answers.guest(token)
    if token is None or guest is None:
        return room.frame.layout.public("message/visit-ended.html", status=401)
    if guest.state is LinkState.WITHDRAWN:
        return withdrawn(room, guest)
    return await page(token, guest)


def withdrawn(room: Room, guest: Guest) -> Response:
    """Nothing is left of the message: the same page before the code and after it."""
    return room.frame.layout.public("message/withdrawn.html", name=clean_name(guest.name))
