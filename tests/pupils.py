"""Children as a report says them, pupils as a roll does, and the settings between them: values for tests of matching."""

from datetime import date
from typing import Any

from services.router.domain.decision import Excluded, Held, Matched, decide
from services.router.domain.evidence import Pupil
from shared.directory.values import Setting
from shared.report.model import Child
from tests.samples import sample_upn

BELIEVED_ON = date(2026, 11, 20)
BORN = date(2018, 3, 4)
UPN, OTHER_UPN, THIRD_UPN = sample_upn(1), sample_upn(2), sample_upn(3)
PRIMARY, NURSERY, CLOSED = "900001", "900003", "900009"


def setting(setting_id: str, name: str, *, authority: str = "testshire", status: str = "open") -> Setting:
    return Setting(
        setting_id=setting_id,
        name=name,
        kind="school",
        phase="primary",
        authority=authority,
        town=None,
        postcode=None,
        telephone=None,
        status=status,
        low_age=None,
        high_age=None,
    )


SETTINGS = {
    one.setting_id: one
    for one in (
        setting(PRIMARY, "Testwood Primary"),
        setting(NURSERY, "Little Examples Nursery"),
        setting(CLOSED, "Formerly Testwood", status="closed"),
        setting("900011", "St Mary's C.E. Primary"),
        setting("900012", "Saint Marys CofE Primary"),
        setting("900013", "St. Mary's Church of England Primary", authority="farshire"),
    )
}


def child(**values: Any) -> Child:
    whole = {
        "reference": "C1",
        "full_name": "Samandra O'Specimen",
        "date_of_birth": BORN,
        "date_of_birth_accuracy": "exact",
        "school": {"name": "Testwood Primary", "urn": PRIMARY},
    }
    return Child.model_validate(whole | values)


def pupil(pupil_id: str = "p1", **values: Any) -> Pupil:
    whole: dict[str, Any] = {
        "pupil_id": pupil_id,
        "authority": "testshire",
        "setting_ids": (PRIMARY,),
        "restricted": False,
        "upn": None,
        "forename": "Samandra",
        "surname": "O\u2019Specimen",
        "known_as": None,
        "date_of_birth": BORN,
        "postcode": "ZZ99 1AA",
    }
    return Pupil(**whole | values)


def decision(one: Child, *pupils: Pupil, said: tuple[str, ...] = (), **options: Any) -> Matched | Held | Excluded:
    return decide(one, pupils, SETTINGS, said, BELIEVED_ON, **options)


def reason(outcome: Matched | Held | Excluded) -> str:
    assert isinstance(outcome, Held)
    return outcome.reason
