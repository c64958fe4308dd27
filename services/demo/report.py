"""The sample report of the demonstration, as a police records system would post it: an hour ago, at home, three children."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.demo.people import Pupil
from services.demo.places import SETTINGS

REFERENCE = "DEMO-0001"
BELIEVED_BEFORE = timedelta(minutes=10)
CHILDREN = 3
"""The first pupils of the world are one family: two at one setting, one at another."""


def sample_report(known: Sequence[Pupil], now: datetime) -> dict[str, Any]:
    """The body of ``POST /v1/incidents``, believed ten minutes before ``now`` (aware). ``known`` are the world's pupils."""
    children = [child_of(f"C{number}", pupil, place=number - 1) for number, pupil in enumerate(known[:CHILDREN], start=1)]
    children[0]["upn"] = known[0].upn
    return report_of(REFERENCE, now - BELIEVED_BEFORE, children)


def report_of(reference: str, believed_at: datetime, children: Sequence[dict[str, Any]], *, flags: Sequence[str] = ()) -> dict[str, Any]:
    """A report of one evening at home: two adults, and these children. ``believed_at`` is aware."""

    def ago(minutes: int) -> str:
        return (believed_at - timedelta(minutes=minutes)).astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")

    names = [child["reference"] for child in children]
    return {
        "system": "demo-rms",
        "reference": reference,
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
            {"who": "A2", "kind": kind, "until_on": (believed_at + timedelta(days=28)).date().isoformat(), "source": "Police bail"}
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
        "handling_flags": list(flags),
        "adults": [
            _adult("A1", "Calla Testerby", "1988-04-02", "F", "victim", "mother", names),
            _adult("A2", "Morrow Fictonby", "1985-10-19", "M", "suspect", "parents-partner", names),
        ],
        "children": list(children),
    }


def _adult(reference: str, name: str, born: str, sex: str, role: str, relation: str, children: Sequence[str]) -> dict[str, Any]:
    return {
        "reference": reference,
        "full_name": name,
        "date_of_birth": born,
        "sex": sex,
        "ethnicity": "NS",
        "role": role,
        "relationships": [{"child": child, "relation": relation} for child in children],
        "language": "English",
    }


def child_of(reference: str, pupil: Pupil, *, place: int = 0) -> dict[str, Any]:
    """The child by name, date of birth and school; where it was is the ``place``-th of three."""
    return {
        "reference": reference,
        "full_name": f"{pupil.forename} {pupil.surname}",
        "date_of_birth": pupil.date_of_birth.isoformat(),
        "date_of_birth_accuracy": "exact",
        "ethnicity": "NS",
        "language": "English",
        "postcode": pupil.postcode,
        "address": "7 Nowhere Row, Testshire",
        "lives_with": ["A1"],
        "presence": ("present", "heard", "elsewhere")[place],
        "voice": {"spoken_to": True, "alone": True, "words": "I put my headphones on.", "words_safe_to_share": True},
        "welfare_check": {"made": True},
        "school": {"urn": pupil.setting_id, "name": next(row[1] for row in SETTINGS if row[0] == pupil.setting_id)},
    }
