"""What to do and what not to do with a notification, and whom to ask (demands 31 and 33, domain 4).

Local protocols contradict each other about parents, so the policy chooses; its safe default tells nobody.
"""

import re
from collections.abc import Iterator

from services.notifier.domain.screening import writes_an_address
from shared.policy import Handling, Helpline
from shared.report.model import Desk, Report

NOT_A_REFERRAL = (
    "This notification is not a referral. If you think that a child is at risk of harm, follow your own safeguarding procedure; "
    "if a child is in danger now, call 999."
)

DO_NOT_MENTION = "Do not mention this to the child, a parent, a carer or anyone who collects the child."
DO_NOT_CONTACT_HOME = "Do not ring or write home about it, and do not leave a message about it."
ABSENCE = (
    "If the child is absent, make your ordinary absence call in ordinary words. "
    "If you cannot find out where the child is, tell your safeguarding lead and the desk below."
)
IF_ASKED = "If a parent asks what you know, say that you cannot talk about it, and ask the desk below what to say next."
NEED_TO_KNOW = "Tell only those members of staff who need to know today in order to support the child. Do not investigate."
IF_THE_CHILD_SPEAKS = "If the child speaks about it, listen, ask no leading questions, and record the words as they were said."
RECORD = "Keep your own record in the child's safeguarding file, not here."
PERSON_HARMED = (
    "Your area's protocol lets you speak to the person harmed, and to nobody else at home: in person, alone, and only after the desk "
    "below has said that it is safe."
)

NO_DESK = "No desk was named. Ring 101 and ask for the safeguarding team of the force that sent this."


def advice(handling: Handling, *, withheld: bool) -> tuple[str, ...]:
    """The handling text in its order. Where details are withheld nobody at home is spoken to, whatever the policy says."""
    speak = handling is Handling.SPEAK_TO_PERSON_HARMED and not withheld
    home = (PERSON_HARMED, DO_NOT_CONTACT_HOME) if speak else (DO_NOT_CONTACT_HOME,)
    return (DO_NOT_MENTION, *home, ABSENCE, NEED_TO_KNOW, IF_THE_CHILD_SPEAKS, IF_ASKED, RECORD)


def queries(report: Report) -> tuple[str, ...]:
    """The desk for queries, as far as it was recorded and gives nothing away; never empty."""
    if report.desk is None:
        return (NO_DESK,)
    return tuple(_desk(report, report.desk)) or (NO_DESK,)


def helpline(line: Helpline | None) -> str | None:
    """The advice line of the policy, in one sentence."""
    return None if line is None else f"{line.name}: {line.number} ({line.hours})"


def _desk(report: Report, desk: Desk) -> Iterator[str]:
    if desk.name and not writes_an_address(desk.name, report):
        yield desk.name
    if desk.telephone and re.fullmatch(r"[+0-9 ()]{3,24}(?: ?(?:ext|x)\.? ?[0-9]{1,6})?", desk.telephone.strip()):
        yield f"Telephone {desk.telephone.strip()}"
    if desk.email and re.fullmatch(r"[\w.+-]{1,64}@[\w.-]{3,190}", desk.email.strip()):
        yield f"E-mail {desk.email.strip()}"
    if desk.hours and _is_hours(desk.hours) and not writes_an_address(desk.hours, report):
        yield f"Open {desk.hours.strip()}"


def _is_hours(text: str) -> bool:
    """Hours are digits, days and short words; a longer line is something else and is left out."""
    return len(text) <= 60 and not re.search(r"[^\w :.,&()/–+-]", text)
