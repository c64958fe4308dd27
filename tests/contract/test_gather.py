"""Calls that come together are one piece of work: for anything, without a database (``test_ingest_gather`` has the reports)."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.gather import MANY, Gathering


class Doubling:
    """Remembers its batches; a batch with a negative number in it fails whole."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.opened = asyncio.Event()
        self.opened.set()

    async def __call__(self, batch: Sequence[int]) -> list[int]:
        self.batches.append(len(batch))
        await self.opened.wait()
        if min(batch) < 0:
            raise ValueError("a defect")
        return [2 * one for one in batch]


async def test_each_gets_her_own_answer_and_who_fails_fails_alone() -> None:
    doubling = Doubling()
    gathering = Gathering(doubling, name="doubling", most_at_once=64)
    said = await asyncio.gather(*(gathering(one) for one in (1, 2, -3, 4)), return_exceptions=True)
    assert (said[0], said[1], said[3]) == (2, 4, 8)
    assert isinstance(said[2], ValueError)
    assert doubling.batches == [4, 1, 1, 1, 1]


@pytest.mark.parametrize(("before", "together"), [(MANY, [MANY, 2]), (MANY - 1, [MANY - 1, 1, 1])])
async def test_those_who_come_after_many_wait_for_each_other_and_those_after_few_do_not(before: int, together: list[int]) -> None:
    doubling = Doubling()
    doubling.opened.clear()
    gathering = Gathering(doubling, name="doubling", most_at_once=64, linger_seconds=0.05)

    async def begun(numbers: Sequence[int]) -> "list[asyncio.Task[int]]":
        tasks = [asyncio.create_task(gathering(one)) for one in numbers]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks

    tasks = await begun(range(before))
    tasks += await begun([10])  # comes while they are at it
    doubling.opened.set()
    await asyncio.wait(tasks[:1])
    doubling.opened.clear()
    tasks += await begun([11])
    doubling.opened.set()
    await asyncio.gather(*tasks)
    assert doubling.batches == together
