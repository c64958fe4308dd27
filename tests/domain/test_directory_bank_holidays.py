"""Bank holidays come with the package, for both nations, and say in time that their list is ending."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.directory import BankHolidays
from shared.errors import Misuse

BUNDLED = BankHolidays.bundled()


def test_the_bundled_list_knows_the_days_of_both_nations() -> None:
    for nation in ("england", "wales"):
        assert {date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29)} <= BUNDLED.dates(nation)
        assert date(2026, 11, 30) not in BUNDLED.dates(nation)  # St Andrew's Day is Scotland's


def test_a_nation_without_a_list_is_a_defect_and_not_a_year_without_holidays() -> None:
    with pytest.raises(Misuse):
        BUNDLED.dates("narnia")
    with pytest.raises(Misuse):
        BankHolidays(by_nation={"england": frozenset()}).dates("england")


@given(st.integers(-1500, 1500))
def test_cover_is_short_exactly_when_less_than_twelve_months_lie_ahead(days: int) -> None:
    end = BUNDLED.covers_until("england")
    findings = BUNDLED.cover_findings(end - timedelta(days=days))
    assert bool(findings) == (days < 365)
    assert {finding.covers_until_on for finding in findings} <= {end}
