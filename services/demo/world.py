"""Testshire as the files that it would export: authority 999, policed by the force ``testshire``. Nothing in it exists.

==========  ==========================  ======================================================================================
setting     name                        what it is there for
==========  ==========================  ======================================================================================
900001      Testwood Primary            the ordinary case: two sisters of the sample report
900002      Sampleford High School      their brother; twins of one class
900003      Little Examples Nursery     early years: children without a UPN
900004      St Example's Primary        Northtown; shares its name with the next, and a pupil's name and date of birth too
900005      St Example's Primary        Southtown
900006      Testshire College           sixteen and over
900007      Oldtest Junior School       closed for good
EY900008    Tiny Trials Pre-school      one contact only, without a second channel for the code
900009      Mockton Academy             the other secondary school
900010      Fictonbury Infant School    hands its children on to the next
900011      Fictonbury Junior School
==========  ==========================  ======================================================================================
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.demo.people import Pupil, mobile, pupils, staff_name
from services.demo.terms import first_days, half_terms, school_year

FORCE, AUTHORITY = "testshire", "999"
AGREEMENT = "An invented agreement for the demonstration"
INVENTED = "invented for the demonstration"
SEED = 1
EDUCATION, OUT_OF_HOURS, PHONE, LEAD, HUB = (
    *("testshire-education-safeguarding", "testshire-out-of-hours", "testshire-phone-desk"),
    *("testshire-safeguarding-lead", "testshire-police-hub"),
)
TEAMS = (
    (EDUCATION, "Testshire education safeguarding desk", "education", AUTHORITY, ""),
    (OUT_OF_HOURS, "Testshire out-of-hours desk", "social-care", AUTHORITY, ""),
    (PHONE, "Testshire phone desk", "education", AUTHORITY, ""),
    (LEAD, "Testshire safeguarding lead", "education", AUTHORITY, ""),
    (HUB, "Testshire police hub", "police", "", FORCE),
)
SETTINGS = (
    ("900001", "Testwood Primary", "school", "primary", "Testwood", "open", 4, 11),
    ("900002", "Sampleford High School", "school", "secondary", "Sampleford", "open", 11, 18),
    ("900003", "Little Examples Nursery", "early-years", "nursery", "Sampleford", "open", 2, 5),
    ("900004", "St Example's Primary", "school", "primary", "Northtown", "open", 4, 11),
    ("900005", "St Example's Primary", "school", "primary", "Southtown", "open", 4, 11),
    ("900006", "Testshire College", "college", "16-plus", "Testwood", "open", 16, 19),
    ("900007", "Oldtest Junior School", "school", "primary", "Oldtest", "closed", 7, 11),
    ("EY900008", "Tiny Trials Pre-school", "early-years", "nursery", "Northtown", "open", 2, 5),
    ("900009", "Mockton Academy", "school", "secondary", "Mockton", "open", 11, 18),
    ("900010", "Fictonbury Infant School", "school", "primary", "Fictonbury", "open", 4, 7),
    ("900011", "Fictonbury Junior School", "school", "primary", "Fictonbury", "open", 7, 11),
)
ONE_CHANNEL = "EY900008"
INSET_AT = ("900001", "900009")
HEADERS: Mapping[str, str] = {
    "authorities": "authority name nation force",
    "settings": "setting_id name kind phase town status low_age high_age authority postcode telephone",
    "teams": "team_id name kind authority force owner telephone",
    "contacts": "reference setting_id team_id role name email phone verified_on",
    "terms": "authority first_on last_on label source as_at_on",
    "days": "setting_id on kind source",
    "roll": "upn forename surname date_of_birth postcode settings restricted",
}

Cells = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The written files: ``directory`` as (kind, path) in the order of their import, and the roll. ``pupils`` are all on it."""

    directory: tuple[tuple[str, Path], ...]
    roll: Path
    pupils: tuple[Pupil, ...]


def write_world(folder: Path, today: date, *, seed: int = SEED) -> World:
    """Write Testshire into ``folder`` (made when missing) as it is around the London date ``today``; always the same for date and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    known = pupils(today, seed=seed)
    since = date(school_year(today) - 1, 9, 1)
    tables: dict[str, Iterable[Cells]] = {
        "authorities": [(AUTHORITY, "Testshire", "england", FORCE)],
        "settings": [(*row, AUTHORITY, f"ZZ99 {place % 10}AA", f"01632 960{place:03d}") for place, row in enumerate(SETTINGS, start=1)],
        "teams": [(*row, f"Head of the {row[1]}", f"01632 9601{place:02d}") for place, row in enumerate(TEAMS, start=1)],
        "contacts": _contacts(since),
        "terms": [(AUTHORITY, term.first_on, term.last_on, term.label, INVENTED, since) for term in half_terms(today)],
        "days": [(setting_id, on, "staff-only", INVENTED) for setting_id in INSET_AT for on in first_days(today)],
        "roll": [_row(pupil) for pupil in known],
    }
    paths = {kind: _write_csv(folder / f"{kind}.csv", HEADERS[kind].split(), rows) for kind, rows in tables.items()}
    policies = [_write_policy(folder, kind, owner, since) for kind, owner in (("force", FORCE), ("authority", AUTHORITY))]
    directory = [(kind, path) for kind, path in paths.items() if kind != "roll"]
    return World(directory=(*directory, *(("policies", path) for path in policies)), roll=paths["roll"], pupils=known)


def _contacts(since: date) -> list[Cells]:
    """A DSL, a deputy and a head for each open setting, two people for each team; every address and number differs."""
    places = [(row[0], "", role) for row in SETTINGS if row[5] == "open" for role in ("dsl", "deputy", "head")]
    places = [place for place in places if place[0] != ONE_CHANNEL or place[2] == "dsl"]
    places += [("", team[0], role) for team in TEAMS for role in ("duty", "lead")]
    return [_contact(number, *place, since) for number, place in enumerate(places)]


def _contact(number: int, setting_id: str, team_id: str, role: str, since: date) -> Cells:
    email = f"{role}@{_domain(setting_id) if setting_id else team_id}.example"
    phone = "" if setting_id == ONE_CHANNEL else mobile(number + 1)
    return f"C-{number + 1:04d}", setting_id, team_id, role, staff_name(number), email, phone, since


def _domain(setting_id: str) -> str:
    """``testwood-primary``; with the town where two settings share a name."""
    names = [row[1] for row in SETTINGS]
    name, town = next((row[1], row[4]) for row in SETTINGS if row[0] == setting_id)
    words = f"{name} {town}" if names.count(name) > 1 else name
    return words.lower().replace("'", "").replace(" ", "-")


def _row(pupil: Pupil) -> Cells:
    born, restricted = pupil.date_of_birth.isoformat(), "yes" if pupil.restricted else "no"
    return pupil.upn, pupil.forename, pupil.surname, born, pupil.postcode, pupil.setting_id, restricted


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Cells]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(header)
        table.writerows(rows)
    return path


def _write_policy(folder: Path, kind: str, owner: str, since: date) -> Path:
    """Every figure is the default; an owner and a team for each duty have none."""
    path = folder / f"policy-{kind}.toml"
    review = HUB if kind == "force" else EDUCATION
    path.write_text(
        f'owner_kind = "{kind}"\nowner = "{owner}"\nname = "Testshire {kind}, demonstration"\neffective_from_on = {since}\n\n'
        f'[teams]\nreview = "{review}"\nlive = "{OUT_OF_HOURS}"\nphone = "{PHONE}"\nauthority_lead = "{LEAD}"\n\n'
        '[helpline]\nname = "Testshire advice line for schools"\nnumber = "01632 960123"\nhours = "Monday to Friday, 8am to 1pm"\n',
        encoding="utf-8",
    )
    return path
