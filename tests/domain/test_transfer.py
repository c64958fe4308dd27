"""Who has left a setting over the summer, by ages and the day of the roll; and that nobody is placed at the old one."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.decision import Matched
from services.router.domain.transfer import is_for, is_leaving, leaving_age, placed, term_begins_on
from shared.directory.values import Setting
from tests.domain.test_deadline import CALENDAR, UNKNOWN

JULY, SEPTEMBER = date(2027, 7, 1), date(2027, 9, 2)
"""CALENDAR's new year begins with a staff day on the first: pupils come on the second."""


def setting(*, kind: str = "school", phase: str = "primary", high_age: int | None = 11) -> Setting:
    return Setting(
        setting_id="900001",
        name="Testwood",
        kind=kind,
        phase=phase,
        authority="testshire",
        town=None,
        postcode=None,
        telephone=None,
        status="open",
        low_age=None,
        high_age=high_age,
    )


def leaves(born: date, at: Setting, *, as_at_on: date = JULY, school_on: date = SEPTEMBER) -> bool:
    return is_leaving(born, at, CALENDAR, as_at_on=as_at_on, school_on=school_on)


def test_year_six_leaves_and_year_five_stays() -> None:
    assert leaves(date(2016, 8, 31), setting())  # eleven on 31 August
    assert not leaves(date(2016, 9, 1), setting())


def test_each_transfer_year() -> None:
    nursery = setting(kind="early-years", phase="nursery", high_age=5)
    assert (leaves(date(2023, 8, 31), nursery), leaves(date(2023, 9, 1), nursery)) == (True, False)
    infant, middle = setting(phase="infant", high_age=None), setting(phase="middle", high_age=13)
    assert (leaves(date(2020, 3, 4), infant), leaves(date(2021, 3, 4), infant)) == (True, False)
    assert (leaves(date(2014, 3, 4), middle), leaves(date(2015, 3, 4), middle)) == (True, False)
    assert leaving_age(setting(phase="all-through", high_age=None)) is None  # nobody can say: the roll stands


def test_within_the_old_year_and_by_a_roll_of_the_new_term_she_is_where_the_roll_says() -> None:
    born = date(2016, 3, 4)
    assert not leaves(born, setting(), school_on=date(2027, 7, 20))
    assert leaves(born, setting(), as_at_on=date(2027, 9, 1))
    assert not leaves(born, setting(), as_at_on=SEPTEMBER)
    assert term_begins_on(CALENDAR, 2027) == SEPTEMBER
    assert term_begins_on(UNKNOWN, 2027) == date(2027, 9, 1)
    assert (is_for(SEPTEMBER, SEPTEMBER), is_for(date(2026, 9, 1), SEPTEMBER)) == (True, False)


PLACES = ("900001", "900002", "900003", "900004")


@given(
    st.lists(st.sampled_from(PLACES), min_size=1, unique=True),
    st.sets(st.sampled_from(PLACES)),
    st.none() | st.sampled_from(PLACES),
)
def test_never_the_old_one_and_never_nothing_unsaid(refs: list[str], gone: set[str], offered: str | None) -> None:
    before = Matched(pupil_id="p", authority="testshire", setting_ids=tuple(sorted(refs)), rule="upn", evidence=())
    leaving = gone & set(refs)
    after = placed(before, leaving, offered if offered not in leaving else None)
    assert not set(after.setting_ids) & leaving
    assert set(after.setting_ids) >= set(refs) - leaving
    assert after.setting_ids or after.leaving
    if not leaving:
        assert after == before
