"""Held children of seeded traps: what the report says, what the roll holds, and the truth, which a reviewer never sees.

``forty(seed)`` gives four of each of ten kinds. ``truth`` is the setting that must be told where the page gives enough to decide, and None
where nobody could know from it: such a child has to be asked of somebody else.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.desking import child
from tests.samples import FAMILY_NAMES, GIVEN_NAMES, sample_upn

EACH = 4
FIRST_BORN = date(2014, 2, 14)
SCHOOLS = ("900001", "900002", "900004", "900005")
ALIKE = ("900004", "900005")
"""Two schools of one name."""
HOME, AWAY = "ZZ99 1AA", "ZZ99 7GG"

Row = tuple[str, str, str, str, str, str, str, str]
"""UPN, forename, surname, known as, date of birth, postcode, settings, restricted: a row of the roll."""


@dataclass(frozen=True, kw_only=True)
class Trap:
    """One reported child."""

    kind: str
    child: dict[str, Any]
    roll: tuple[Row, ...]
    truth: str | None


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a trap is made around: the ``number`` gives her names, date of birth and schools, no two alike."""

    number: int

    @property
    def given(self) -> str:
        return GIVEN_NAMES[self.number // len(FAMILY_NAMES)]

    @property
    def other(self) -> str:
        return GIVEN_NAMES[5 + self.number // len(FAMILY_NAMES)]

    @property
    def family(self) -> str:
        return FAMILY_NAMES[self.number % len(FAMILY_NAMES)]

    @property
    def born(self) -> date:
        return FIRST_BORN + timedelta(days=41 * self.number)

    @property
    def schools(self) -> tuple[str, str]:
        return SCHOOLS[self.number % 4], SCHOOLS[(self.number + 1) % 4]

    def upn(self, which: int = 0) -> str:
        return sample_upn(200 + 2 * self.number + which)

    def row(self, school: str, *, which: int = 0, given: str = "", family: str = "", postcode: str = HOME, restricted: str = "no") -> Row:
        names = (given or self.given, family or self.family)
        return (self.upn(which), *names, "", self.born.isoformat(), postcode, school, restricted)

    def said(self, given: str = "", **values: Any) -> dict[str, Any]:
        return child("C1", f"{given or self.given} {self.family}", self.born.isoformat(), **values)


def forty(seed: int) -> list[Trap]:
    """All of them, in an order of chance."""
    traps = [make(Person(number=EACH * place + number)) for place, make in enumerate(KINDS) for number in range(EACH)]
    random.Random(seed).shuffle(traps)
    return traps


def _twin(one: Person) -> Trap:
    """The UPN is one twin's, the name fits neither."""
    rows = one.row(one.schools[0]), one.row(one.schools[0], which=1, given=one.other)
    return Trap(kind="twin", child=one.said("Tess", upn=one.upn(), school={"urn": one.schools[0]}), roll=rows, truth=None)


def _namesake(one: Person) -> Trap:
    """Two of one name and date of birth, and the report names one's school."""
    rows = one.row(one.schools[0]), one.row(one.schools[1], which=1, postcode=AWAY)
    said = one.said(school={"urn": one.schools[0]}, postcode=HOME)
    return Trap(kind="namesake", child=said, roll=rows, truth=one.schools[0])


def _namesake_unsaid(one: Person) -> Trap:
    """The same without a school."""
    rows = one.row(one.schools[0]), one.row(one.schools[1], which=1)
    return Trap(kind="namesake, nothing tells them apart", child=one.said(postcode=HOME), roll=rows, truth=None)


def _surname(one: Person) -> Trap:
    """On the roll under another surname."""
    rows = (one.row(one.schools[0], family="Formerly"),)
    return Trap(kind="changed surname", child=one.said(school={"urn": one.schools[0]}, postcode=HOME), roll=rows, truth=None)


def _school_name(one: Person) -> Trap:
    """The school's name is another school's as well."""
    school = ALIKE[one.number % 2]
    rows = (one.row(school),)
    return Trap(kind="ambiguous school", child=one.said(school={"name": "St Example's Primary"}), roll=rows, truth=school)


def _several(one: Person) -> Trap:
    """Two of one name and date of birth; where they live tells them apart."""
    rows = one.row(one.schools[0], postcode=AWAY), one.row(one.schools[1], which=1)
    return Trap(kind="several on roll", child=one.said(postcode=HOME), roll=rows, truth=one.schools[1])


def _disagree(one: Person) -> Trap:
    """The UPN is another pupil's."""
    rows = one.row(one.schools[0]), one.row(one.schools[1], which=1, given=one.other, family="Elsewhere")
    said = one.said(upn=one.upn(1), school={"urn": one.schools[0]})
    return Trap(kind="identifiers disagree", child=said, roll=rows, truth=None)


def _year(one: Person) -> Trap:
    """The year of birth alone."""
    said = one.said(school={"urn": one.schools[0]}, date_of_birth_accuracy="year-only") | {"date_of_birth": f"{one.born.year}-01-01"}
    return Trap(kind="no date of birth, a year", child=said, roll=(one.row(one.schools[0]),), truth=one.schools[0])


def _nothing(one: Person) -> Trap:
    """No date of birth at all."""
    said = one.said(school={"urn": one.schools[0]}) | {"date_of_birth": None}
    return Trap(kind="no date of birth", child=said, roll=(one.row(one.schools[0]),), truth=None)


def _restricted(one: Person) -> Trap:
    """The record is restricted."""
    rows = (one.row(one.schools[0], restricted="yes"),)
    return Trap(kind="restricted", child=one.said(school={"urn": one.schools[0]}, postcode=HOME), roll=rows, truth=None)


KINDS: tuple[Callable[[Person], Trap], ...] = (
    _twin,
    _namesake,
    _namesake_unsaid,
    _surname,
    _school_name,
    _several,
    _disagree,
    _year,
    _nothing,
    _restricted,
)
