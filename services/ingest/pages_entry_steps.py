"""The pages of the hand-entry form, for a new report and for the correction of one: what is typed travels in the form itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.ingest.domain.entry import Typed, Wrong, shown, unkept, wrongs
from services.ingest.domain.entry_fields import questions
from shared.errors import Refused
from shared.web.forms import Fault, Form
from shared.web.frame import Frame
from shared.web.sessions import Session

NO_CHILD = "Add at least one child: a report is about children"
NOT_WHOLE = "The form is not whole. Go back to the page before and send it again."
NO_ROOM = "There is room for no more. Send the others through the force’s records system"

Send = Callable[[Typed], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One visitor's walk through the form. ``address``: where its pages are sent; ``version``: of the report that is being corrected."""

    frame: Frame
    request: Request
    session: Session
    address: str
    version: int | None = None

    async def taken(self, form: Form, send: Send) -> Response:
        """What a press of a button leads to. ``send`` is called with the whole once nothing is wrong with it."""
        step, go = form.get("step"), form.get("go")
        is_first = step == "incident" and not form.get("kept") and self.version is None
        before = Typed(pages={}) if is_first else unkept(form.get("kept"))
        if before is None or not before.has_room_for(step):
            raise Refused(NOT_WHOLE)
        if step == "check":
            return await self._sent(before, send) if go == "send" else self._onward(before, go)
        if go == "remove" and step != "incident":
            return self.check(before.without(step))
        now = before.with_page(step, form.values)
        if faults := wrongs(now, step):
            return self.page(before, step, form.values, faults)
        return self._onward(now, go)

    async def _sent(self, whole: Typed, send: Send) -> Response:
        for step in whole.pages:
            if faults := wrongs(whole, step):
                return self.page(whole, step, whole.page(step), faults)
        if not whole.steps("child"):
            return self.check(whole, [Wrong(name="go-child", text=NO_CHILD)])
        return await send(whole)

    def _onward(self, now: Typed, go: str) -> Response:
        """The page that a button leads to; from anything else, the page of all answers."""
        kind, _, step = go.partition(":")
        if kind == "page" and step in now.pages:
            return self.page(now, step, now.page(step))
        if kind in ("adult", "child"):
            if (another := now.free(kind)) is None:
                full = Wrong(
                    name=f"go-{kind}", text=f"There is room for no more. Send the others through the force's records system ({kind})"
                )
                return self.check(now, [full])
            return self.page(now, another, {})
        return self.check(now)

    def page(self, typed: Typed, step: str, values: Any, wrong: Sequence[Wrong] = ()) -> Response:
        """One page of questions."""
        return self.frame.layout.staff(
            self.request,
            self.session,
            "entry/page.html",
            status=422 if wrong else 200,
            errors=_faults(wrong),
            step=step,
            title=_title(step),
            asked=questions(step, typed.adults),
            values=values,
            kept=typed.kept() if typed.pages else "",
            is_there=step in typed.pages,
            address=self.address,
            version=self.version,
        )

    def check(self, typed: Typed, wrong: Sequence[Wrong] = (), other: str = "") -> Response:
        """The page of all answers. ``other``: the incident that has this reference already."""
        steps = ("incident", *typed.adults, *typed.steps("child"))
        parts = [(step, _title(step), [(one.label, shown(typed.page(step), one)) for one in typed.asked(step)]) for step in steps]
        return self.frame.layout.staff(
            self.request,
            self.session,
            "entry/check.html",
            status=(409 if other else 422) if wrong else 200,
            errors=_faults(wrong),
            parts=parts,
            kept=typed.kept(),
            other=other,
            address=self.address,
            version=self.version,
        )


def _faults(wrong: Sequence[Wrong]) -> list[Fault]:
    return [Fault(name=one.name, text=one.text) for one in wrong]


def _title(step: str) -> str:
    kind, _, number = step.partition("-")
    return f"{kind.capitalize()} {number}" if number else "The incident"
