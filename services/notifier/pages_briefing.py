"""The way to a briefing, as neutral as that to a message, and its page (``domain/briefing``).

    GET  /b/TOKEN          moves the token from the address into a short-lived cookie
    GET  /briefing         for which setting there is a page, and a button
    POST /briefing/code    sends a code over the contact's other channel
    POST /briefing/open    opens a visit when it is right
    GET  /briefing/read    the page

A GET changes nothing (D4).
"""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.notifier.domain.codes import CODE_DIGITS, CODE_LIFETIME, Verdict
from services.notifier.domain.confirm import day_in_words
from services.notifier.domain.handling import helpline
from services.notifier.domain.wording import clean_name
from services.notifier.pages_visit import READ, masked
from services.notifier.visits_briefing import VISIT_LIFETIME, BriefingVisits, Told
from shared.policy import HolidayPlan
from shared.web import forms
from shared.web.cookies import Cookie, is_token
from shared.web.forms import Fault, Form
from shared.web.frame import Frame
from shared.web.support import grouped

LINK = Cookie(name="briefing", lifetime=timedelta(minutes=30), same_site="lax")
VISIT = Cookie(name="briefing-visit", lifetime=VISIT_LIFETIME, same_site="strict")

JUDGED: dict[Verdict, str] = {
    Verdict.WRONG: "The code is not right. Check it and enter it again",
    Verdict.SPENT: "This code has been tried too often. Ask for a new one",
    Verdict.EXPIRED: "This code has run out. Ask for a new one",
    Verdict.USED: "This code has been used. Ask for a new one",
}
NOT_SENT = "The code could not be sent. Wait a while, then ask again"
PLANS = {
    HolidayPlan.LIVE_TEAM: "A team that is on duty is told at once. Your setting is told on its first staff day back.",
    HolidayPlan.SETTING_CONTACT: "Your setting's holiday contact is told at once. Your setting is told on its first staff day back.",
    HolidayPlan.BOTH: "A team that is on duty and your setting's holiday contact are told at once. Your setting is told on its first "
    "staff day back.",
}
NO_CONTACT = "Your setting has named no holiday contact whose details are confirmed, so a team that is on duty is told in her place."
EACH_MINUTE = 600


def build(frame: Frame, briefings: BriefingVisits) -> APIRouter:
    """The routes."""
    router = APIRouter()
    limited = Depends(frame.limits.by_address(each_minute=EACH_MINUTE, burst=EACH_MINUTE))
    _arriving(router, frame, briefings, limited)
    _entering(router, frame, briefings, limited)
    return router


def _arriving(router: APIRouter, frame: Frame, briefings: BriefingVisits, limited: Any) -> None:
    @router.api_route("/b/{token}", methods=READ, dependencies=[limited])
    async def arrive(token: str) -> Response:
        if not is_token(token):
            return ended(frame)
        moved = RedirectResponse("/briefing", 303)
        frame.cookies.write(moved, LINK, token)
        return moved

    @router.api_route("/briefing", methods=READ)
    async def arrival(request: Request) -> Response:
        return await arriving(frame, briefings, request)

    @router.post("/briefing/code", dependencies=[limited])
    async def ask(request: Request, _form: Annotated[Form, Depends(frame.forms.posted(LINK))]) -> Response:
        if await briefings.send_code(frame.cookies.read(request, LINK) or ""):
            return await arriving(frame, briefings, request, asked=True)
        return await arriving(frame, briefings, request, [Fault(name="send", text=NOT_SENT)])


def _entering(router: APIRouter, frame: Frame, briefings: BriefingVisits, limited: Any) -> None:
    @router.post("/briefing/open", dependencies=[limited])
    async def enter(request: Request, form: Annotated[Form, Depends(frame.forms.posted(LINK))]) -> Response:
        digits = "".join(form.get("code").split())
        if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
            wrong = [Fault(name="code", text=f"Enter the {CODE_DIGITS} digits of the code")]
            return await arriving(frame, briefings, request, wrong, asked=True)
        judged = await briefings.enter_code(frame.cookies.read(request, LINK) or "", digits)
        if judged is None:
            return ended(frame)
        what, token = judged
        if token is None:
            return await arriving(frame, briefings, request, [Fault(name="code", text=JUDGED[what])], asked=True)
        opened = RedirectResponse("/briefing/read", 303)
        frame.cookies.write(opened, VISIT, token)
        return opened

    @router.api_route("/briefing/read", methods=READ)
    async def read(request: Request) -> Response:
        token = frame.cookies.read(request, VISIT)
        told = None if token is None else await briefings.page(token)
        if told is None:
            return frame.layout.public("message/visit-ended.html", status=401)
        return frame.layout.public("briefing/page.html", **_page(told))


async def arriving(
    frame: Frame, briefings: BriefingVisits, request: Request, faults: list[Fault] | None = None, *, asked: bool = False
) -> Response:
    """The first page; ``asked``: a code is under way, and its digits are asked for."""
    token = frame.cookies.read(request, LINK) or ""
    reader = await briefings.arrived(token)
    if reader is None:
        return ended(frame)
    return frame.layout.public(
        "briefing/arrival.html",
        name=clean_name(reader.setting.name),
        csrf=forms.token(token),
        errors=faults or [],
        way=None if reader.way is None else {"channel": reader.way[0], "hint": masked(*reader.way)},
        asked=asked,
        minutes=int(CODE_LIFETIME.total_seconds() // 60),
    )


def ended(frame: Frame) -> Response:
    """One page for every link that opens nothing."""
    return frame.layout.public("message/ended.html", status=404)


def _page(told: Told) -> dict[str, Any]:
    wants_contact = told.plan is not HolidayPlan.LIVE_TEAM
    teams = [{"name": team.name, "telephone": team.telephone} for team in told.live]
    return {
        "name": clean_name(told.setting.name),
        "begins": day_in_words(told.begins_on),
        "ends": None if told.ends_on is None else day_in_words(told.ends_on),
        "staff": None if told.staff_on is None else day_in_words(told.staff_on),
        "weeks": [(day_in_words(week.begins_on), week.received, week.unanswered) for week in told.weeks],
        "received": told.received,
        "unanswered": told.unanswered,
        "plan": PLANS[told.plan],
        "no_contact": NO_CONTACT if wants_contact and not told.has_contact else None,
        "teams": teams if not wants_contact or told.plan is HolidayPlan.BOTH or not told.has_contact else [],
        "helpline": helpline(told.policy.helpline),
        "support": grouped(told.support, is_today=False),
        "area": told.setting.authority,
    }
