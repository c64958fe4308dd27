"""What a reviewer is shown of a pupil beside a reported child: field by field, what disagrees first. Pure.

Only what is needed to decide: names, date of birth, settings; of UPN and postcode whether they agree, as a word, and never an address
(design rule 7.3). A record that is restricted is never among them, for nobody.
"""

from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.router.domain.decision import became
from services.router.domain.evidence import (
    NAME_DOB,
    UPN,
    Key,
    Pupil,
    child_keys,
    child_names,
    compact_upn,
    compared_births,
    compared_names,
    folded,
    reliable_birth,
    setting_name,
)
from shared.directory.values import Setting
from shared.report.codes import Accuracy
from shared.report.model import Child
from shared.report.reading import child_postcode, child_upn, is_unborn

MOST_SHOWN = 5
DIFFERS, UNKNOWN, AGREES = "differs", "not known", "agrees"
_ORDER = (DIFFERS, UNKNOWN, AGREES)
_WEIGHTS = {"UPN": 8, "Name": 4, "Date of birth": 4, "School": 2, "Postcode": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One field of both, in words; ``verdict`` is ``differs``, ``not known`` or ``agrees``."""

    name: str
    reported: str = field(repr=False)
    on_roll: str = field(repr=False)
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pupil as a reviewer sees her. ``setting_ids`` are all of hers, ``open_ids`` those that can be told."""

    pupil_id: str
    authority: str
    full_name: str = field(repr=False)
    setting_ids: tuple[str, ...]
    open_ids: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Those that a reader may see, the likest first; ``more`` were left off, ``elsewhere`` belong to authorities that are not the
    reader's. ``restricted``: there is a record that nobody is shown."""

    shown: tuple[Candidate, ...] = ()
    more: int = 0
    elsewhere: int = 0
    restricted: bool = False


def case_keys(child: Child) -> frozenset[Key]:
    """What candidates of a held child are looked up by: all that the rules use, a full name born on any day of the year that the report
    gives when the day is in doubt, and the date with day and month changed over."""
    keys = set(child_keys(child))
    if is_unborn(child) or child.date_of_birth is None:
        return frozenset(keys)
    if reliable_birth(child) is None and child.date_of_birth_accuracy is not Accuracy.UNKNOWN:
        for name in child_names(child):
            keys |= year_keys(name, child.date_of_birth.year)
    elif (swapped := _swapped(child.date_of_birth)) is not None:
        keys |= {(NAME_DOB, (name, swapped.isoformat())) for name in child_names(child)}
    return frozenset(keys)


def year_keys(name: str, year: int) -> frozenset[Key]:
    """A folded full name with every day of a year: two fields together, never a name alone (design rule 7.2)."""
    first = date(year, 1, 1)
    return frozenset((NAME_DOB, (name, (first + timedelta(days=day)).isoformat())) for day in range(366 if isleap(year) else 365))


def search_keys(name: str, born: date | None, year: int | None, upn: str) -> frozenset[Key]:
    """What a reviewer's search looks up: a UPN, or a full name with a date or a year of birth. Empty when neither is whole."""
    keys: set[Key] = set()
    if (compact := compact_upn(upn)) is not None:
        keys.add((UPN, (compact,)))
    whole = folded(name)
    if whole and born is not None:
        keys.add((NAME_DOB, (whole, born.isoformat())))
    elif whole and year is not None:
        keys |= year_keys(whole, year)
    return frozenset(keys)


def candidates(child: Child, pupils: Iterable[Pupil], settings: Mapping[str, Setting], authorities: Iterable[str]) -> Candidates:
    """What a reader whose rolls are those of ``authorities`` sees of these pupils beside the child."""
    theirs, all_of_them = set(authorities), tuple({one.pupil_id: one for one in pupils}.values())
    seen = [one for one in all_of_them if not one.restricted and one.authority in theirs]
    ranked = sorted((_candidate(child, pupil, settings) for pupil in seen), key=lambda one: (-_likeness(one), one.pupil_id))
    return Candidates(
        shown=tuple(ranked[:MOST_SHOWN]),
        more=max(0, len(ranked) - MOST_SHOWN),
        elsewhere=sum(1 for one in all_of_them if not one.restricted and one.authority not in theirs),
        restricted=any(one.restricted for one in all_of_them),
    )


def could_be(child: Child, pupil: Pupil) -> bool:
    """Whether a pupil whom the reader may not see could be this child: the same UPN or date of birth, or without one a same name."""
    births, said = compared_births(child, pupil), child_upn(child)
    if births == "agrees" or (said is not None and said == pupil.upn):
        return True
    return births == "absent" and compared_names(child, pupil) == "agrees"


def place_words(setting: Setting) -> str:
    """A setting so that no two of one name are taken for each other: name, town and number."""
    closed = "" if setting.is_open else ", closed"
    return f"{setting.name} ({setting.town or 'town not known'}, {setting.setting_id}{closed})"


def _place_now(setting: Setting, settings: Mapping[str, Setting]) -> str:
    """The same, and what a closed one has become."""
    there = became(settings, setting.setting_id)
    return place_words(setting) if there is None or there is setting else f"{place_words(setting)}, now {place_words(there)}"


def matching(settings: Iterable[Setting], text: str) -> tuple[Setting, ...]:
    """The open settings that a reviewer may mean: every word of the text is in the name or town, or it is the number; by name and town."""
    words = setting_name(text).split()
    found = [
        one
        for one in settings
        if one.is_open
        and (
            one.setting_id.casefold() == text.strip().casefold()
            or (words and all(word in f"{setting_name(one.name)} {setting_name(one.town or '')}" for word in words))
        )
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.town or "", one.setting_id)))


def child_words(child: Child) -> tuple[tuple[str, str], ...]:
    """What of a reported child decides, field by field."""
    return (
        ("Name", _called(child.full_name or "not given", child.known_as)),
        ("Date of birth", _born_words(child)),
        ("School", _school_words(child)),
        ("UPN", "given" if child_upn(child) else "given, but not valid" if child.upn else "not given"),
        ("Postcode", "given" if child_postcode(child) else "not given"),
    )


def _candidate(child: Child, pupil: Pupil, settings: Mapping[str, Setting]) -> Candidate:
    full_name = f"{pupil.forename} {pupil.surname}"
    hers = [settings[one] for one in sorted(set(pupil.setting_ids)) if one in settings]
    lines = (
        Line(
            name="Name",
            reported=_called(child.full_name or "not given", child.known_as),
            on_roll=_called(full_name, pupil.known_as),
            verdict=_verdict(compared_names(child, pupil)),
        ),
        Line(
            name="Date of birth",
            reported=_born_words(child),
            on_roll=_day(pupil.date_of_birth),
            verdict=_verdict(compared_births(child, pupil)),
        ),
        _upn(child, pupil),
        Line(
            name="School",
            reported=_school_words(child),
            on_roll="; ".join(_place_now(one, settings) for one in hers) or "none on the roll",
            verdict=_school(child, pupil, hers),
        ),
        _postcode(child, pupil),
    )
    return Candidate(
        pupil_id=pupil.pupil_id,
        authority=pupil.authority,
        full_name=full_name,
        setting_ids=tuple(sorted(set(pupil.setting_ids))),
        open_ids=tuple(dict.fromkeys(there.setting_id for one in hers if (there := became(settings, one.setting_id)) is not None)),
        lines=tuple(sorted(lines, key=lambda line: _ORDER.index(line.verdict))),
    )


def _likeness(candidate: Candidate) -> int:
    sign = {AGREES: 1, DIFFERS: -1, UNKNOWN: 0}
    return sum(sign[line.verdict] * _WEIGHTS[line.name] for line in candidate.lines)


def _upn(child: Child, pupil: Pupil) -> Line:
    said, reported = child_upn(child), "not given" if child.upn is None else "given, but not valid"
    verdict = UNKNOWN if said is None or pupil.upn is None else AGREES if said == pupil.upn else DIFFERS
    on_roll = "none on the roll" if pupil.upn is None else {AGREES: "the same", DIFFERS: "another one"}.get(verdict, "on the roll")
    return Line(name="UPN", reported=reported if said is None else "given", on_roll=on_roll, verdict=verdict)


def _postcode(child: Child, pupil: Pupil) -> Line:
    said = child_postcode(child)
    on_roll = "".join((pupil.postcode or "").split()).upper()
    verdict = UNKNOWN if said is None or not on_roll else AGREES if said.replace(" ", "") == on_roll else DIFFERS
    words = "none on the roll" if not on_roll else {AGREES: "the same", DIFFERS: "another one"}.get(verdict, "on the roll")
    return Line(name="Postcode", reported="not given" if said is None else "given", on_roll=words, verdict=verdict)


def _school(child: Child, pupil: Pupil, hers: Sequence[Setting]) -> str:
    """A URN decides; a name agrees when one of the pupil's settings has it, whoever else has it too: the page shows which one that is."""
    if child.school is None or (child.school.urn is None and not setting_name(child.school.name or "")):
        return UNKNOWN
    if not pupil.setting_ids:
        return UNKNOWN
    if child.school.urn is not None:
        return AGREES if child.school.urn in pupil.setting_ids else DIFFERS
    written = setting_name(child.school.name or "")
    return AGREES if any(setting_name(one.name) == written for one in hers) else DIFFERS


def _verdict(compared: str) -> str:
    return {"agrees": AGREES, "differs": DIFFERS}.get(compared, UNKNOWN)


def _called(name: str, known_as: str | None) -> str:
    return f"{name}, known as {known_as}" if known_as else name


def _born_words(child: Child) -> str:
    born, accuracy = child.date_of_birth, child.date_of_birth_accuracy
    if born is None or accuracy is Accuracy.UNKNOWN:
        return "not known"
    if accuracy is Accuracy.YEAR_ONLY:
        return f"{born.year}, the year alone"
    return f"{_day(born)}, estimated" if accuracy is Accuracy.ESTIMATED else _day(born)


def _school_words(child: Child) -> str:
    if child.school is None or not (child.school.name or child.school.urn):
        return "not given"
    number = f" ({child.school.urn})" if child.school.urn else ""
    return f"{child.school.name or 'by number only'}{number}"


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def _swapped(born: date) -> date | None:
    """Day and month changed over, where that is another date."""
    return date(born.year, born.day, born.month) if born.day <= 12 and born.day != born.month else None
