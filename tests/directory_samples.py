"""The directory of one fictional authority, as the files that it would export: Testshire, code 999, policed by the force ``testshire``.

``small_directory(folder)`` writes the files and returns their paths by kind; ``imported`` also takes them in. Names, numbers and places are
invented: 999 is no authority's code, ZZ99 no postal area, the telephone numbers are Ofcom's for drama, ``.example`` never resolves.

==========  ==========================  ======================================================================================
setting     name                        what it is there for
==========  ==========================  ======================================================================================
900001      Testwood Primary            the ordinary case; INSET on 4 January 2027
900002      Sampleford High School      a Saturday of school on 12 December 2026
900003      Little Examples Nursery     early years; its deputy has no telephone
900004      St Example's Primary        Northtown; shares its name with the next, and a pupil's name and date of birth too
900005      St Example's Primary        Southtown; closed on 3 December 2026; its deputy is not verified
900006      Testshire College           terms of its own
900007      Oldtest Junior School       closed
EY900008    Tiny Trials Pre-school      an early years register number; one contact only
==========  ==========================  ======================================================================================
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stdnum.gb.upn import calc_check_digit

from services.console.handlers import import_file
from shared.clock import Clock
from shared.db import Database
from shared.vault import Vault

FORCE = "testshire"
AUTHORITY = "999"
VERIFIED_ON = "2025-09-01"
EFFECTIVE_ON = "2025-09-01"
KINDS = ("authorities", "settings", "teams", "contacts", "terms", "days")
TEAMS = {
    "testshire-education-safeguarding": ("Testshire education safeguarding desk", "education", AUTHORITY, ""),
    "testshire-out-of-hours": ("Testshire out-of-hours desk", "social-care", AUTHORITY, ""),
    "testshire-phone-desk": ("Testshire phone desk", "education", AUTHORITY, ""),
    "testshire-safeguarding-lead": ("Testshire safeguarding lead", "education", AUTHORITY, ""),
    "testshire-police-hub": ("Testshire police hub", "police", "", FORCE),
}
SETTINGS = (
    ("900001", "Testwood Primary", "school", "primary", "Testwood", "open", 4, 11),
    ("900002", "Sampleford High School", "school", "secondary", "Sampleford", "open", 11, 18),
    ("900003", "Little Examples Nursery", "early-years", "nursery", "Sampleford", "open", 2, 5),
    ("900004", "St Example's Primary", "school", "primary", "Northtown", "open", 4, 11),
    ("900005", "St Example's Primary", "school", "primary", "Southtown", "open", 4, 11),
    ("900006", "Testshire College", "college", "16-plus", "Testwood", "open", 16, 19),
    ("900007", "Oldtest Junior School", "school", "primary", "Oldtest", "closed", 7, 11),
    ("EY900008", "Tiny Trials Pre-school", "early-years", "nursery", "Northtown", "open", 2, 5),
)
TERMS = (
    "2025-09-03 2025-10-24, 2025-11-03 2025-12-19, 2026-01-05 2026-02-13, 2026-02-23 2026-03-27, "
    "2026-04-13 2026-05-22, 2026-06-01 2026-07-21, "
    "2026-09-02 2026-10-23, 2026-11-02 2026-12-18, 2027-01-04 2027-02-12, 2027-02-22 2027-03-25, "
    "2027-04-12 2027-05-28, 2027-06-07 2027-07-21"
)
COLLEGE_TERMS = (
    "2026-09-07 2026-10-16, 2026-11-02 2026-12-11, 2027-01-11 2027-02-12, 2027-02-22 2027-03-19, "
    "2027-04-12 2027-05-28, 2027-06-07 2027-06-25"
)
DAYS = (
    ("900001", "2027-01-04", "staff-only"),
    ("900002", "2026-12-12", "school"),
    ("900005", "2026-12-03", "closed"),
)
ROLES = ("dsl", "deputy", "head")
STAFF_NAMES = ("Keya Ringholder", "Dorin Bellward", "Paxa Chalkley-Mock", "Velo Registerman", "Ottil Gatesworth", "Brisa Corridorson")
PUPIL_GIVEN = ("Rolanda", "Pupilo", "Registra", "Benchley", "Deskin", "Satchela", "Chalko", "Lunchette", "Playden", "Assembla")
PUPIL_FAMILIES = ("Rowcolumn", "Fieldsworth", "Csvington", "Tabularis", "Quotemark-Null")
ROLL_COLUMNS = ("upn", "forename", "surname", "known_as", "date_of_birth", "postcode", "settings", "restricted")


def small_directory(folder: Path, *, reports: Sequence[Mapping[str, Any]] = ()) -> dict[str, Path]:
    """Write every file into ``folder``; the paths by kind, with ``policy-force``, ``policy-authority`` and ``roll`` beside the others.

    The children of ``reports`` (see ``tests.samples.sample_report``) are on the roll too, each at the school that its report names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]] = {
        "authorities": (("authority", "name", "nation", "force"), [(AUTHORITY, "Testshire", "england", FORCE)]),
        "settings": (
            ("setting_id", "name", "kind", "phase", "town", "status", "low_age", "high_age", "authority", "postcode", "telephone"),
            [(*row, AUTHORITY, f"ZZ99 {place}AA", f"01632 960{place:03d}") for place, row in enumerate(SETTINGS, start=1)],
        ),
        "teams": (
            ("team_id", "name", "kind", "authority", "force", "owner", "telephone"),
            [(team_id, *row, f"Head of {row[0]}", f"01632 9601{place:02d}") for place, (team_id, row) in enumerate(TEAMS.items(), start=1)],
        ),
        "contacts": (CONTACT_COLUMNS, contact_rows()),
        "terms": (TERM_COLUMNS, [*_terms(TERMS, ""), *_terms(COLLEGE_TERMS, "900006")]),
        "days": (("setting_id", "on", "kind", "source"), [(*row, "the setting's own calendar") for row in DAYS]),
        "roll": (ROLL_COLUMNS, [*_pupils(), *(_reported(child) for report in reports for child in report["children"])]),
    }
    paths = {kind: folder / f"{kind}.csv" for kind in tables}
    for kind, (columns, rows) in tables.items():
        write_csv(paths[kind], columns, rows)
    for kind, owner in (("force", FORCE), ("authority", AUTHORITY)):
        paths[f"policy-{kind}"] = folder / f"policy-{kind}.toml"
        paths[f"policy-{kind}"].write_text(policy_toml(kind, owner), encoding="utf-8")
    return paths


async def imported(
    database: Database, vault: Vault, clock: Clock, folder: Path, *, reports: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Path]:
    """Write the files and take them into the directory, all but the roll. The keyring must reach 24 months ahead."""
    paths = small_directory(folder, reports=reports)
    steps = [*((kind, paths[kind]) for kind in KINDS), ("policies", paths["policy-force"]), ("policies", paths["policy-authority"])]
    for kind, path in steps:
        result = await import_file(kind, path, database, vault, clock, lambda _done, _total: None)
        assert result.applied, result.refused
    return paths


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]], *, encoding: str = "utf-8") -> Path:
    """A CSV file as a spreadsheet would save it."""
    with path.open("w", encoding=encoding, newline="") as handle:
        table = csv.writer(handle)
        table.writerow(columns)
        table.writerows(rows)
    return path


def policy_toml(kind: str, owner: str, *, name: str = "Testshire", effective_from_on: str = EFFECTIVE_ON, review: str = "") -> str:
    """A policy with every default."""
    review = review or ("testshire-police-hub" if kind == "force" else "testshire-education-safeguarding")
    return (
        f'owner_kind = "{kind}"\nowner = "{owner}"\nname = "{name}"\neffective_from_on = {effective_from_on}\n'
        f'[teams]\nreview = "{review}"\nlive = "testshire-out-of-hours"\n'
        'phone = "testshire-phone-desk"\nauthority_lead = "testshire-safeguarding-lead"\n'
        '[helpline]\nname = "Testshire advice line"\nnumber = "01632 960123"\nhours = "Monday to Friday, 8am to 1pm"\n'
    )


CONTACT_COLUMNS = ("reference", "setting_id", "team_id", "role", "ordinal", "name", "email", "phone", "verified_on")
TERM_COLUMNS = ("authority", "setting_id", "first_on", "last_on", "label", "source", "as_at_on")


def contact_rows() -> list[tuple[object, ...]]:
    """A DSL, a deputy and a head for each open setting, two people for each team; e-mail and telephone are different for each."""
    places = [(setting_id, "", role, 1) for setting_id, *_, status, _low, _high in SETTINGS if status == "open" for role in ROLES]
    places = [place for place in places if place[0] != "EY900008" or place[2] == "dsl"]
    places += [("", team_id, role, 1) for team_id in TEAMS for role in ("duty", "lead")]
    return [_contact(number, *place) for number, place in enumerate(places, start=1)]


def _contact(number: int, setting_id: str, team_id: str, role: str, ordinal: int) -> tuple[object, ...]:
    name = f"{STAFF_NAMES[number % len(STAFF_NAMES)]}-{number}"
    email = f"{role}@{(setting_id or team_id).lower()}.example"
    phone = "" if (setting_id, role) == ("900003", "deputy") else f"07700 900{number:03d}"
    verified_on = "" if (setting_id, role) == ("900005", "deputy") else VERIFIED_ON
    return f"T-{number:04d}", setting_id, team_id, role, ordinal, name, email, phone, verified_on


def _terms(spans: str, setting_id: str) -> list[tuple[object, ...]]:
    owner = "Testshire College" if setting_id else "Testshire"
    return [
        (AUTHORITY, setting_id, *span.split(), f"{owner} {number}", "published term dates", "2025-06-01")
        for number, span in enumerate(spans.split(", "), start=1)
    ]


def _pupils() -> list[tuple[object, ...]]:
    """Fifty pupils at the five schools of most, twins at Sampleford, a pair of one name and date of birth, and toddlers without a UPN."""
    schools = ("900001", "900002", "900004", "900005", "900006")
    rows: list[tuple[object, ...]] = []
    for number in range(50):
        school = schools[number % len(schools)]
        given, family = PUPIL_GIVEN[number // 5], PUPIL_FAMILIES[(number + number // 5) % 5]
        born = date({"900002": 2012, "900006": 2009}.get(school, 2017), 1, 1) + timedelta(days=29 * number % 365)
        rows.append(_pupil(number, f"{given} {family}", born, school))
    twins = [_pupil(50 + place, f"{given} Twinsby", date(2013, 5, 6), "900002", home=1) for place, given in enumerate(("Evena", "Oddo"))]
    pair = [_pupil(52 + place, "Samanda Samename", date(2018, 3, 4), school) for place, school in enumerate(("900004", "900005"))]
    small = [
        _pupil(54 + place, f"{given} Tinyton", date(2023, 2, 1 + place), "900003") for place, given in enumerate(("Ida", "Ado", "Uno"))
    ]
    toddlers = [("", "Minna", "Littleworth", "Min", "2023-08-09", "ZZ99 5EE", "EY900008", "no")]
    return [*rows, *twins, *pair, *small, *toddlers]


def _pupil(number: int, full_name: str, born: date, school: str, *, home: int | None = None) -> tuple[object, ...]:
    body = f"999400126{number:03d}"
    postcode = f"ZZ99 {(number if home is None else home) % 9 + 1}BB"
    restricted = "yes" if number == 7 else "no"
    return calc_check_digit(body) + body, *full_name.split(" ", 1), "", born.isoformat(), postcode, school, restricted


def _reported(child: Mapping[str, Any]) -> tuple[object, ...]:
    """A child of a report, on the roll as the report has it."""
    school = child.get("school") or {}
    by_name = {name: setting_id for setting_id, name, *_ in SETTINGS}
    setting_id = school.get("urn") or by_name[school["name"]]
    parts = ("known_as", "date_of_birth", "postcode")
    return (child.get("upn", ""), *child["full_name"].split(" ", 1), *(child.get(part, "") for part in parts), setting_id, "no")
