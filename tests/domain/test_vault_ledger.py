"""The erasure ledger: what it was told is there after any crash, and what cannot be told refuses."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsRefused
from shared.vault.ledger import FileLedger

AT = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
IDS = st.lists(st.text("0123456789abcdef-", min_size=1, max_size=36), max_size=6)


def begun(folder: Path) -> tuple[Path, FileLedger]:
    path = folder / "ledger"
    path.unlink(missing_ok=True)
    ledger = FileLedger(path)
    ledger.create()
    return path, ledger


def test_it_holds_ids_and_instants_and_nothing_else_and_is_its_owners_alone(tmp_path: Path) -> None:
    path, ledger = begun(tmp_path)
    ledger.add(["s1", "directory:authority:999:2026-11"], AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"scope_id": "s1", "at": "2026-11-22T23:10:00.000000Z"},
        {"scope_id": "directory:authority:999:2026-11", "at": "2026-11-22T23:10:00.000000Z"},
    ]


@given(parts=st.lists(IDS, max_size=4))
def test_everything_that_was_added_is_there_with_its_first_instant(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]]
) -> None:
    _, ledger = begun(tmp_path_factory.getbasetemp())
    expected: dict[str, datetime] = {}
    for number, part in enumerate(parts):
        at = AT + timedelta(minutes=number)
        ledger.add(part, at)
        expected = dict.fromkeys(part, at) | expected
    assert ledger.entries() == expected


@given(cut=st.integers(0, 200))
def test_a_crash_within_a_line_costs_that_line_alone_and_the_next_one_stands(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path, ledger = begun(tmp_path_factory.getbasetemp())
    ledger.add(["first"], AT)
    whole = path.stat().st_size
    ledger.add(["second"], AT)
    length = path.stat().st_size
    kept = min(whole + cut, length)
    path.write_bytes(path.read_bytes()[:kept])
    before = {"first"} | ({"second"} if kept == length else set())
    assert ledger.entries().keys() == before
    ledger.add(["third"], AT)
    assert ledger.entries().keys() == before | {"third"}


@pytest.mark.parametrize(
    "line",
    [
        *("", "x", "[]", '"s"', "{}", "[" * 9999, '{"scope_id": "s"}'),
        '{"scope_id": 1, "at": "2026-11-22T23:10:00Z"}',
        '{"scope_id": "s", "at": "x"}',
        '{"scope_id": "s", "at": "2026-11-22T23:10:00"}',
        '{"scope_id": "s", "at": "2026-11-22T23:10:00Z", "who": "x"}',
    ],
)
def test_a_line_that_cannot_be_read_refuses_all(tmp_path: Path, line: str) -> None:
    path, ledger = begun(tmp_path)
    ledger.add(["first"], AT)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(SettingsRefused):
        ledger.entries()


def test_a_ledger_that_is_gone_or_open_to_others_refuses(tmp_path: Path) -> None:
    path, ledger = begun(tmp_path)
    path.chmod(0o644)
    for change in (ledger.entries, lambda: ledger.add(["s"], AT)):
        with pytest.raises(SettingsRefused):
            change()
    path.unlink()
    for change in (ledger.entries, lambda: ledger.add(["s"], AT)):
        with pytest.raises(SettingsRefused):
            change()
    assert not path.exists()


def test_beginning_keeps_what_is_there(tmp_path: Path) -> None:
    _, ledger = begun(tmp_path)
    ledger.add(["s"], AT)
    ledger.create()
    assert ledger.entries() == {"s": AT}
