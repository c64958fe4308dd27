"""Nights that are lived with crashes: what the sender and the people do, over whichever process is alive.

A night is a script. Whoever was thrown out by a crash does again what was not answered: the sender posts again, a reader begins again at
her link. At every stop of the clock, and while a lease of the dead runs, the sender counts from its own list (``tests.scenario.night``).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.demo.client import Unexpected
from services.notifier.channels import EMAIL, SMS
from services.notifier.loops import LEASE
from shared.clock import ManualClock
from shared.db.tables.notifier import notifier_attempt
from tests.scenario.journey import Visitor, reached_at, visits
from tests.scenario.night import Story, Watch
from tests.simulation.crashing import Fuse, ended, started
from tests.whole import Box, Whole

RARELY = timedelta(hours=12)
AFTER_A_CRASH = LEASE - timedelta(seconds=10)
"""The sender looks while the dead program still holds what it was doing: even then nobody is lost."""
PAGES_MAX = 6

Answers = Mapping[str, Mapping[str, str]]
"""What people say once they have a message, of each child by its reference: ``{"dsl@900001": {"C1": "on-our-roll"}}``."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """What happens in a night. At ``read_at`` everybody in ``answers`` reads; whoever says that they are hers acts on it."""

    starts_at: datetime
    reports: Sequence[Mapping[str, Any]]
    answers: Answers
    read_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a night ended: each child's outcome by report and child, and how many steps it took."""

    outcomes: Mapping[tuple[str, str], str]
    steps: int


@dataclass(kw_only=True)
class Night:
    """One night: the sender's and the people's side of it, over whichever process is alive."""

    script: Script
    database_url: str
    fuse: Fuse
    alive: Whole
    watch: Watch
    incidents: dict[str, str] = field(default_factory=dict)

    @property
    def story(self) -> Story:
        return Story(w=self.alive, watch=self.watch)

    async def lived(self) -> Ending:
        """From beginning to end, carried on by another process after each crash."""
        for step in self._steps():
            while not await self._survived(step):
                await self._carried_on()
        with self.fuse.paused():
            await self._checked()
            return Ending(outcomes=await self._outcomes(), steps=self.fuse.steps)

    def _steps(self) -> list[Callable[[], Awaitable[Any]]]:
        script = self.script
        return [
            *(lambda report=report: self._post(report) for report in script.reports),
            lambda: self._until(script.read_at),
            *(lambda person=person, says=says: self._reads(person, says) for person, says in script.answers.items()),
            lambda: self._until(script.ends_at),
        ]

    async def _survived(self, step: Callable[[], Awaitable[Any]]) -> bool:
        """Take a step; False when the process died of it. What was being said when it died is said again to the next one."""
        try:
            await step()
        except BaseException:
            if not self.fuse.is_blown:
                raise
            return False
        return True

    async def _carried_on(self) -> None:
        await ended(self.alive)
        self.alive = _beside(started(self.alive, self.database_url, self.fuse), self.watch)
        await self._survived(lambda: self.alive.advance_by(AFTER_A_CRASH))

    async def _post(self, report: Mapping[str, Any]) -> None:
        answer = await self.alive.post_report(report)
        assert answer.status_code == 202
        incident_id = str(answer.json()["incident_id"])
        assert self.incidents.setdefault(report["reference"], incident_id) == incident_id
        self.watch.reports[incident_id] = [child["reference"] for child in report["children"]]
        await self.alive.settle()

    async def _until(self, instant: datetime) -> None:
        await self.alive.advance(max(instant, self.alive.clock.now()))

    async def _reads(self, person: str, says: Mapping[str, str]) -> None:
        """She opens every link in her mailbox and goes as far as the pages lead."""
        for link in self.alive.links(reached_at(person)[EMAIL]):
            try:
                visitor = await visits(self.alive, person, link)
            except Unexpected:
                continue  # it was taken back before: her link is dead
            await self._goes_through(visitor, says)
        await self.alive.settle()

    async def _goes_through(self, visitor: Visitor, says: Mapping[str, str]) -> None:
        for _ in range(PAGES_MAX):
            forms = visitor.page.forms
            if "/message/answer" in forms:
                await visitor.acts()
            elif "/message/children" in forms:
                await visitor.says(await self._asked(says, visitor.asked()))
            elif "/message/code" in forms:
                await visitor.enters(await visitor.asks_for_code())

    async def _asked(self, says: Mapping[str, str], child_ids: frozenset[str]) -> dict[str, str]:
        """The answers for the children that the page asks about."""
        with self.fuse.paused():
            told = [child for incident_id in self.incidents.values() for child in (await self.alive.incident(incident_id))["children"]]
        return {child["child_id"]: says[child["reference"]] for child in told if child["child_id"] in child_ids}

    async def _outcomes(self) -> dict[tuple[str, str], str]:
        found = {}
        for reference, incident_id in self.incidents.items():
            for child in (await self.alive.incident(incident_id))["children"]:
                found[reference.rpartition("-")[0], child["reference"]] = child["outcome"]
        return found

    async def _checked(self) -> None:
        assert await self.story.owed() == 0
        attempts = {row["attempt_id"]: row for row in await self.story.rows(notifier_attempt)}
        assert not [row for row in attempts.values() if row["result"] == "started"]
        sent = set()
        for box in (self.alive.mail, self.alive.phone):
            for message in box.messages():
                if message.attempt_id not in attempts:
                    continue  # a code: it is asked for again and says so by being another one
                row = attempts[message.attempt_id]
                identity = tuple(row[name] for name in ("notification_id", "rung", "contact_id", "channel"))
                is_marked = "Sent again" in message.subject + message.body
                assert identity not in sent or is_marked, "a repeat that does not say so"
                sent.add(identity)


@dataclass(kw_only=True)
class QuietWatch(Watch):
    """A watch that asks the process that may die, without bringing it nearer to its death."""

    fuse: Fuse

    async def run_once(self) -> int:
        with self.fuse.paused():
            return await super().run_once()


def _beside(w: Whole, watch: Watch) -> Whole:
    """That process with the watch beside its loops."""
    w.parts.database.on_recorded.append(watch.told)
    watch.w = replace(w, process=replace(w.process, loops=(*w.process.loops, watch)))
    return watch.w


@dataclass(kw_only=True)
class Town:
    """A directory and a roll that stay the same from night to night; each night has a clock, mailboxes and processes of its own."""

    w: Whole
    database_url: str
    nights: int = 0

    async def lived(self, script: Script, *at: int) -> Ending:
        """One night with a crash at each of these steps. A failure says at which."""
        await self.w.token()
        night = self._night(script, Fuse(at=frozenset(at)))
        try:
            return await night.lived()
        except AssertionError as failed:
            failed.add_note(f"crashed at {night.fuse.died_at or 'no step'}, steps asked for: {at}")
            raise
        finally:
            await ended(night.alive)

    def _night(self, script: Script, fuse: Fuse) -> Night:
        self.nights += 1
        folder = self.w.folder / f"night-{self.nights}"
        clock, mail, phone = ManualClock(script.starts_at), Box(folder=folder / "mail", name=EMAIL), Box(folder=folder / "phone", name=SMS)
        alive = started(replace(self.w, clock=clock, folder=folder, mail=mail, phone=phone), self.database_url, fuse)
        watch = QuietWatch(w=alive, every=RARELY, fuse=fuse)
        renamed = [{**report, "reference": f"{report['reference']}-{self.nights}"} for report in script.reports]
        return Night(
            script=replace(script, reports=renamed),
            database_url=self.database_url,
            fuse=fuse,
            watch=watch,
            alive=_beside(alive, watch),
        )
