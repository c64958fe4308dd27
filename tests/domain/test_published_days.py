"""The published bank holidays against the program's: one added or moved counts, and a doubtful list changes nothing."""

import json
from datetime import date
from typing import Any

import pytest

from shared.directory import BankHolidays
from shared.directory.published_days import Difference, differences, read
from shared.errors import Refused

TODAY = date(2026, 11, 23)
PACKAGED = BankHolidays.bundled().by_nation
DIVISIONS = {"england-and-wales": "england", "scotland": "scotland", "northern-ireland": "northern-ireland"}


def published(*, added: tuple[date, ...] = (), gone: tuple[date, ...] = ()) -> bytes:
    """The list as it is published, in England and Wales otherwise than the program's."""
    lists: dict[str, Any] = {}
    for division, nation in DIVISIONS.items():
        dates = (PACKAGED[nation] | set(added)) - set(gone) if nation == "england" else PACKAGED[nation]
        lists[division] = {"division": division, "events": [{"title": "Day", "date": f"{on}", "notes": ""} for on in sorted(dates)]}
    return json.dumps(lists).encode()


def found(content: bytes) -> tuple[Difference, ...]:
    return differences(PACKAGED, read(content, TODAY), TODAY)


def test_the_same_list_differs_in_nothing() -> None:
    assert found(published()) == ()


def test_one_that_is_proclaimed_and_one_that_moves() -> None:
    coronation, moved = date(2026, 12, 4), date(2026, 12, 28)
    assert found(published(added=(coronation,), gone=(moved,))) == tuple(
        Difference(nation=nation, on=on, is_holiday=on == coronation) for nation in ("england", "wales") for on in (coronation, moved)
    )


def test_years_that_the_list_does_not_cover_are_the_programs() -> None:
    until = date(2026, 12, 31)
    later = tuple(on for on in PACKAGED["england"] if on > until)
    assert later
    assert found(published(gone=later)) == ()


def test_a_list_that_has_lost_its_coming_holidays_is_doubted() -> None:
    coming = sorted(on for on in PACKAGED["england"] if on > TODAY)[:-1]
    with pytest.raises(Refused) as refused:
        found(published(gone=tuple(coming[:3])))
    assert refused.value.code == "doubtful"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-a-list"),
        (b"[]", "not-a-list"),
        (b'{"england-and-wales": {"events": [{"date": "soon"}]}}', "not-a-list"),
        (b"<html>Sign in to the network</html>", "not-a-list"),
        (json.dumps({key: {"events": [{"date": "2019-01-01"}]} for key in DIVISIONS}).encode(), "too-short"),
    ],
)
def test_what_is_no_such_list_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content, TODAY)
    assert refused.value.code == code
