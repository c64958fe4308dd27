"""Testshire as the files that it would export: directory, calendar, policies and roll (``places``, ``people``, ``terms``)."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.demo.people import FAMILIES, Pupil, mobile, pupils, staff_name
from services.demo.places import (
    AUTHORITY,
    EDUCATION,
    FORCE,
    HUB,
    INSET_AT,
    LEAD,
    ONE_CHANNEL,
    OUT_OF_HOURS,
    PASSPHRASE,
    PASSPHRASE_HINT,
    PHONE,
    SETTINGS,
    TEAMS,
    UNVERIFIED,
    WITHOUT_DEPUTY,
    name_of,
)
from services.demo.support import support
from services.demo.terms import first_days, half_terms, school_year

AGREEMENT = "An invented agreement for the demonstration"
INVENTED = "invented for the demonstration"
SEED = 1
HEADERS: Mapping[str, str] = {
    "authorities": "authority name nation force",
    "settings": "setting_id name kind phase town status low_age high_age authority postcode telephone passphrase passphrase_hint",
    "teams": "team_id name kind authority force owner telephone",
    "contacts": "reference setting_id team_id role name email phone verified_on",
    "support": "support_id kind name area source as_at_on how hours phone holiday closed audience",
    "terms": "authority first_on last_on label source as_at_on",
    "days": "setting_id on kind source",
    "roll": "upn forename surname date_of_birth postcode settings restricted",
}

Cells = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The written files: ``directory`` as (kind, path) in the order of their import, and the roll. ``pupils`` are all on it.

    ``people`` says whose an e-mail address or a telephone number (E.164) is.
    """

    directory: tuple[tuple[str, Path], ...]
    roll: Path
    pupils: tuple[Pupil, ...]
    people: Mapping[str, str]


def write_world(folder: Path, today: date, *, seed: int = SEED, families: int = FAMILIES) -> World:
    """Write Testshire into ``folder`` (made when missing) as it is around the London date ``today``; always the same for date and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    known = pupils(today, seed=seed, families=families)
    since = date(school_year(today) - 1, 9, 1)
    tables: dict[str, Iterable[Cells]] = {
        "authorities": [(AUTHORITY, "Testshire", "england", FORCE)],
        "settings": [
            (*row, AUTHORITY, f"ZZ99 {place % 10}AA", f"01632 960{place:03d}", PASSPHRASE, PASSPHRASE_HINT)
            for place, row in enumerate(SETTINGS, start=1)
        ],
        "teams": [(*row, f"Head of the {row[1]}", f"01632 9601{place:02d}") for place, row in enumerate(TEAMS, start=1)],
        "contacts": _contacts(since),
        "support": support(AUTHORITY, today),
        "terms": [(AUTHORITY, term.first_on, term.last_on, term.label, INVENTED, since) for term in half_terms(today)],
        "days": [(setting_id, on, "staff-only", INVENTED) for setting_id in INSET_AT for on in first_days(today)],
        "roll": [_row(pupil) for pupil in known],
    }
    paths = {kind: _write_csv(folder / f"{kind}.csv", HEADERS[kind].split(), rows) for kind, rows in tables.items()}
    policies = [_write_policy(folder, kind, owner, since) for kind, owner in (("force", FORCE), ("authority", AUTHORITY))]
    directory = [(kind, path) for kind, path in paths.items() if kind != "roll"]
    return World(
        directory=(*directory, *(("policies", path) for path in policies)), roll=paths["roll"], pupils=known, people=_people(since)
    )


ROLES = {"dsl": "DSL", "deputy": "Deputy DSL", "head": "Head", "duty": "Duty officer", "lead": "Lead"}


def _people(since: date) -> dict[str, str]:
    found = {}
    for _, setting_id, team_id, role, name, email, phone, _ in _contacts(since):
        who = f"{ROLES[str(role)]}, {name_of(str(setting_id or team_id))} ({name})"
        found[str(email)] = who
        if phone:
            found["+44" + str(phone).replace(" ", "")[1:]] = who
    return found


def _contacts(since: date) -> list[Cells]:
    """A DSL, a deputy and a head for each open setting, two people for each team; every address and number differs."""
    places = [(row[0], "", role) for row in SETTINGS if row[5] == "open" for role in ("dsl", "deputy", "head")]
    places = [place for place in places if not (place[2] == "deputy" and place[0] in WITHOUT_DEPUTY)]
    places = [place for place in places if place[0] != ONE_CHANNEL or place[2] == "dsl"]
    places += [("", team[0], role) for team in TEAMS for role in ("duty", "lead")]
    return [_contact(number, *place, since) for number, place in enumerate(places)]


def _contact(number: int, setting_id: str, team_id: str, role: str, since: date) -> Cells:
    email = f"{role}@{_domain(setting_id) if setting_id else team_id}.example"
    phone = "" if setting_id == ONE_CHANNEL else mobile(number + 1)
    verified_on = "" if (setting_id, role) in UNVERIFIED else since
    return f"C-{number + 1:04d}", setting_id, team_id, role, staff_name(number), email, phone, verified_on


def _domain(setting_id: str) -> str:
    """``testwood-primary``; with the town where two settings share a name."""
    return name_of(setting_id).lower().replace("'", "").replace(",", "").replace(" ", "-")


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
