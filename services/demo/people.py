"""The invented people of Testshire: pupils in families, with siblings, twins and a pair of namesakes; staff and their numbers.

Everything follows from a seed and the date, so that two demonstrations on one day are alike. Names come from lists that no register
holds, postcodes from ZZ99, which is no postal area, numbers from those that Ofcom keeps for drama, UPNs from authority 999.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import TypeVar

from stdnum.gb.upn import calc_check_digit

from services.demo.terms import school_year

Item = TypeVar("Item")

FAMILIES = 84
GIVEN = (
    *("Aster", "Bramble", "Clover", "Damson", "Ember", "Fenn", "Gorse", "Heath", "Indigo", "Juniper", "Kestrel", "Larch"),
    *("Marram", "Nettle", "Osier", "Plover", "Quill", "Rowan", "Sorrel", "Teasel", "Umber", "Vetch", "Willow", "Yarrow"),
)
FAMILY = (
    *("Samplethwaite", "Fictonwold", "Exampleforth", "Demovale", "Trialcott", "Mockridge", "Specimen", "Placeholder", "Draftwell"),
    *("Rehearsby", "Pretendale", "Inventon", "Figmentley", "O'Sample", "Makebelieve-Jones", "Supposby", "Imaginell", "Notreal"),
)
STAFF_GIVEN = ("Ada", "Bertram", "Coralie", "Dorian", "Elspeth", "Ferris", "Greta", "Hollis", "Iona", "Jarvis", "Keziah", "Lorcan")
STAFF_FAMILY = ("Chalkboard", "Registerman", "Bellringer", "Corridorson", "Playground", "Timetable", "Assembly-Hall", "Blackboardson")

TOWNS = ("Testwood", "Northtown", "Southtown", "Fictonbury")
SETTINGS_BY_TOWN = {
    "Testwood": {"small": "900003", "infant": "900001", "junior": "900001", "secondary": "900002"},
    "Northtown": {"small": "EY900008", "infant": "900004", "junior": "900004", "secondary": "900002"},
    "Southtown": {"small": "900003", "infant": "900005", "junior": "900005", "secondary": "900009"},
    "Fictonbury": {"small": "EY900008", "infant": "900010", "junior": "900011", "secondary": "900009"},
}
COLLEGE = "900006"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """One row of the roll. ``upn`` is empty below school age."""

    upn: str = field(repr=False)
    forename: str = field(repr=False)
    surname: str = field(repr=False)
    date_of_birth: date = field(repr=False)
    postcode: str = field(repr=False)
    setting_id: str
    restricted: bool = False


def pupils(today: date, *, seed: int) -> tuple[Pupil, ...]:
    """About two hundred pupils. The first three are the family of the sample report: two at Testwood Primary, one at Sampleford High."""
    numbers = count(1)
    begins = school_year(today)
    known = [
        _pupil(begins, "Clover", "Testerby", 9, 40, "ZZ99 1AA", "900001", numbers),
        _pupil(begins, "Wren", "Testerby", 6, 200, "ZZ99 1AA", "900001", numbers),
        _pupil(begins, "Ash", "Testerby", 13, 118, "ZZ99 1AA", "900002", numbers),
    ]
    twins = [_pupil(begins, given, "Doubleday-Test", 12, 77, "ZZ99 2AB", "900002", numbers) for given in ("Fern", "Flint")]
    namesakes = [_pupil(begins, "Sorrel", "Samename", 7, 12, f"ZZ99 {place}CC", f"90000{place}", numbers) for place in (4, 5)]
    families = [pupil for number in range(FAMILIES) for pupil in _family(begins, number, seed, numbers)]
    return (*known, *twins, *namesakes, *families)


def staff_name(number: int) -> str:
    """The invented name of contact ``number`` (from 0), unlike any pupil's or adult's; the first 96 are all different."""
    return f"{STAFF_GIVEN[number % len(STAFF_GIVEN)]} {STAFF_FAMILY[(number + number // 24) % len(STAFF_FAMILY)]}"


def mobile(number: int) -> str:
    """Contact ``number``'s mobile telephone, of those that Ofcom keeps for drama; ``number`` is below 1000."""
    return f"07700 900{number:03d}"


def _family(begins: int, number: int, seed: int, numbers: Iterator[int]) -> Iterator[Pupil]:
    """One to four children at one address, the youngest first; each at the setting of their town for their age."""
    town = TOWNS[number % len(TOWNS)]
    surname = _chosen(FAMILY, seed, number, "family")
    postcode = f"ZZ99 {number % 9 + 1}{'ABDEFGHJLN'[number // 9 % 10]}{'PQRSTUWXYZ'[number % 10]}"
    given = _chosen(range(len(GIVEN)), seed, number, "given")
    age = _chosen(range(2, 14), seed, number, "age")
    for place in range(_chosen((1, 2, 2, 2, 3, 4), seed, number, "children")):
        born = _chosen(range(365), seed, number, f"born {place}")
        setting_id = _setting(town, age)
        forename = GIVEN[(given + 5 * place) % len(GIVEN)]
        yield _pupil(begins, forename, surname, age, born, postcode, setting_id, numbers, restricted=number == 13)
        age = min(17, age + _chosen((1, 2, 2, 3), seed, number, f"apart {place}"))


def _setting(town: str, age: int) -> str:
    if age >= 16:
        return COLLEGE
    return SETTINGS_BY_TOWN[town]["small" if age < 4 else "infant" if age < 7 else "junior" if age < 11 else "secondary"]


def _pupil(
    begins: int,
    forename: str,
    surname: str,
    age: int,
    born: int,
    postcode: str,
    setting_id: str,
    numbers: Iterator[int],
    *,
    restricted: bool = False,
) -> Pupil:
    """A pupil aged ``age`` when the school year ``begins``, born ``born`` days into the year of birth that this gives."""
    number = next(numbers)
    body = f"9990000{(begins - age) % 100:02d}{number:03d}"
    return Pupil(
        upn=calc_check_digit(body) + body if age >= 4 else "",
        forename=forename,
        surname=surname,
        date_of_birth=date(begins - age - 1, 9, 1) + timedelta(days=born),
        postcode=postcode,
        setting_id=setting_id,
        restricted=restricted,
    )


def _chosen(items: Sequence[Item], seed: int, number: int, what: str) -> Item:
    """One of ``items``, always the same for the same seed, number and purpose."""
    drawn = hashlib.sha256(f"{seed} {number} {what}".encode()).digest()
    return items[int.from_bytes(drawn[:8], "big") % len(items)]
