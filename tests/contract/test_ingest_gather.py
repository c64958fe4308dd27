"""Requests that come together share a commit, and nothing else: each gets her own answer, and none before the commit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from services.ingest.handlers import Accept, Accepted, Answer, Different, Repeated, received
from services.ingest.handlers_gather import Gathering, each
from shared.clock import ManualClock
from shared.db import Database
from shared.errors import DatabaseBusy, DatabaseUnavailable, Unavailable
from tests.contract.ingest_world import FORCE, NOW, World, a_world
from tests.samples import sample_body


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


def report(seed: int, key_id: str = "k", **overrides: Any) -> Accept:
    return received(sample_body(seed=seed, **overrides), force=FORCE, key_id=key_id, received_at=NOW)


class Gate:
    """Stands before ``take``: remembers the batches, holds them while it is shut, and fails as it is told."""

    def __init__(
        self, take: Callable[[Sequence[Accept]], Any], fails: Callable[[Sequence[Accept]], BaseException | None] | None = None
    ) -> None:
        self.batches: list[int] = []
        self.opened = asyncio.Event()
        self._take = take
        self._fails = fails or (lambda batch: None)

    async def __call__(self, batch: Sequence[Accept]) -> list[Answer]:
        self.batches.append(len(batch))
        await self.opened.wait()
        if (error := self._fails(batch)) is not None:
            raise error
        return list(await self._take(batch))


async def begun(gathering: Gathering, reports: Sequence[Accept]) -> list["asyncio.Task[Answer]"]:
    """One task for each report; all of them wait by now."""
    tasks = [asyncio.create_task(gathering.accept(one)) for one in reports]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def kinds(said: Sequence[object]) -> list[type]:
    return [type(one) for one in said]


async def test_the_first_goes_at_once_and_the_others_together(world: World) -> None:
    gate = Gate(world.intake.accept)
    gathering = Gathering(gate)
    told: list[frozenset[str]] = []
    world.database.on_recorded.append(told.append)
    first = await begun(gathering, [report(0, world.key_id)])
    others = await begun(gathering, [report(seed, world.key_id) for seed in range(1, 20)])
    assert gate.batches == [1]
    assert not any(task.done() for task in (*first, *others))
    gate.opened.set()
    assert set(kinds(await asyncio.gather(*first, *others))) == {Accepted}
    assert (gate.batches, len(told)) == ([1, 19], 2)
    assert await world.count("ingest_incident") == 20


async def test_twenty_at_once_with_a_duplicate_a_conflict_and_one_who_leaves(world: World) -> None:
    """Nobody hears of another's fault; the one who left may send again, and gets her receipt."""
    gate = Gate(world.intake.accept)
    gathering = Gathering(gate)
    reports = [report(seed, world.key_id) for seed in range(18)]
    tasks = await begun(gathering, [*reports, report(3, world.key_id), report(4, world.key_id, place_kind="online")])
    tasks[7].cancel()
    gate.opened.set()
    said = await asyncio.gather(*tasks, return_exceptions=True)
    assert kinds(said) == [Accepted] * 7 + [asyncio.CancelledError] + [Accepted] * 10 + [Repeated, Different]
    assert isinstance(await gathering.accept(reports[7]), Accepted | Repeated)
    assert await world.count("ingest_incident") == 18


async def test_nobody_is_answered_before_the_commit(world: World) -> None:
    """Whoever has an answer finds her report in another transaction."""
    gathering = Gathering(world.intake.accept)

    async def sent(seed: int) -> bool:
        answer = await gathering.accept(report(seed, world.key_id))
        assert isinstance(answer, Accepted)
        return answer.receipt.incident_id in {row["incident_id"] for row in await world.rows("ingest_version")}

    assert all(await asyncio.gather(*(sent(seed) for seed in range(12))))


async def test_who_spoils_a_batch_fails_alone(world: World) -> None:
    """A key that is not there: the database refuses the row, and the others' are taken."""
    gate = Gate(world.intake.accept)
    gathering = Gathering(gate)
    good = [report(seed, world.key_id) for seed in range(6)]
    tasks = await begun(gathering, [good[0], *good[1:4], report(99, "no-such-key"), *good[4:]])
    gate.opened.set()
    said = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, Accepted) for one in said] == [True] * 4 + [False] + [True] * 2
    assert await world.count("ingest_incident") == await world.count("journal") == 6


async def test_a_full_queue_says_so_at_once(world: World) -> None:
    gate = Gate(world.intake.accept)
    gathering = Gathering(gate, most_waiting=3)
    going = await begun(gathering, [report(0, world.key_id)])
    waiting = await begun(gathering, [report(seed, world.key_id) for seed in (1, 2, 3)])
    with pytest.raises(Unavailable, match="wait"):
        await gathering.accept(report(4, world.key_id))
    gate.opened.set()
    assert set(kinds(await asyncio.gather(*going, *waiting))) == {Accepted}
    assert isinstance(await gathering.accept(report(4, world.key_id)), Accepted)


async def test_an_ending_finishes_what_waits_and_takes_no_more(world: World) -> None:
    gate = Gate(world.intake.accept)
    gathering = Gathering(gate, most_at_once=2)
    tasks = await begun(gathering, [report(seed, world.key_id) for seed in range(5)])
    ending = asyncio.create_task(gathering.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await gathering.accept(report(9, world.key_id))
    gate.opened.set()
    await ending
    assert set(kinds(await asyncio.gather(*tasks))) == {Accepted}
    assert await world.count("ingest_incident") == 5
    await gathering.close()


async def none(batch: Sequence[Accept]) -> list[Answer]:
    return [Different("x") for _ in batch]


@pytest.mark.parametrize(
    ("fault", "tried", "failed"),
    [
        (DatabaseUnavailable("away"), [4], [True] * 4),  # no use in asking again for each
        (ValueError("a defect"), [4, 1, 1, 1, 1], [False, True, False, False]),
        (DatabaseBusy("a lock"), [4, 1, 1, 1, 1], [False, True, False, False]),
    ],
)
async def test_a_batch_is_split_for_what_may_be_ones_own_fault(fault: BaseException, tried: list[int], failed: list[bool]) -> None:
    reports = [report(seed) for seed in range(4)]
    gate = Gate(none, lambda batch: fault if reports[1] in batch else None)
    gate.opened.set()
    said = await each(gate, reports)
    assert [one is fault for one in said] == failed
    assert gate.batches == tried


async def test_a_lock_that_stops_everybody_is_not_tried_for_each() -> None:
    gate = Gate(none, lambda batch: DatabaseBusy("a lock"))
    gate.opened.set()
    assert set(kinds(await each(gate, [report(seed) for seed in range(6)]))) == {DatabaseBusy}
    assert gate.batches == [6, 1, 1]


async def test_a_torn_down_process_leaves_nobody_waiting() -> None:
    gate = Gate(none)
    gathering = Gathering(gate)
    tasks = await begun(gathering, [report(seed) for seed in range(2)])
    (work,) = [task for task in asyncio.all_tasks() if task.get_name() == "ingest.gathering"]
    work.cancel()
    assert set(kinds(await asyncio.gather(*tasks, return_exceptions=True))) == {Unavailable}
