"""Playing generated reports over a school week and a holiday, from outside, and counting what became of each child.

The driver keeps the sender's own list: every child that it posted, by reference. At every stop of the clock it asks the API about them,
and a child that the API does not know, or calls lost, is lost. Nothing of what it counts that by comes from a table.
"""

import functools
import heapq
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from services.demo import generated, store
from services.demo.actors import DONE, Habit, reaction, visit
from services.demo.actors_staff import review, sign_in, telephone
from services.demo.client import PoliceSystem, Unexpected, Visitors
from services.demo.generated import CORRECT, POST, RESEND, Sending
from services.demo.messages import Arrived, Messages
from services.demo.places import AUTHORITY, FORCE
from services.notifier.channels import EMAIL
from shared.calendar import at, london_date
from shared.clock import ManualClock
from shared.events import AttemptStarted, NotificationOpened
from shared.run import Process
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role

STOPS = (time(6, 30), time(8, 5), time(13, 0), time(22, 0))
"""London wall times at which the sender asks what became of every child of whom that may have changed."""
EVERYONE = STOPS[1]
"""When the holiday begins and when it ends, and at the last stop, she asks about every child."""
AT_REST = frozenset({"acknowledged", "excluded"})
SHIFTS = (time(6, 40), time(8, 20), time(13, 10))
"""London wall times at which reviewers and coordinators look at what is theirs, every day that there is any."""
STAFF = (
    (Role.REVIEWER, Scope.force(FORCE)),
    (Role.LEAD, Scope.authority(AUTHORITY)),
    (Role.COORDINATOR, Scope.authority(AUTHORITY)),
)
OWED_TO = {Role.REVIEWER: "held", Role.LEAD: "held", Role.COORDINATOR: "late"}
STEP = timedelta(minutes=15)
"""People act on the quarter hours, so that several share a look at what is due."""

Told = Callable[[int, int], None]
Meddle = Callable[[Process], Awaitable[None]]
Act = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Sent:
    """One report on the sender's list: its children, what the API said last, and whether anybody has done anything about it since."""

    incident_id: str
    children: tuple[str, ...]
    said: Mapping[str, Any] = field(default_factory=dict)
    touched: bool = False

    def is_as_said(self, now: datetime) -> bool:
        """Whether what the API said last must still be so: nobody has acted, and everything it named comes later than ``now``.

        Whoever is at rest stays so. Something that came due is asked about even when nothing seems to have come of it: then it is lost.
        """
        if not self.said:
            return False
        moving = [child for child in self.said["children"] if child["outcome"] not in AT_REST]
        return not moving or (not self.touched and all(_is_ahead(child, now) for child in moving))


class Week:
    """One play of the two weeks. ``seed`` decides what everybody does."""

    def __init__(
        self, *, process: Process, clock: ManualClock, visitors: Visitors, police: PoliceSystem, messages: Messages, seed: int
    ) -> None:
        self._process = process
        self._clock = clock
        self._visitors = visitors
        self._police = police
        self._messages = messages
        self._seed = seed
        self._sent: dict[str, _Sent] = {}
        self._read = 0
        self._seen_seq = 0
        self._incidents: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._about: dict[str, str] = {}
        self._attempts: dict[str, tuple[str, int]] = {}
        self._taken: set[str] = set()
        self._left: dict[Role, set[str]] = {role: set() for role, _ in STAFF}
        self._queue: list[tuple[datetime, int, Act]] = []
        self._numbers = count()
        self.lost: set[tuple[str, str]] = set()

    async def play(self, planned: tuple[Sending, ...], told: Told, meddle: Meddle | None = None, *, ends_on: date) -> None:
        """Everything, from the first report to the last stop on the London date ``ends_on``. ``told`` is given (stops made, stops in all).

        ``meddle`` is called at each stop, before the sender asks.
        """
        stops = _stops(ends_on)
        for sending in planned:
            self._plan(sending.at, functools.partial(self._send, sending))
        for on in dict.fromkeys(london_date(stop) for stop in stops):
            for wall in SHIFTS:
                self._plan(at(on, wall), self._work)
        for number, stop in enumerate(stops):
            await self._act_until(stop)
            await self._reach(stop)
            if meddle is not None:
                await meddle(self._process)
            await self.ask(everyone=stop in (stops[-1], at(generated.HOLIDAY_ON, EVERYONE), at(generated.BACK_ON, EVERYONE)))
            told(number + 1, len(stops))

    async def ask(self, *, everyone: bool) -> None:
        """Ask the API about reports of the sender's list and note every lost child: about all if ``everyone``, else where it may differ."""
        now = self._clock.now()
        for reference, sent in sorted(self._sent.items()):
            if everyone or not sent.is_as_said(now):
                sent.said, sent.touched = await self._police.show(sent.incident_id), False
                known = {child["reference"]: child["outcome"] for child in sent.said["children"]}
                self.lost |= {(reference, child) for child in sent.children if known.get(child, "lost") == "lost"}

    def outcomes(self) -> list[Mapping[str, Any]]:
        """What the API said last of each child that was ever on the list."""
        return [child for sent in self._sent.values() for child in sent.said["children"]]

    @property
    def incidents(self) -> int:
        """Reports on the sender's list."""
        return len(self._sent)

    @property
    def children(self) -> int:
        """Children on it."""
        return sum(len(sent.children) for sent in self._sent.values())

    # --- time ---------------------------------------------------------------------------------------------------------------

    def _plan(self, instant: datetime, act: Act) -> None:
        over = (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % STEP
        heapq.heappush(self._queue, (instant + (STEP - over if over else timedelta(0)), next(self._numbers), act))

    async def _act_until(self, stop: datetime) -> None:
        """Everything that somebody does before ``stop``, each at its own time."""
        while self._queue and self._queue[0][0] <= stop:
            await self._reach(self._queue[0][0])
            while self._queue and self._queue[0][0] <= self._clock.now():
                await heapq.heappop(self._queue)[2]()
            await self._process.settle()
            await self._notice()

    async def _reach(self, instant: datetime) -> None:
        """Move to ``instant``; where nothing falls due until then, by the loops' own word, there is nothing to stop for."""
        if instant <= self._clock.now():
            return
        due_at = await self._process.next_due()
        if due_at is None or due_at > instant:
            self._clock.move_to(instant)
            return
        await self._process.advance(self._clock, instant)
        await self._notice()

    # --- the police ---------------------------------------------------------------------------------------------------------

    async def _send(self, sending: Sending) -> None:
        body = json.dumps(sending.body).encode()
        known = self._sent.get(sending.reference)
        if sending.kind in (POST, RESEND):
            receipt = await self._police.post(body)
            if known is None:
                self._sent[sending.reference] = _Sent(incident_id=receipt["incident_id"], children=sending.children)
                self._incidents[receipt["incident_id"]] = sending.reference
            return
        assert known is not None
        if sending.kind == CORRECT:
            await self._police.put(known.incident_id, body)
        else:
            await self._police.withdraw(known.incident_id, body)
        known.said = {}
        for left in self._left.values():
            left.discard(known.incident_id)

    # --- the schools --------------------------------------------------------------------------------------------------------

    async def _notice(self) -> None:
        """Let everybody who has just got a link decide what she does, in an order that no generated id can change."""
        every = self._messages.all()
        if len(every) == self._read:
            return
        await self._learn()
        mails = [one for one in every[self._read :] if one.link and one.channel == EMAIL]
        self._read = len(every)
        about = [(one, *self._attempts.get(one.message.attempt_id, ("", 0))) for one in mails]
        new = [(f"{self._places[told]} {rung} {one.message.to}", one, told) for one, told, rung in about if told in self._places]
        for key, one, told in sorted(new, key=lambda entry: entry[0]):
            reacts = reaction(self._seed, key, one.at or self._clock.now())
            if reacts.habit is not Habit.NEVER:
                self._plan(reacts.at, functools.partial(self._visit, one, told, reacts.habit))

    async def _learn(self) -> None:
        """Which report and which place a message is about: from the journal, by ids alone."""
        async with self._process.parts.database.reading() as reading:
            facts = await store.facts_after(reading, self._seen_seq, types=(NotificationOpened.TYPE, AttemptStarted.TYPE))
            self._seen_seq = await store.newest_seq(reading)
        for fact in (envelope.fact for envelope in facts):
            if isinstance(fact, NotificationOpened):
                reference = self._incidents.get(fact.incident_id, "")
                self._places[fact.notification_id] = f"{reference} {fact.destination_ref} {fact.purpose}"
                self._about[fact.notification_id] = reference
            elif isinstance(fact, AttemptStarted):
                self._attempts[fact.attempt_id] = (fact.notification_id, fact.rung)

    async def _visit(self, one: Arrived, notification_id: str, habit: Habit) -> None:
        """She opens her link, unless a colleague has told her that it is picked up. A link may have ended meanwhile."""
        if notification_id in self._taken:
            return
        if (sent := self._sent.get(self._about[notification_id])) is not None:
            sent.touched = True
        async with self._visitors.browser() as browser:
            try:
                ended_at = await visit(browser, one.link or "", habit, self._codes)
            except Unexpected as ended:
                if ended.status not in (401, 404):
                    raise
                return
        if habit is Habit.ACTS and ended_at == DONE:
            self._taken.add(notification_id)

    # --- the staff ----------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        """One shift: the reviewers of the authority and of the police, the named lead, and who telephones."""
        last = {child["outcome"] for sent in self._sent.values() if sent.said for child in sent.said["children"]}
        for role, scope in STAFF:
            if OWED_TO[role] not in last:
                continue
            async with self._visitors.browser() as browser:
                await sign_in(browser, await self._invite(role, scope))
                left = self._left[role]
                if role is Role.COORDINATOR:
                    touched = set(self._incidents) if await telephone(browser, left) else set[str]()  # a call sheet names no report
                else:
                    seen = set(left)
                    await review(browser, left)
                    touched = left - seen
            for incident_id in touched & self._incidents.keys():
                self._sent[self._incidents[incident_id]].touched = True

    async def _invite(self, role: Role, scope: Scope) -> str:
        async with self._process.parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, scope, self._clock.real())
        return f"/sign-in/{token}"

    def _codes(self) -> list[str]:
        return [one.code for one in self._messages.all()[self._read :] if one.code]


def _is_ahead(child: Mapping[str, Any], now: datetime) -> bool:
    """Whether everything that the API names for a child and her destinations comes later than ``now``, and there is something."""
    named = [one["next_action_at"] for one in (child, *child["destinations"])]
    return named[0] is not None and all(datetime.fromisoformat(at) > now for at in named if at is not None)


def _stops(ends_on: date) -> list[datetime]:
    """On a school day four times, on other days at the second and the last of them."""
    days = [generated.BEGINS_ON + timedelta(days=day) for day in range((ends_on - generated.BEGINS_ON).days + 1)]
    return [at(on, wall) for on in days for wall in (STOPS if _is_school_day(on) else STOPS[1::2])]


def _is_school_day(on: date) -> bool:
    return on.weekday() < 5 and not generated.HOLIDAY_ON <= on < generated.BACK_ON
