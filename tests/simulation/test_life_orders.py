"""The life of a report in every order: received, corrected, corrected again, withdrawn and settled, with a crash between any two.

Each order is an incident of its own. Versions are numbered by ingest, so a fact that comes early finds the versions before it, and one that
comes late finds itself done; a reviewer settles whatever is open for her child when she comes. However they fall, the destinations that
are live at the end and the reviews that are open are the same.
"""

import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.clock import Clock, ManualClock
from shared.events import Envelope, IncidentDecided
from tests.router_life import Standing, settled, standing, where
from tests.routing import NIGHT, World, delivery, on_roll, report_at
from tests.simulation.crashing import Crash, CrashingDatabase, Fuse

pytestmark = pytest.mark.sqlite_daily

SETTLED = 0
"""Among the numbers of versions: a reviewer comes."""
Body = dict[str, Any]
Versions = Sequence[Body | None]
"""What ingest is told, version by version; None is a withdrawal."""
ORDERS = tuple(itertools.permutations((1, 2, 3, 4, SETTLED)))
STEPS = 5
FEW = 12


def family(**of_first: Any) -> Body:
    """A child who is on the roll, one whom nobody finds, and her sibling at the first one's school."""
    report = report_at(NIGHT)
    one, other, third = report["children"]
    third |= {"school": one["school"], "date_of_birth": "2019-05-06", "date_of_birth_accuracy": "exact"}
    return report | {"children": [one | of_first, other, third]}


def without(report: Body, *references: str) -> Body:
    return report | {"children": [child for child in report["children"] if child["reference"] not in references]}


WRONG = family(full_name="Tesgardo Nobody", upn=None)
ENDS_WITHDRAWN: Versions = (family(), WRONG, without(family(), "C3"), None)
GOES_ON: Versions = (without(WRONG, "C3"), family(), None, family(presence="heard"))
"""Held at first and found then; taken back, and told anew."""


@dataclass(kw_only=True)
class Life:
    """One incident, and the order in which its facts and the reviewer come."""

    world: World
    versions: Versions
    order: Sequence[int]
    facts: dict[int, Envelope] = field(default_factory=dict)

    @property
    def incident_id(self) -> str:
        return self.facts[1].fact.incident_id

    async def told_of(self, number: int) -> Envelope:
        """That version's fact; ingest has every version before it."""
        for one in range(len(self.facts) + 1, number + 1):
            self.facts[one] = await self._told(self.versions[one - 1])
        return self.facts[number]

    async def settles(self) -> None:
        """The reviewer settles what is open for the child whom nobody finds."""
        if self.facts:
            await settled(self.world, self.incident_id, "C2", "900002")

    async def _told(self, body: Body | None) -> Envelope:
        if not self.facts:
            assert body is not None
            return await self.world.accept(body)
        return await (self.world.withdraw(self.incident_id) if body is None else self.world.correct(self.incident_id, body))


@dataclass(kw_only=True)
class Lives:
    """Incidents side by side, each in an order of its own: what comes at one step comes as one batch."""

    world: World
    fuse: Fuse
    lives: Sequence[Life]
    died: int = 0

    async def lived(self, dies_at: int) -> None:
        """With a crash after that step's commits (0: none); then late copies of everything, and the reviewer once more."""
        for step in range(len(self.lives[0].order)):
            if step + 1 == dies_at:
                self.fuse.at = frozenset({self.fuse.steps + 1, self.fuse.steps + 2})
            await self._step([(life, life.order[step]) for life in self.lives])
        late = [(life, number) for life in self.lives for number in life.facts]
        random.Random(dies_at).shuffle(late)
        await self._step(late)
        await self._step([(life, SETTLED) for life in self.lives])

    async def _step(self, what: Sequence[tuple[Life, int]]) -> None:
        with self.fuse.paused():
            facts = [await life.told_of(number) for life, number in what if number != SETTLED]
        await self._through(lambda: self._delivered(facts))
        for life, number in what:
            if number == SETTLED:
                await self._through(life.settles)

    async def _delivered(self, facts: Sequence[Envelope]) -> None:
        await delivery(self.world.database, self.world.vault, self.world.directory).deliver(facts)

    async def _through(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step, and take it again when the process died of it: the broker, repair and the reviewer all come back."""
        try:
            await step()
        except Crash:
            self.died += 1
            self.fuse.replaced()
            await self._through(step)


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (ENDS_WITHDRAWN, (set(), set())),
        (GOES_ON, (where(to_900001="C1 C3", to_900002="C2"), set())),
    ],
    ids=["withdrawn-at-last", "told-anew"],
)
async def test_every_order_comes_to_the_same_end(
    versions: Versions, expected: Standing, database_url: str, database_kind: str, clock: ManualClock, tmp_path: Path
) -> None:
    """Every order to a withdrawal on SQLite; of the others, which take longer, some."""
    fuse = Fuse(at=frozenset())
    world = await World.made(CrashingDatabase.with_fuse(database_url, clock, fuse), clock, tmp_path)
    await world.load_roll([on_roll(child) for child in without(family(), "C2")["children"]])
    orders = ORDERS if database_kind == "sqlite" and versions is ENDS_WITHDRAWN else random.Random(database_kind).sample(ORDERS, FEW)
    for dies_at in range(STEPS + 1):
        lives = [Life(world=world, versions=versions, order=order) for order in orders[dies_at :: STEPS + 1]]
        beside = Lives(world=world, fuse=fuse, lives=lives)
        await beside.lived(dies_at)
        assert bool(beside.died) == bool(dies_at)
        for life in lives:
            assert await standing(world, life.incident_id) == expected, f"order {life.order}, crashed at step {dies_at}"
            decided = [fact.incident_version for fact in await world.facts(life.incident_id, IncidentDecided)]
            assert decided == sorted(set(decided)), f"order {life.order}"
            assert decided[-1] == len(versions)
    await world.database.close()
