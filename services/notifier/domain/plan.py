"""The plan of one notification: who is told when, worked backwards from the deadline, then frozen (D2, design 5).

The first rung is due at once and the last is always a telephone task for a named team. Between them the policy says how long before
the deadline each rung stands; when less time is left than that, every wait shrinks in the same proportion; when so little is left that
waiting would help nobody, everything is due at once. No rung ever falls after ``max(deadline_at, opened_at)``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

PHONE = "phone"

MINIMUM_WAIT_MINUTES = 10
"""Waiting less than this for a person to read a message is no wait: the next one may as well be told now."""

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
    decreases.
    """

    rungs: tuple[Rung, ...]
    deadline_at: datetime
    opened_at: datetime
    past: int = 0

    @property
    def present(self) -> tuple[Rung, ...]:
        """The rungs since the notification was opened, or opened again."""
        return self.rungs[self.past :]

    def added_to(self, done: int, fresh: "Plan") -> "Plan":
        """The rungs of ``fresh`` behind the first ``done`` of this plan, numbered on. What was done is never edited (D2)."""
        behind = tuple(replace(rung, number=done + number) for number, rung in enumerate(fresh.rungs, 1))
        return Plan(rungs=self.rungs[:done] + behind, deadline_at=fresh.deadline_at, opened_at=fresh.opened_at, past=done)

    def to_data(self) -> dict[str, Any]:
        """The plan as JSON values, for the notification's row."""
        return {
            "opened_at": _text(self.opened_at),
            "deadline_at": _text(self.deadline_at),
            "past": self.past,
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
        )


def make_plan(
    ladder: Sequence[Step],
    deadline_at: datetime,
    opened_at: datetime,
    roles_available: Collection[str],
    *,
    too_near_minutes: int = TOO_NEAR_MINUTES,
    minimum_wait_minutes: int = MINIMUM_WAIT_MINUTES,
) -> Plan:
    """The plan for a notification that may be sent from ``opened_at`` on (both UTC instants).

    Steps whose role nobody holds (``roles_available``: the roles with a contact who may be told) are left out, so the next person is
    told without waiting for nobody. The telephone task is never left out: a plan without people is a telephone task at once.

    DSL, deputy, head, authority and telephone at 75, 45, 20 and 0 minutes before a deadline of 08:00: opened at 23:10 they fall at
    23:10, 06:45, 07:15, 07:40 and 08:00; opened at 06:40 at 06:40, 07:00, 07:24, 07:44 and 08:00; opened at 07:10 all at once.
    """
    steps = _usable(ladder, roles_available)
    waits = len(steps) - 1
    span = deadline_at - opened_at
    too_near = timedelta(minutes=max(too_near_minutes, minimum_wait_minutes * waits, 1))
    due = [opened_at] * len(steps)
    if waits and span >= too_near:
        due[1:] = _backwards(steps[1:], deadline_at, span, minimum_wait_minutes)
    rungs = tuple(Rung(number=number, role=str(step.role), due_at=at) for number, (step, at) in enumerate(zip(steps, due, strict=True), 1))
    return Plan(rungs=rungs, deadline_at=deadline_at, opened_at=opened_at)


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


def _usable(ladder: Sequence[Step], roles_available: Collection[str]) -> list[Step]:
    """The steps that someone can carry out, the telephone task last."""
    people = [step for step in ladder if step.role != PHONE and step.role in roles_available]
    return [*people, next((step for step in reversed(ladder) if step.role == PHONE), _TelephoneLast())]


def _backwards(later: Sequence[Step], deadline_at: datetime, span: timedelta, minimum_wait: int) -> list[datetime]:
    """When each rung after the first is due.

    The fixed times need room for the first of them, and before it for the first reader, who gets as long as those after her do. With
    less room than that, all of them shrink by the same part.
    """
    minutes = [max(0, step.minutes_before_deadline or 0) for step in later]
    longest = max(minutes)
    needed = longest + max(minimum_wait, longest // max(1, len(later) - 1))
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
