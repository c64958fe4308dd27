"""``encompass demo --headless``: no child of the sender's list is lost, and one that is makes the command fail."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import update

from services.commands.demo import play
from services.demo.generated import CORRECT, POST, RESEND, WITHDRAW, sendings
from services.demo.people import pupils
from shared.db.tables.notifier import notifier_notification
from shared.run import Process

SMALL: dict[str, Any] = {"families": 40}
MANY_SEEDS = range(1, 11)
FIGURES = {
    *("seed", "incidents", "children", "routed", "held", "excluded", "notifications", "acknowledged"),
    *("acknowledged_before_deadline", "escalated", "late", "lost"),
}


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """The one line of JSON."""
    (line,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))


async def test_a_school_week_and_a_holiday_lose_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await play(tmp_path / "play", 3, 8, **SMALL, ends_on=date(2026, 10, 27))
    counted = printed(capsys)
    assert counted.keys() == FIGURES
    assert (counted["seed"], counted["incidents"], counted["lost"]) == (3, 4, 0)
    assert counted["notifications"] >= 2
    assert 1 <= counted["acknowledged"] <= counted["children"]
    assert counted["routed"] + counted["held"] + counted["excluded"] >= counted["children"]


async def test_a_planted_loss_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def plant(process: Process) -> None:
        """Every ladder forgets its next rung."""
        forgotten = update(notifier_notification).where(notifier_notification.c.next_rung_at.is_not(None))
        later = process.parts.clock.now() + timedelta(days=400)
        async with process.parts.database.transaction() as tx:
            await tx.execute(forgotten.values(next_rung_at=later, next_action_at=later))

    with pytest.raises(typer.Exit) as ended:
        await play(tmp_path / "play", 3, 12, **SMALL, meddle=plant, ends_on=date(2026, 10, 22))
    assert ended.value.exit_code == 1
    assert printed(capsys)["lost"] >= 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MANY_SEEDS)
async def test_ten_seeds_lose_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    await play(tmp_path / "play", seed, 200)
    counted = printed(capsys)
    assert counted["incidents"] == 200
    assert counted["lost"] == 0


def test_the_same_seed_sends_the_same_and_of_every_kind() -> None:
    known = pupils(date(2026, 10, 5), seed=5)
    sent = sendings(known, seed=5, reports=200)
    assert sent == sendings(known, seed=5, reports=200)
    assert {one.kind for one in sent} == {POST, RESEND, CORRECT, WITHDRAW}
    assert len({one.reference for one in sent}) == 200
    assert sent != sendings(known, seed=6, reports=200)
