"""Which published policy decides on a date."""

from dataclasses import replace
from datetime import date

import pytest

from shared.policy import OwnerKind, Policy, Teams, deciding, in_force

TEAMS = Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead")
FORCE_2025 = Policy(
    owner_kind=OwnerKind.FORCE, owner="testshire-police", name="force 2025", effective_from_on=date(2025, 11, 7), teams=TEAMS
)
FORCE_2026 = replace(FORCE_2025, name="force 2026", effective_from_on=date(2026, 9, 1))
OTHER_FORCE = replace(FORCE_2025, owner="farshire-police", name="another force", effective_from_on=date(2026, 1, 1))
AUTHORITY = replace(FORCE_2025, owner_kind=OwnerKind.AUTHORITY, owner="testshire", name="authority", effective_from_on=date(2026, 10, 1))
NAMESAKE = replace(AUTHORITY, owner="testshire-police", name="an authority named like the force", effective_from_on=date(2026, 11, 1))
EVERY = (FORCE_2026, AUTHORITY, FORCE_2025, NAMESAKE, OTHER_FORCE)


@pytest.mark.parametrize(
    ("on", "chosen"),
    [
        (date(2025, 11, 6), None),
        (date(2025, 11, 7), FORCE_2025),
        (date(2026, 8, 31), FORCE_2025),
        (date(2026, 9, 1), FORCE_2026),
        (date(2030, 1, 1), FORCE_2026),
    ],
)
def test_the_latest_that_has_begun_is_in_force(on: date, chosen: Policy | None) -> None:
    assert in_force(EVERY, OwnerKind.FORCE, "testshire-police", on) == chosen


def test_a_correction_published_for_the_same_date_wins() -> None:
    correction = replace(FORCE_2026, name="corrected")
    assert in_force((FORCE_2026, correction), OwnerKind.FORCE, "testshire-police", date(2026, 9, 1)) == correction


@pytest.mark.parametrize(
    ("authority", "on", "chosen"),
    [
        ("testshire", date(2026, 10, 1), AUTHORITY),
        ("testshire", date(2026, 9, 30), FORCE_2026),
        ("farshire", date(2026, 10, 1), FORCE_2026),
        (None, date(2026, 10, 1), FORCE_2026),
        ("testshire", date(2025, 1, 1), None),
    ],
)
def test_the_authoritys_policy_decides_and_else_the_forces(authority: str | None, on: date, chosen: Policy | None) -> None:
    assert deciding(iter(EVERY), "testshire-police", authority, on) == chosen
