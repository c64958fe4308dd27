"""Why a child is held and what the rules saw, in words for whoever decides. On the list every handling flag reads alike."""

from collections.abc import Iterable, Mapping

from services.router.domain.decision import FLAGS as FLAG_CODES
from services.router.domain.release import PREFIX
from shared.policy import ReleaseReason, Route

FLAGGED = "The report carries a handling flag: a person decides who is told"

RELEASES: Mapping[ReleaseReason, str] = {
    ReleaseReason.YOUNG_PARTY: "a party to it is under 18",
    ReleaseReason.DEATH: "a death or a life-threatening injury",
    ReleaseReason.SUB_JUDICE: "it is before a court",
    ReleaseReason.LIVES_ELSEWHERE: "the child does not live with anyone of the report",
    ReleaseReason.CHILD_TO_PARENT: "a child is said to have harmed a parent",
    ReleaseReason.CONTACT_ORDER: "a court order about contact",
}

REASONS: Mapping[str, str] = {
    "unborn": "The child is not born yet: health and the authority are told, never a school",
    **dict.fromkeys((*FLAG_CODES, "unknown-flag"), FLAGGED),
    **dict.fromkeys((f"{PREFIX}{code}" for code in RELEASES), "A supervisor must release it"),
    "no-name": "The report gives no name",
    "no-date-of-birth": "The report gives no reliable date of birth",
    "not-on-roll": "Nobody on the roll has this name and date of birth",
    "several-on-roll": "Several pupils on the roll have this name and date of birth",
    "twin": "A twin, or another pupil of this family and date of birth, could be meant",
    "identifiers-disagree": "Name, date of birth and UPN point to different pupils",
    "restricted": "One record is restricted: a named lead settles it",
    "no-setting": "The pupil is on the roll without a setting",
    "setting-closed": "The setting has closed",
    "no-school-named": "The report names no school, and only the name and date of birth fit",
    "school-disagrees": "The report names another school than the roll",
    "school-ambiguous": "Several schools have the name that the report gives",
    "not-ours": "A setting that was told has said that the child is not theirs",
    "has-left": "A setting that was told has said that the child has left",
    "changed-after-decision": "The report was corrected after a person had decided, and now says something else",
    "roll-changed": "Since a person decided, the roll has changed and now says something else",
    "not-decided": "The program could not decide",
}

FLAGS: Mapping[str, str] = {
    "flag-protected-identity": "Protected identity",
    "flag-refuge": "Refuge",
    "flag-adoption": "Adoption",
    "flag-sub-judice": "Before a court",
    "flag-death": "A death or a life-threatening injury",
    "flag-contact-order": "A court order about contact with the child",
    "flag-supervisor-release": "A supervisor must release it",
    "flag-unknown-flag": "A flag that this program does not know",
}
"""Evidence codes of handling flags, as the claimed case shows them."""

_EVIDENCE: Mapping[str, str] = {
    "upn-agrees": "The UPN is that of a pupil on the roll",
    "upn-absent": "The report gives no UPN",
    "upn-invalid": "The report's UPN is not a valid one",
    "upn-not-on-roll": "The report's UPN is on no roll",
    "name-agrees": "The name agrees",
    "name-differs": "The name differs",
    "name-absent": "The report gives no name",
    "dob-agrees": "The date of birth agrees",
    "dob-differs": "The date of birth differs",
    "dob-absent": "The date of birth is not known",
    "dob-inexact": "The date of birth is an estimate",
    "name-dob-none": "No pupil has both the name and the date of birth",
    "name-dob-several": "More than one pupil has both the name and the date of birth",
    "school-differs": "The report names another school than the roll",
    "school-absent": "The report names no school",
    "school-ambiguous": "Several schools have the name that the report gives",
    "school-closed": "The school named has closed",
    "school-name-agrees": "The school agrees by name",
    "urn-agrees": "The school agrees by number",
    "successor": "A setting on the roll has closed, and what it became is told",
    "closed-setting-left-out": "Another setting on the roll has closed",
    "no-setting": "The roll has the child at no setting",
    "home-educated": "The authority's register has the child as home educated",
    "missing-education": "The authority's register has the child as missing education",
    "childminder-scene": "It may have happened in the childminder's home: a childminder is never told of her own home",
    "below-the-age": "Settings are not told of a child so young",
    **{f"not-permitted-{route}": f"The policy does not permit this way: {route.replace('-', ' ')}" for route in Route},
    **{f"{PREFIX}{code}": f"A supervisor must release it: {words}" for code, words in RELEASES.items()},
    "transfer-offered": "The admissions import says where the child goes",
    "between-schools": "The child has left the last school, and the roll does not say where she goes",
    "rematched": "Looked for on the roll again before the first staff day",
    "pupil-shared": "Two children of the report came out as the same pupil",
    "setting-recalled": "A setting has said that the child is not theirs",
}
_AGAINST = ("differs", "none", "several", "not-on-roll", "invalid", "ambiguous", "closed", "shared", "recalled")


def reason_words(code: str) -> str:
    """Why, in words; codes carry nothing personal, so one that is not known here is shown as it is."""
    return REASONS.get(code, f"Another reason ({code})")


def flag_words(evidence: Iterable[str]) -> tuple[str, ...]:
    """The handling flags among the evidence."""
    return tuple(FLAGS[code] for code in evidence if code in FLAGS)


def evidence_words(evidence: Iterable[str]) -> tuple[str, ...]:
    """What the rules saw, what disagrees first."""
    known = [code for code in evidence if code in _EVIDENCE]
    against = [code for code in known if any(word in code for word in _AGAINST)]
    return tuple(_EVIDENCE[code] for code in (*against, *(code for code in known if code not in against)))
