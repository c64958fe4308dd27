"""The plan of one notification: who is told when, worked backwards from the deadline, then frozen (D2, design 5).

The first rung is due at once and the last is always a telephone task for a named team. Between them the policy says how long before
the deadline each rung stands; when less time is left than that, every wait shrinks in the same proportion; a wait too short to be of use
is none; when so little is left that waiting would help nobody, everything is due at once. A notification that comes while the setting is in
session does not wait for the deadline: the child is there now. No rung ever falls after ``max(deadline_at, opened_at)``.

The instants are worked out for the whole ladder and do not depend on who can be told, so that one more contact never makes a child later.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

PHONE = "phone"

RUNG_MINUTES = 10
"""Waiting less than this for a person to read a message is no wait: the next one may as well be told now. A policy may say otherwise."""

TOO_NEAR_MINUTES = 60
"""With less than this before the deadline everything is due at once; a policy may say otherwise (``too_near_minutes``)."""


class Step(Protocol):
    """One step of a ladder, as ``shared.policy.Rung`` is: a role (phone is the telephone task), and one of two ways to say when.

    ``share``: that part of the time from opening to deadline has gone. ``minutes_before_deadline``: a fixed time before it.
    """

    @property
    def role(self) -> str: ...

    @property
    def share(self) -> float | None: ...

    @property
    def minutes_before_deadline(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of one plan. ``number`` counts from 1; ``due_at`` is a UTC instant."""

    number: int
    role: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The frozen ladder: never empty, numbered from 1 without a gap, the last rung always the telephone task.

    The first ``past`` rungs were done before a change opened the notification again; they are history. Of the others ``due_at`` never
    decreases. ``in_session``: the setting was in session at the opening, so nothing waits for the deadline, and text messages go at once.
    """

    rungs: tuple[Rung, ...]
    deadline_at: datetime
    opened_at: datetime
    past: int = 0
    in_session: bool = False

    @property
    def present(self) -> tuple[Rung, ...]:
        """The rungs since the notification was opened, or opened again."""
        return self.rungs[self.past :]

    def added_to(self, done: int, fresh: "Plan") -> "Plan":
        """The rungs of ``fresh`` behind the first ``done`` of this plan, numbered on. What was done is never edited (D2)."""
        behind = tuple(replace(rung, number=done + number) for number, rung in enumerate(fresh.rungs, 1))
        return replace(fresh, rungs=self.rungs[:done] + behind, past=done)

    def to_data(self) -> dict[str, Any]:
        """The plan as JSON values, for the notification's row."""
        return {
            "opened_at": _text(self.opened_at),
            "deadline_at": _text(self.deadline_at),
            "past": self.past,
            "in_session": self.in_session,
            "rungs": [{"number": rung.number, "role": rung.role, "due_at": _text(rung.due_at)} for rung in self.rungs],
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> "Plan":
        """The plan that ``to_data`` made. Raises KeyError or ValueError when it is not one."""
        return Plan(
            rungs=tuple(
                Rung(number=int(rung["number"]), role=str(rung["role"]), due_at=_instant(rung["due_at"])) for rung in data["rungs"]
            ),
            deadline_at=_instant(data["deadline_at"]),
            opened_at=_instant(data["opened_at"]),
            past=int(data.get("past", 0)),
            in_session=bool(data.get("in_session", False)),
        )


def make_plan(
    ladder: Sequence[Step],
    deadline_at: datetime,
    opened_at: datetime,
    roles_available: Collection[str],
    *,
    too_near_minutes: int = TOO_NEAR_MINUTES,
    rung_minutes: int = RUNG_MINUTES,
    in_session_minutes: int | None = None,
) -> Plan:
    """The plan for a notification that may be sent from ``opened_at`` on (both UTC instants).

    Steps whose role nobody holds (``roles_available``: the roles with a contact who may be told) are left out, and the first person is
    told at once. The telephone task is never left out: a plan without people is a telephone task at once. Two rungs stand at one instant
    or ``rung_minutes`` apart. ``in_session_minutes``: so long after the opening the telephone task stands because the setting is in
    session (see ``domain.session``), and before it one rung every ``rung_minutes``; None or 0: no such hurry.

    DSL, deputy, head, authority and telephone at 75, 45, 20 and 0 minutes before a deadline of 08:00: opened at 23:10 they fall at
    23:10, 06:45, 07:15, 07:40 and 08:00; opened at 06:40 at 06:40, 07:00, 07:24, 07:44 and 08:00; opened at 07:10 all at once. With a
    deadline of 08:00 tomorrow, opened at 10:00 in session, at 10:00, 10:10, 10:20, 10:30 and 11:00.
    """
    steps = _ending_in_a_call(ladder)
    due = [opened_at] * len(steps)
    span = deadline_at - opened_at
    if len(steps) > 1 and span >= timedelta(minutes=max(too_near_minutes, rung_minutes, 1)):
        due[1:] = _backwards(steps[1:], deadline_at, span, rung_minutes)
    due = _apart(due, timedelta(minutes=rung_minutes))
    held = [(step, at) for step, at in zip(steps, due, strict=True) if step.role == PHONE or step.role in roles_available]
    instants = [opened_at, *(at for _, at in held[1:])]
    if in_session_minutes:
        soon = _forwards(len(held), opened_at, rung_minutes, in_session_minutes)
        instants = [min(pair) for pair in zip(instants, soon, strict=True)]
    rungs = (Rung(number=n, role=str(step.role), due_at=at) for n, ((step, _), at) in enumerate(zip(held, instants, strict=True), 1))
    return Plan(rungs=tuple(rungs), deadline_at=deadline_at, opened_at=opened_at, in_session=bool(in_session_minutes))


def next_due(rungs: Sequence[Rung], done: int, passed_on: bool, now: datetime) -> Rung | None:
    """The next rung with the instant it is due at, or None when ``done`` (a count) says that all were climbed.

    A contact who passed the notification on ends the wait: the rung is due ``now`` when it was not due earlier.
    """
    if done >= len(rungs):
        return None
    rung = rungs[done]
    due_at = min(rung.due_at, now) if passed_on else rung.due_at
    return Rung(number=rung.number, role=rung.role, due_at=due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TelephoneLast:
    """The telephone task of a ladder that forgot it."""

    role: str = PHONE
    share: float | None = None
    minutes_before_deadline: int | None = 0


def _ending_in_a_call(ladder: Sequence[Step]) -> list[Step]:
    """The people in their order, the telephone task last."""
    people = [step for step in ladder if step.role != PHONE]
    return [*people, next((step for step in reversed(ladder) if step.role == PHONE), _TelephoneLast())]


def _apart(due: Sequence[datetime], least: timedelta) -> list[datetime]:
    """The same instants, each that follows another by less than ``least`` brought forward to it."""
    apart: list[datetime] = []
    for at in due:
        apart.append(apart[-1] if apart and at - apart[-1] < least else at)
    return apart


def _forwards(count: int, opened_at: datetime, rung_minutes: int, in_session_minutes: int) -> list[datetime]:
    """One rung after the other from the opening on, and the last, the telephone task, at its time with a useful wait before it."""
    latest = max(0, in_session_minutes - rung_minutes) // max(1, rung_minutes) * rung_minutes
    minutes = [*(min(number * rung_minutes, latest) for number in range(count - 1)), in_session_minutes if count > 1 else 0]
    return [opened_at + timedelta(minutes=one) for one in minutes]


def _backwards(later: Sequence[Step], deadline_at: datetime, span: timedelta, rung_minutes: int) -> list[datetime]:
    """When each rung after the first is due.

    The fixed times need room for the first of them, and before it for the first reader, who gets as long as those after her do. With
    less room than that, all of them shrink by the same part.
    """
    minutes = [max(0, step.minutes_before_deadline or 0) for step in later]
    longest = max(minutes)
    needed = longest + max(1, rung_minutes, longest // max(1, len(later) - 1))
    room = min(span, timedelta(minutes=needed))
    due: list[datetime] = []
    for step, before in zip(later, minutes, strict=True):
        ahead = span * max(0.0, min(1.0, 1 - step.share)) if step.share is not None else room * before // needed
        due.append(max([deadline_at - ahead, *due[-1:]]))
    return due


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
