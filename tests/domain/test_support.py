"""What is shown of support: of that area, for that reader, what is open in that period first."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.console.domain.cells import CellRefused, Cells
from services.console.domain.rows import KINDS
from shared.directory.support import KINDS as SUPPORT_KINDS
from shared.directory.support import PUBLIC, STAFF, Support, areas_of, merged, shown
from shared.directory.support_defaults import DEFAULTS

FIRST, LAST = date(2026, 12, 21), date(2027, 1, 1)
CLOSED = (date(2026, 12, 24), date(2026, 12, 28))
HERE = areas_of("testshire", "testforce", "england")
ROW = {
    "support_id": "haven",
    "kind": "specialist",
    "name": "Testshire Haven",
    "area": "testshire",
    "source": "the service",
    "as_at_on": "2026-11-01",
    "audience": "",
    "how": "For anyone.",
    "hours": "Monday to Friday, 9am to 5pm",
    "phone": "01632 960555",
    "link": "https://haven.example.org/help",
    "holiday": "dates",
    "closed": "2026-12-24..2026-12-28; 2027-01-01",
    "withdrawn": "",
}


def entry(name: str, **values: Any) -> Support:
    whole: dict[str, Any] = {"support_id": name, "kind": "specialist", "name": name, "area": "testshire", "audience": PUBLIC, "how": "x"}
    whole |= {"hours": None, "phone": None, "link": None, "holiday": None, "closed": (), "source": "x", "as_at_on": FIRST}
    return Support(**whole | values)


def read(**cells: str) -> Support:
    found: Support = KINDS["support"].read(Cells(ROW | cells))
    return found


def names(*entries: Support, **values: Any) -> list[tuple[str, str]]:
    period = {"first_on": FIRST, "last_on": LAST} | values
    return [(one.support.name, one.opening) for one in shown(entries, HERE, (PUBLIC,), **period)]


def test_open_stands_before_closed_and_unknown_is_neither() -> None:
    there = (entry("c", holiday="closed"), entry("u"), entry("p", holiday="dates", closed=(CLOSED,)), entry("o", holiday="open"))
    assert names(*there) == [("o", "open"), ("p", "part"), ("u", "unknown"), ("c", "closed")]


def test_closed_over_the_whole_period_is_closed_and_before_or_after_it_is_open() -> None:
    one = entry("p", holiday="dates", closed=(CLOSED,))
    assert names(one, first_on=CLOSED[0], last_on=CLOSED[1]) == [("p", "closed")]
    assert names(one, first_on=date(2026, 12, 29)) == [("p", "open")]
    assert names(one, first_on=date(2026, 12, 28), last_on=date(2026, 12, 29)) == [("p", "part")]


def test_another_area_and_staffs_own_are_not_shown_to_the_public() -> None:
    there = (
        entry("far", area="farshire"),
        entry("police", area="force:testforce"),
        entry("staff", audience=STAFF),
        entry("wales", area="wales"),
    )
    assert names(*there) == [("police", "unknown")]


def test_an_installation_replaces_and_withdraws_what_comes_with_the_program() -> None:
    changed = replace(DEFAULTS[0], phone="01632 960000")
    gone = replace(DEFAULTS[1], is_withdrawn=True)
    found = {one.support_id: one for one in merged(DEFAULTS, [changed, gone])}
    assert found[changed.support_id].phone == "01632 960000"
    assert gone.support_id not in found
    assert len(found) == len(DEFAULTS) - 1


def test_what_comes_with_the_program_can_be_reached_and_says_where_it_is_published() -> None:
    assert len({one.support_id for one in DEFAULTS}) == len(DEFAULTS)
    for one in DEFAULTS:
        assert one.kind in SUPPORT_KINDS
        assert one.source
        assert one.phone or one.link or one.audience == STAFF
        assert one.phone is None or re.fullmatch(r"[0-9 ]{7,14}", one.phone)
        assert one.link is None or one.link.startswith("https://")
    assert {one.support_id for one in DEFAULTS if one.audience == STAFF} == {"marac", "matac"}


def test_a_row_says_all_of_it() -> None:
    one = read()
    assert (one.closed, one.phone, one.audience) == ((CLOSED, (date(2027, 1, 1), date(2027, 1, 1))), "01632 960555", PUBLIC)
    assert read(phone="0800 1111").phone == "0800 1111"


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"how": "Ring at 4 Nowhere Row, ZZ9 9ZZ"}, "how", "address"),
        ({"link": "http://haven.example.org"}, "link", "malformed"),
        ({"link": "https://haven.example.org/?ref=1"}, "link", "malformed"),
        ({"holiday": "open"}, "closed", "dates"),
        ({"closed": ""}, "closed", "dates"),
        ({"closed": "2026-12-28..2026-12-24"}, "closed", "malformed"),
        ({"closed": "2026-12-32"}, "closed", "malformed"),
        ({"phone": "12"}, "phone", "malformed"),
        ({"phone": "", "link": "", "how": ""}, "phone", "no-way"),
        ({"area": "Test shire"}, "area", "malformed"),
    ],
)
def test_what_a_row_is_refused_for(cells: dict[str, str], column: str, code: str) -> None:
    with pytest.raises(CellRefused) as refused:
        read(**cells)
    assert (refused.value.column, refused.value.code) == (column, code)
