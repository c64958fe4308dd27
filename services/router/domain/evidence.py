"""What is compared between a reported child and a pupil on the roll: names, dates of birth, UPNs, names of settings. Pure.

Everything here is exact after folding: case, accents, punctuation and spaces do not count, spelling does. What is not exact is for a
person to decide (D7).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from stdnum.gb import upn as upns

from shared.report.codes import Accuracy
from shared.report.model import Child
from shared.report.reading import child_upn, is_unborn

UPN, NAME_DOB, FAMILY_DOB = "upn", "name-dob", "family-dob"
"""The blind-index rules. ``family-dob`` (last word of the surname with the date of birth) finds twins, so that none is guessed."""

Key = tuple[str, tuple[str, ...]]
"""A rule and its folded fields: what a token is made of."""

Comparison = Literal["agrees", "differs", "absent"]

_UPN = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u0060\u00b4]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_RELIABLE = (None, Accuracy.EXACT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """One pupil of a live roll, opened. ``authority`` is the one whose roll it is, ``home_authority`` that of her home where it says so.

    ``education`` is ``home-educated`` or ``missing-education`` where the authority's registers have her. ``weekdays``: by setting the
    weekdays on which she attends (Monday = 0), for a setting that she does not attend on every day.
    """

    pupil_id: str
    authority: str
    setting_ids: tuple[str, ...]
    restricted: bool
    upn: str | None = field(repr=False)
    forename: str = field(repr=False)
    surname: str = field(repr=False)
    known_as: str | None = field(repr=False)
    date_of_birth: date = field(repr=False)
    postcode: str | None = field(repr=False)
    home_authority: str | None = field(default=None, repr=False)
    education: str | None = None
    weekdays: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)

    @property
    def names(self) -> frozenset[str]:
        """The folded full names that are this pupil's: by forename, and by what she is known as."""
        given = {self.forename, self.known_as or self.forename}
        return frozenset(folded(f"{name} {self.surname}") for name in given)

    @property
    def family(self) -> str:
        """The last word of the folded surname."""
        return folded(self.surname).rpartition(" ")[2]


def folded(text: str) -> str:
    """Text without case, accents and punctuation: apostrophes vanish, other marks part words, spaces are single.

    Only Latin accents go; vowel signs of other scripts tell names apart and stay.

    >>> folded("Zoë O\u2019Specimen-Test")
    'zoe ospecimen test'
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold())
    kept = _ACCENTS.sub("", decomposed)
    return " ".join("".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in kept).split())


def compact_upn(text: str) -> str | None:
    """A UPN in its compact form, if its form and check letter are right; any authority code is taken, published lists of them are stale."""
    compact = re.sub(r"[\s-]", "", text).upper()
    return compact if _UPN.fullmatch(compact) and upns.calc_check_digit(compact[1:]) == compact[0] else None


def child_names(child: Child) -> frozenset[str]:
    """The folded full names that a reported child may go by.

    A known-as of several words is a whole name; a single word stands in for the first name, before the rest or the last word of the name.
    """
    whole = folded(child.full_name or "")
    called = folded(child.known_as or "")
    _, _, rest = whole.partition(" ")
    names = {whole}
    if " " in called:
        names.add(called)
    elif called and rest:
        names |= {f"{called} {rest}", f"{called} {rest.rpartition(' ')[2]}"}
    return frozenset(names - {""})


def reliable_birth(child: Child) -> date | None:
    """The date of birth, unless the report itself says that it is estimated or in part.

    A report that says nothing of its accuracy has expressed no doubt, and the roll must bear the date out to the day.
    """
    return child.date_of_birth if child.date_of_birth_accuracy in _RELIABLE else None


def child_keys(child: Child) -> frozenset[Key]:
    """What to look the child up by; nothing for an unborn one."""
    if is_unborn(child):
        return frozenset()
    upn, born = child_upn(child), reliable_birth(child)
    keys: set[Key] = {(UPN, (upn,))} if upn else set()
    if born is not None:
        names = child_names(child)
        keys |= {(NAME_DOB, (name, born.isoformat())) for name in names}
        keys |= {(FAMILY_DOB, (name.rpartition(" ")[2], born.isoformat())) for name in names}
    return frozenset(keys)


def pupil_keys(pupil: Pupil) -> frozenset[Key]:
    """What the pupil is found by; always several fields together, never names alone (design rule 7.2)."""
    born = pupil.date_of_birth.isoformat()
    keys: set[Key] = {(NAME_DOB, (name, born)) for name in pupil.names} | {(FAMILY_DOB, (pupil.family, born))}
    return frozenset(keys | {(UPN, (pupil.upn,))} if pupil.upn else keys)


def compared_names(child: Child, pupil: Pupil) -> Comparison:
    """Whether any name that the child goes by is one of the pupil's."""
    names = child_names(child)
    if not names:
        return "absent"
    return "agrees" if names & pupil.names else "differs"


def compared_births(child: Child, pupil: Pupil) -> Comparison:
    """Whether the dates of birth are the same; of a year alone the year. An estimate that is off is no disagreement."""
    born, accuracy = child.date_of_birth, child.date_of_birth_accuracy
    if born is None or accuracy is Accuracy.UNKNOWN:
        return "absent"
    if accuracy is Accuracy.YEAR_ONLY:
        return "agrees" if born.year == pupil.date_of_birth.year else "differs"
    if born == pupil.date_of_birth:
        return "agrees"
    return "absent" if accuracy is Accuracy.ESTIMATED else "differs"


_WRITTEN_ALIKE = (
    (re.compile(r"\bsaint\b"), "st"),
    (re.compile(r"\b(?:church of england|c of e|cofe|c e)\b"), "ce"),
    (re.compile(r"\b(?:roman catholic|r c)\b"), "rc"),
)


def setting_name(text: str) -> str:
    """The name of a setting as far as writing it differs without meaning another: case, punctuation, *Saint*, *&*, *C of E*.

    >>> setting_name("Saint Mary's C. of E. Primary & Nursery") == setting_name("St Marys CofE Primary and Nursery")
    True
    """
    name = folded(text.replace("&", " and "))
    for pattern, written in _WRITTEN_ALIKE:
        name = pattern.sub(written, name)
    return name
