"""A crash between any two steps loses nothing: whatever died is carried on by the next process, and repeats say that they are repeats.

Every night is lived once without a crash, which says how its children end, and then again with a crash at a step. The sender counts from
its own list, at every stop of the clock and each minute after a crash.
"""

import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services import composition
from services.demo.client import Unexpected
from shared.clock import ManualClock
from shared.db.tables.notifier import notifier_attempt
from tests.scenario.journey import NOT_OURS, ON_OUR_ROLL, arrives
from tests.scenario.night import FRIDAY, THURSDAY, Story, at, report_of, watched
from tests.simulation.crashing import Fuse, ended, started
from tests.web import browser_like
from tests.whole import PUBLIC_URL, Box, Whole, settings, whole

OFTEN, RARELY = timedelta(seconds=75), timedelta(hours=12)
AFTER_A_CRASH = timedelta(minutes=6)
"""Looked at often: longer than any lease, so that whatever nobody takes up again is found."""
PAGES_MAX = 6
STEPS_MAX = 80

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
    story: Story
    alive: Whole
    incidents: dict[str, str] = field(default_factory=dict)

    async def lived(self) -> Ending:
        """From beginning to end, carried on by another process after each crash."""
        for step in self._steps():
            while not await self._survived(step):
                await self._carried_on()
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
        self.alive = _watched_process(self.story, self.database_url, self.fuse)
        self.story.watch.every = OFTEN
        await self._survived(lambda: self.alive.advance_by(AFTER_A_CRASH))
        self.story.watch.every = RARELY

    async def _post(self, report: Mapping[str, Any]) -> None:
        answer = await self.alive.post_report(report)
        assert answer.status_code == 202
        incident_id = str(answer.json()["incident_id"])
        assert self.incidents.setdefault(report["reference"], incident_id) == incident_id
        self.story.watch.reports[incident_id] = [child["reference"] for child in report["children"]]
        await self.alive.settle()

    async def _until(self, instant: datetime) -> None:
        await self.alive.advance(max(instant, self.alive.clock.now()))

    async def _reads(self, person: str, says: Mapping[str, str]) -> None:
        """She goes as far as the pages lead: somebody who was thrown out by a crash begins again at her link."""
        try:
            visitor = await arrives(self.alive, person)
        except Unexpected:
            return  # it was taken back before: her link is dead
        for _ in range(PAGES_MAX):
            forms = visitor.page.forms
            if "/message/answer" in forms:
                await visitor.acts()
            elif "/message/children" in forms:
                await visitor.says(await self._asked(says, visitor.asked()))
            elif "/message/code" in forms:
                await visitor.enters(await visitor.asks_for_code())
        await self.alive.settle()

    async def _asked(self, says: Mapping[str, str], child_ids: frozenset[str]) -> dict[str, str]:
        """The answers for the children that the page asks about."""
        told = [child for incident_id in self.incidents.values() for child in (await self.story.w.incident(incident_id))["children"]]
        return {child["child_id"]: says[child["reference"]] for child in told if child["child_id"] in child_ids}

    async def _outcomes(self) -> dict[tuple[str, str], str]:
        found = {}
        for reference, incident_id in self.incidents.items():
            for child in (await self.story.w.incident(incident_id))["children"]:
                found[reference.rpartition("-")[0], child["reference"]] = child["outcome"]
        return found

    async def _checked(self) -> None:
        assert await self.story.owed() == 0
        attempts = {row["attempt_id"]: row for row in await self.story.rows(notifier_attempt)}
        assert not [row for row in attempts.values() if row["result"] == "started"]
        sent = set()
        for box in (self.story.w.mail, self.story.w.phone):
            for message in box.messages():
                if message.attempt_id not in attempts:
                    continue  # a code: it is asked for again and says so by being another one
                row = attempts[message.attempt_id]
                identity = tuple(row[name] for name in ("notification_id", "rung", "contact_id", "channel"))
                is_marked = "Sent again" in message.subject + message.body
                assert identity not in sent or is_marked, "a repeat that does not say so"
                sent.add(identity)


def _watched_process(story: Story, database_url: str, fuse: Fuse) -> Whole:
    """A process that may die, with the story's watch beside its loops. The watch asks another one, which does not."""
    made = started(story.w, database_url, fuse)
    made.parts.database.on_recorded.append(story.watch.told)
    return replace(made, process=replace(made.process, loops=(*made.process.loops, story.watch)))


@dataclass(kw_only=True)
class Town:
    """A directory and a roll that stay the same from night to night; each night has a clock, mailboxes and processes of its own."""

    w: Whole
    database_url: str
    nights: int = 0

    async def lived(self, script: Script, *at: int) -> Ending:
        """One night with a crash at each of these steps. A failure says at which."""
        night = await self._night(script, Fuse(at=frozenset(at)))
        try:
            return await night.lived()
        except AssertionError as failed:
            failed.add_note(f"crashed at {night.fuse.died_at or 'no step'}, steps asked for: {at}")
            raise
        finally:
            await ended(night.alive)
            await ended(night.story.w)

    async def _night(self, script: Script, fuse: Fuse) -> Night:
        self.nights += 1
        folder = self.w.folder / f"night-{self.nights}"
        clock = ManualClock(script.starts_at)
        made = composition.parts(settings(self.database_url, folder), clock, keyring=self.w.parts.vault.keyring)
        parts = replace(made, frame=replace(made.frame, layout=self.w.parts.frame.layout))
        process = composition.process(parts)
        app = composition.application(process, drive=False)
        observer = replace(
            self.w,
            parts=parts,
            process=process,
            app=app,
            client=browser_like(app, PUBLIC_URL),
            clock=clock,
            mail=Box(folder=folder / "mail", name="email"),
            phone=Box(folder=folder / "phone", name="sms"),
            folder=folder,
        )
        await observer.token()
        story = watched(observer, every=RARELY)
        renamed = [report | {"reference": f"{report['reference']}-{self.nights}"} for report in script.reports]
        night = Night(
            script=replace(script, reports=renamed),
            database_url=self.database_url,
            fuse=fuse,
            story=story,
            alive=_watched_process(story, self.database_url, fuse),
        )
        return night


EVENING = Script(
    starts_at=at(THURSDAY, "20:00"),
    reports=[report_of("900001", "900001", reference="EVENING", believed_at=at(THURSDAY, "19:55"))],
    answers={"dsl@900001": {"C1": ON_OUR_ROLL, "C2": NOT_OURS}},
    read_at=at(THURSDAY, "20:15"),
    ends_at=at(FRIDAY, "09:00"),
)


URGENT = Script(
    starts_at=at(FRIDAY, "07:30"),
    reports=[report_of("900002", seed=1, reference="URGENT", believed_at=at(FRIDAY, "07:25"))],
    answers={"deputy@900002": {"C1": ON_OUR_ROLL}},
    read_at=at(FRIDAY, "08:10"),
    ends_at=at(FRIDAY, "08:40"),
)
"""Everybody is told at once; nobody answers before the deadline, and somebody at last after it."""


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with whole(database_url, tmp_path, reports=[*EVENING.reports, *URGENT.reports]) as made:
        yield Town(w=made, database_url=database_url)


@pytest.mark.parametrize("script", [EVENING, URGENT], ids=["evening", "urgent"])
async def test_a_crash_at_any_one_step(town: Town, script: Script) -> None:
    smooth = await town.lived(script)
    assert smooth.steps < STEPS_MAX
    for step in range(1, smooth.steps + 1):
        crashed = await town.lived(script, step)
        assert crashed.outcomes == smooth.outcomes, f"crashed at step {step}"
