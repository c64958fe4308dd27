"""A crash between any two steps loses nothing: the next process carries on what was under way, and repeats say that they are repeats.

Every night is lived once without a crash, which says how its children end, and then again with crashes. A failure names the step, and the
seed where the night came from one.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.journey import NOT_OURS, ON_OUR_ROLL
from tests.scenario.night import FRIDAY, SCHOOLS, THURSDAY, at, report_of
from tests.simulation.nights import Script, Town
from tests.whole import whole

EVENING = Script(
    starts_at=at(THURSDAY, "20:00"),
    reports=[report_of("900001", "900001", reference="EVENING", believed_at=at(THURSDAY, "19:55"))],
    answers={"dsl@900001": {"C1": ON_OUR_ROLL, "C2": NOT_OURS}},
    read_at=at(THURSDAY, "20:15"),
    ends_at=at(FRIDAY, "07:05"),
)
"""Two siblings: one is acknowledged, the other taken back, reviewed, and in the morning a named owner's."""

URGENT = Script(
    starts_at=at(FRIDAY, "07:30"),
    reports=[report_of("900002", seed=1, reference="URGENT", believed_at=at(FRIDAY, "07:25"))],
    answers={"deputy@900002": {"C1": ON_OUR_ROLL}},
    read_at=at(FRIDAY, "08:10"),
    ends_at=at(FRIDAY, "08:20"),
)
"""Everybody is told at once; nobody answers before the deadline, and the deputy after it."""

STEPS_MIN, STEPS_MAX = 15, 50
"""Between a night that lives at all and one that nobody can afford to live again for each of its steps."""
SHARES = 3
"""A night's steps are shared out, so that several test processes can take them."""
FEW = 2
SEEDS = (1, 2)
CRASHES = 3


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with whole(database_url, tmp_path, reports=[*EVENING.reports, *URGENT.reports]) as made:
        yield Town(w=made, database_url=database_url)


@pytest.mark.parametrize("share", [0, *(pytest.param(share, marks=pytest.mark.exhaustive) for share in range(1, SHARES))])
async def test_a_crash_at_any_one_step_of_an_evening(town: Town, share: int, database_kind: str) -> None:
    """SQLite dies at every third step each day and at every one in ``make exhaustive``; PostgreSQL, where a night takes longer, at some."""
    smooth = await town.lived(EVENING)
    assert list(smooth.outcomes.values()) == ["acknowledged", "held"]
    assert STEPS_MIN < smooth.steps < STEPS_MAX
    steps = list(range(1 + share, smooth.steps + 1, SHARES))
    for step in steps if database_kind == "sqlite" else random.Random(share).sample(steps, FEW):
        assert (await town.lived(EVENING, step)).outcomes == smooth.outcomes, f"crashed at step {step}"


async def test_crashes_when_everything_is_due_at_once(town: Town, database_kind: str) -> None:
    """Eight messages in one volley, a telephone task, late, and acknowledged at last."""
    smooth = await town.lived(URGENT)
    assert list(smooth.outcomes.values()) == ["acknowledged"]
    for step in random.Random(database_kind).sample(range(1, smooth.steps + 1), 2 * FEW):
        assert (await town.lived(URGENT, step)).outcomes == smooth.outcomes, f"crashed at step {step}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_crashes_in_a_night_from_a_seed(database_url: str, tmp_path: Path, seed: int) -> None:
    """Several families at several schools, some of whom nobody can place, too old, or at a school that is silent; several crashes."""
    dice = random.Random(seed)
    script = _night(dice)
    async with whole(database_url, tmp_path, reports=script.reports) as made:
        town = Town(w=made, database_url=database_url)
        smooth = await town.lived(script)
        assert set(smooth.outcomes.values()) >= {"acknowledged", "held", "excluded"}, f"seed {seed}"
        at_steps = dice.sample(range(1, smooth.steps), CRASHES)
        crashed = await town.lived(script, *at_steps)
        assert crashed.outcomes == smooth.outcomes, f"seed {seed}, crashed at {sorted(at_steps)}"


def _night(dice: random.Random) -> Script:
    reports = [_family(dice, number) for number in range(3)]
    silent = dice.choice([*SCHOOLS, None])
    answers = {f"dsl@{school}": dict.fromkeys(("C1", "C2", "C3"), ON_OUR_ROLL) for school in SCHOOLS if school != silent}
    doubtful = dice.choice(sorted(answers))
    answers[doubtful]["C2"] = NOT_OURS
    return Script(
        starts_at=at(THURSDAY, "20:00"),
        reports=reports,
        answers=answers,
        read_at=at(THURSDAY, "20:30"),
        ends_at=at(FRIDAY, "08:30"),
    )


def _family(dice: random.Random, number: int) -> dict[str, Any]:
    """One to three children; the first family has a grown-up one, and a third child's date of birth is always estimated."""
    schools = dice.choices(sorted(SCHOOLS), k=3 if number == 0 else dice.randint(1, 3))
    report = report_of(*schools, seed=dice.randrange(1000), reference=f"FAMILY{number}", believed_at=at(THURSDAY, "19:50"))
    if number == 0:
        report["children"][1]["date_of_birth"] = "2006-03-04"
    return report
