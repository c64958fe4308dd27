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

from services.demo.places import SPECIAL, TOWNS, setting_for
from services.demo.terms import school_year

Item = TypeVar("Item")

FAMILIES = 3_440
"""So many make about eight thousand pupils."""
GIVEN = (
    *("Aster", "Bramble", "Clover", "Damson", "Ember", "Fenn", "Gorse", "Heath", "Indigo", "Juniper", "Kestrel", "Larch"),
    *("Marram", "Nettle", "Osier", "Plover", "Quill", "Rowan", "Sorrel", "Teasel", "Umber", "Vetch", "Willow", "Yarrow"),
)
_BEGINNINGS = (
    *("Sample", "Ficton", "Example", "Demo", "Trial", "Mock", "Specimen", "Placehold", "Draft", "Rehears", "Pretend", "Invent"),
    *("Figment", "Suppos", "Imagin", "Notreal", "O'Sample", "Makebelieve-"),
)
_ENDINGS = ("thwaite", "wold", "forth", "vale", "cott", "ridge", "by", "worth", "ham", "ley", "combe", "stead")
FAMILY = tuple(beginning + (ending.title() if beginning.endswith("-") else ending) for beginning in _BEGINNINGS for ending in _ENDINGS)
STAFF_GIVEN = (
    *("Ada", "Bertram", "Coralie", "Dorian", "Elspeth", "Ferris", "Greta", "Hollis", "Iona", "Jarvis", "Keziah", "Lorcan"),
    *("Maud", "Nerys", "Orla", "Piers"),
)
STAFF_FAMILY = ("Chalkboard", "Registerman", "Bellringer", "Corridorson", "Playground", "Timetable", "Assembly-Hall", "Blackboardson")
_INWARD = "ABDEFGHJLNPQRSTUWXYZ"


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


def pupils(today: date, *, seed: int, families: int = FAMILIES) -> tuple[Pupil, ...]:
    """The roll. The first three are the family of the sample report: two at Testwood Primary, one at Sampleford High."""
    numbers = count(1)
    begins = school_year(today)
    known = [
        _pupil(begins, "Clover", "Testerby", 9, 40, "ZZ99 1AA", "900001", numbers),
        _pupil(begins, "Wren", "Testerby", 6, 200, "ZZ99 1AA", "900001", numbers),
        _pupil(begins, "Ash", "Testerby", 13, 118, "ZZ99 1AA", "900002", numbers),
    ]
    twins = [_pupil(begins, given, "Doubleday-Test", 12, 77, "ZZ99 2AB", "900002", numbers) for given in ("Fern", "Flint")]
    namesakes = [_pupil(begins, "Sorrel", "Samename", 7, 12, f"ZZ99 {place}CC", f"90000{place}", numbers) for place in (4, 5)]
    others = [pupil for number in range(families) for pupil in _family(begins, number, seed, numbers)]
    return (*known, *twins, *namesakes, *others)


def staff_name(number: int) -> str:
    """The invented name of contact ``number`` (from 0), unlike any pupil's or adult's; the first 128 are all different."""
    return f"{STAFF_GIVEN[number % len(STAFF_GIVEN)]} {STAFF_FAMILY[(number + number // len(STAFF_GIVEN)) % len(STAFF_FAMILY)]}"


def mobile(number: int) -> str:
    """Contact ``number``'s mobile telephone, of those that Ofcom keeps for drama; ``number`` is below 1000."""
    return f"07700 900{number:03d}"


def _family(begins: int, number: int, seed: int, numbers: Iterator[int]) -> Iterator[Pupil]:
    """One to four children at one address, the youngest first; each at the setting of their town for their age. Some are twins."""
    towns = tuple(TOWNS)
    town = towns[number % len(towns)]
    surname = chosen(FAMILY, seed, number, "family")
    postcode = f"ZZ99 {number % 9 + 1}{_INWARD[number // 9 % 20]}{_INWARD[number // 180 % 20]}"
    given = chosen(range(len(GIVEN)), seed, number, "given")
    age = chosen(range(2, 14), seed, number, "age")
    restricted = number % 97 == 13
    born = 0
    for place in range(chosen((1, 2, 2, 2, 3, 4), seed, number, "children")):
        is_twin = place == 1 and number % 41 == 7
        born = born if is_twin else chosen(range(365), seed, number, f"born {place}")
        setting_id = SPECIAL if age >= 4 and number % 61 == 11 else setting_for(town, age)
        forename = GIVEN[(given + 5 * place) % len(GIVEN)]
        yield _pupil(begins, forename, surname, age, born, postcode, setting_id, numbers, restricted=restricted)
        twins_follow = place == 0 and number % 41 == 7
        age = age if twins_follow else min(17, age + chosen((1, 2, 2, 3), seed, number, f"apart {place}"))


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
    body = f"999{number // 1000:04d}{(begins - age) % 100:02d}{number % 1000:03d}"
    return Pupil(
        upn=calc_check_digit(body) + body if age >= 4 else "",
        forename=forename,
        surname=surname,
        date_of_birth=date(begins - age - 1, 9, 1) + timedelta(days=born),
        postcode=postcode,
        setting_id=setting_id,
        restricted=restricted,
    )


def chosen(items: Sequence[Item], seed: int, number: int, what: str) -> Item:
    """One of ``items``, always the same for the same seed, number and purpose."""
    drawn = hashlib.sha256(f"{seed} {number} {what}".encode()).digest()
    return items[int.from_bytes(drawn[:8], "big") % len(items)]
