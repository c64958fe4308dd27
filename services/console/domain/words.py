"""Codes as a coordinator reads them. Words say what is to be done, never who a child is; handling flags are not told apart here."""

from collections.abc import Mapping

from shared.outcome import Outcome
from shared.policy import ReleaseReason

OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.LOST: ("Lost", "Something was due and nobody has it. This must always be 0: tell the operator now."),
    Outcome.LATE: ("Late", "The deadline has passed. A named team owes a telephone call."),
    Outcome.HELD: ("Held", "A person must decide first. See the reviews."),
    Outcome.WAITING: ("Waiting", "The next step is planned and in time."),
    Outcome.RECALLED: ("Recalled", "The destination was wrong. It is being decided again."),
    Outcome.ACKNOWLEDGED: ("Acknowledged", "A named adult has said that they are acting on it."),
    Outcome.EXCLUDED: ("Excluded", "A recorded decision not to tell anyone."),
}
"""Name and meaning, in the order of need."""

REVIEW_STATES: Mapping[str, str] = {
    "open": "Open",
    "escalated": "Escalated to this team",
    "overdue": "Past its deadline, and nobody has it",
}

_FLAG = "The report carries a handling flag: a person decides who is told"
REASONS: Mapping[str, str] = {
    "unborn": "The child is not born yet",
    "protected-identity": _FLAG,
    "refuge": _FLAG,
    "adoption": _FLAG,
    "death": _FLAG,
    "sub-judice": _FLAG,
    "contact-order": _FLAG,
    "supervisor-release": _FLAG,
    "unknown-flag": _FLAG,
    "no-name": "The report gives no full name",
    "no-date-of-birth": "The report gives no reliable date of birth",
    "not-on-roll": "Nobody on the roll fits",
    "several-on-roll": "Several pupils on the roll fit",
    "twin": "A twin or another pupil of the same family and date of birth could be meant",
    "identifiers-disagree": "The identifying details contradict each other",
    "restricted": "The roll asks that a named person decides",
    "no-setting": "The pupil is on the roll without a setting",
    "setting-closed": "The setting has closed for good",
    "no-school-named": "The report names no school",
    "school-disagrees": "The report names another school than the roll",
    "school-ambiguous": "Several schools have the name that the report gives",
    "not-ours": "The setting said that the child is not theirs",
    "has-left": "The setting said that the child has left",
    "changed-after-decision": "The report was corrected after a person had decided, and now says something else",
    "roll-changed": "Since a person decided, the roll has changed and now says something else",
    **{f"release-{code}": "A supervisor must release it first" for code in ReleaseReason},
    "not-decided": "The program could not decide; the log says where it failed",
}
"""Why a child is held. The codes are the router's."""


LATE: Mapping[str, str] = {
    "late-on-arrival": "The report came after the deadline",
    "held-too-long": "A person had to decide first, and too little time was left",
    "service-was-down": "This service was not at work when it should have been: tell the operator",
    "nobody-answered": "Everybody was told in time and nobody answered",
    "": "No reason was recorded",
}
"""Why a child is late."""


def reason(code: str) -> str:
    """Why, in words; a code that is not known here is shown as it is: codes carry nothing personal."""
    return REASONS.get(code, f"Another reason ({code})" if code else "No reason was recorded")
