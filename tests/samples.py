"""Fictional reports for every test. Names, numbers and places are invented and cannot be real: see each constant.

``sample_report(seed=3, reference="X-1")`` is a whole valid body as a dict, the same for the same seed; overrides replace top-level fields.
"""

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from stdnum.gb.upn import calc_check_digit

# Invented names: no register holds a Testerby, and every given name ends in "-o" or "-a" with "Sam" or "Tes" before it.
GIVEN_NAMES = ("Samandra", "Tesbello", "Samiro", "Tesmina", "Samolda", "Tesquino", "Samvela", "Tesdoro", "Samphira", "Tesgardo")
FAMILY_NAMES = ("Testerby", "Samplethwaite", "Fictonwold", "Exampleforth", "Mockridge-Test", "O'Specimen", "Demovale", "Trialcott")
SCHOOLS = (("Testwood Primary", "900001"), ("Sampleford High School", "900002"), ("Little Examples Nursery", "900003"))
POSTCODES = ("ZZ99 1AA", "ZZ99 2BB", "ZZ99 3CC")  # ZZ99 is no postal area
PHRASES = ("the green kettle was thrown", "a purple lamp was broken", "the orange door was kicked")
BASE = datetime(2026, 11, 19, 22, 40, tzinfo=UTC)


def sample_upn(serial: int) -> str:
    """A UPN with a right check letter from authority 999, which does not exist."""
    body = f"9994000{serial % 100:02d}{serial % 1000:03d}"
    return calc_check_digit(body) + body


def sample_report(*, seed: int = 0, **overrides: Any) -> dict[str, Any]:
    """A rich valid report of two adults and three children: at primary school, at secondary school, and not yet speaking."""
    dice = random.Random(seed)
    given = dice.sample(GIVEN_NAMES, 5)
    family = dice.choice(FAMILY_NAMES)
    began = BASE + timedelta(minutes=dice.randrange(0, 600))
    report = {
        "system": "sample-rms",
        "reference": f"SAMPLE-{seed:06d}",
        "type": "domestic-abuse",
        "occurred_from_at": _wire(began),
        "occurred_to_at": _wire(began + timedelta(minutes=20)),
        "reported_at": _wire(began + timedelta(minutes=25)),
        "believed_at": _wire(began + timedelta(minutes=70)),
        "crime": "yes",
        "place_kind": "home",
        "behaviours": ["coercive-control", "threats"],
        "brief_circumstances": f"Officers attended after a call; {dice.choice(PHRASES)} while the children were upstairs.",
        "police_action": {"codes": ["arrest", "bail-conditions"], "text": "A person was arrested and later released on conditions."},
        "conditions": [
            {"who": "A2", "kind": "must-not-collect", "until_on": "2027-01-31", "source": "Police bail"},
            {"who": "A2", "kind": "must-not-contact", "until_on": "2027-01-31", "source": "Police bail"},
        ],
        "risk": {"tool": "dash", "grade": "medium"},
        "referral": {"made": True, "to": "Testshire children's services", "made_at": _wire(began + timedelta(minutes=120))},
        "desk": {
            "name": "Testshire safeguarding desk",
            "telephone": "01632 960111",
            "email": "desk@testshire.example",
            "hours": "Monday to Friday 07:00 to 19:00",
        },
        "handling_flags": [],
        "adults": [
            _adult("A1", f"{given[0]} {family}", "victim", "mother", dice),
            _adult("A2", f"{given[1]} {dice.choice(FAMILY_NAMES)}", "suspect", "parents-partner", dice),
        ],
        "children": [
            _child("C1", given[2], family, 8, dice) | {"upn": sample_upn(dice.randrange(1000)), "school": _school(0)},
            _child("C2", given[3], family, 14, dice) | {"presence": "heard", "school": _school(1)},
            _child("C3", given[4], family, 1, dice)
            | {"voice": _observed(), "school": {"name": SCHOOLS[2][0]}, "date_of_birth_accuracy": "estimated"},
        ],
    }
    return report | overrides


def sample_body(*, seed: int = 0, **overrides: Any) -> bytes:
    """The same as the bytes of a request."""
    return json.dumps(sample_report(seed=seed, **overrides)).encode()


def personal_words(report: dict[str, Any]) -> set[str]:
    """What of this report must be found in no log, table, message or answer: names, dates of birth, addresses, words, phrases."""
    people = [*report["adults"], *report["children"]]
    words = {word for person in people for word in person["full_name"].split()} | {person["date_of_birth"] for person in people}
    for child in report["children"]:
        words |= {child["postcode"], child["address"], child["voice"].get("words") or child["voice"]["observed"]}
    return words | {phrase for phrase in PHRASES if phrase in report["brief_circumstances"]}


def _wire(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _born(age: int, dice: random.Random) -> str:
    return (date(BASE.year - age, 1, 1) + timedelta(days=dice.randrange(0, 300))).isoformat()


def _school(number: int) -> dict[str, str]:
    name, urn = SCHOOLS[number]
    return {"name": name, "urn": urn}


def _observed() -> dict[str, Any]:
    return {"spoken_to": False, "observed": "Awake in a cot, calm when held by officers, clean and warmly dressed."}


def _adult(reference: str, name: str, role: str, relation: str, dice: random.Random) -> dict[str, Any]:
    return {
        "reference": reference,
        "full_name": name,
        "date_of_birth": _born(dice.randrange(27, 45), dice),
        "sex": dice.choice(["F", "M"]),
        "ethnicity": dice.choice(["W1", "A4", "B2", "M9", "NS"]),
        "disability": "no",
        "role": role,
        "relationships": [{"child": child, "relation": relation} for child in ("C1", "C2", "C3")],
        "language": "English",
    }


def _child(reference: str, given: str, family: str, age: int, dice: random.Random) -> dict[str, Any]:
    return {
        "reference": reference,
        "person_id": f"P{dice.randrange(10**6):06d}",
        "full_name": f"{given} {family}",
        "known_as": given[:3] + "y",
        "date_of_birth": _born(age, dice),
        "date_of_birth_accuracy": "exact",
        "sex": dice.choice(["F", "M"]),
        "ethnicity": dice.choice(["W1", "A4", "B2", "M9", "O1"]),
        "disability": "not-stated",
        "language": "English",
        "communication_need": "None known",
        "postcode": dice.choice(POSTCODES),
        "address": f"{dice.randrange(1, 200)} Nowhere Row, Testshire",
        "lives_with": ["A1", "A2"],
        "lives_elsewhere": "With a grandparent at weekends",
        "presence": "present",
        "voice": {"spoken_to": True, "alone": True, "words": f"{given} said: I hid in the blue wardrobe.", "words_safe_to_share": False},
        "welfare_check": {"made": True, "made_at": _wire(BASE + timedelta(hours=2))},
    }
