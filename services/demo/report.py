"""The sample report of the demonstration, as a police records system would post it: an hour ago, at home, three children."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from services.demo.people import Pupil
from services.demo.world import SETTINGS

REFERENCE = "DEMO-0001"
BELIEVED_BEFORE = timedelta(minutes=10)
CHILDREN = 3
"""The first pupils of the world are one family: two at one setting, one at another."""


def sample_report(known: Sequence[Pupil], now: datetime) -> dict[str, Any]:
    """The body of ``POST /v1/incidents``, believed ten minutes before ``now`` (aware). ``known`` are the world's pupils."""

    def ago(minutes: int) -> str:
        return (now - BELIEVED_BEFORE - timedelta(minutes=minutes)).replace(microsecond=0).isoformat().replace("+00:00", "Z")

    return {
        "system": "demo-rms",
        "reference": REFERENCE,
        "type": "domestic-abuse",
        "occurred_from_at": ago(75),
        "occurred_to_at": ago(60),
        "reported_at": ago(55),
        "believed_at": ago(0),
        "crime": "yes",
        "place_kind": "home",
        "behaviours": ["coercive-control", "threats", "property-damage"],
        "brief_circumstances": "Officers attended after a call. A door was kicked while the children were upstairs.",
        "police_action": {"codes": ["arrest", "bail-conditions"]},
        "conditions": [
            {"who": "A2", "kind": kind, "until_on": (now + timedelta(days=28)).date().isoformat(), "source": "Police bail"}
            for kind in ("must-not-collect", "must-not-contact")
        ],
        "risk": {"tool": "dash", "grade": "medium"},
        "referral": {"made": False},
        "desk": {
            "name": "Testshire safeguarding desk",
            "telephone": "01632 960111",
            "email": "desk@testshire.example",
            "hours": "Monday to Friday 07:00 to 19:00",
        },
        "handling_flags": [],
        "adults": [
            _adult("A1", "Calla Testerby", "1988-04-02", "F", "victim", "mother"),
            _adult("A2", "Morrow Fictonby", "1985-10-19", "M", "suspect", "parents-partner"),
        ],
        "children": [_child(number, pupil) for number, pupil in enumerate(known[:CHILDREN], start=1)],
    }


def _adult(reference: str, name: str, born: str, sex: str, role: str, relation: str) -> dict[str, Any]:
    return {
        "reference": reference,
        "full_name": name,
        "date_of_birth": born,
        "sex": sex,
        "ethnicity": "NS",
        "role": role,
        "relationships": [{"child": f"C{number}", "relation": relation} for number in range(1, CHILDREN + 1)],
        "language": "English",
    }


def _child(number: int, pupil: Pupil) -> dict[str, Any]:
    """The first is known by her UPN, the others by name, date of birth and school."""
    school = {"urn": pupil.setting_id, "name": next(row[1] for row in SETTINGS if row[0] == pupil.setting_id)}
    child = {
        "reference": f"C{number}",
        "full_name": f"{pupil.forename} {pupil.surname}",
        "date_of_birth": pupil.date_of_birth.isoformat(),
        "date_of_birth_accuracy": "exact",
        "ethnicity": "NS",
        "language": "English",
        "postcode": pupil.postcode,
        "address": "7 Nowhere Row, Testshire",
        "lives_with": ["A1"],
        "presence": ("present", "heard", "elsewhere")[(number - 1) % CHILDREN],
        "voice": {"spoken_to": True, "alone": True, "words": "I put my headphones on.", "words_safe_to_share": True},
        "welfare_check": {"made": True},
        "school": school,
    }
    return child | ({"upn": pupil.upn} if number == 1 else {})
