"""What to do and what not to do with a notification, and whom to ask (demands 31 and 33, domain 4).

Local protocols contradict each other about parents, so the policy chooses; its safe default tells nobody.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.notifier.domain.screening import names_someone, writes_an_address
from shared.policy import Handling, Helpline
from shared.report.model import Desk, Report

NOT_A_REFERRAL = (
    "This message is not a referral and does not make one. If you think that a child is at risk of harm, follow your own safeguarding "
    "procedure; if a child is in danger now, call 999."
)

DO_NOT_MENTION = "Do not mention this to the child, a parent, a carer or anyone who collects the child."
DO_NOT_CONTACT_HOME = "Do not ring or write home about it, and do not leave a message about it."
ABSENCE = (
    "If the child is absent, make your ordinary absence call in ordinary words. "
    "If you cannot find out where the child is, follow your own absence procedure and ring the desk below."
)
IF_ASKED = (
    "If a parent or carer speaks of it first, listen, and say neither what you know nor that you were told. "
    "Ring the desk below before you answer."
)
"""A refusal to talk about it would tell the parent that there is something to talk about."""
NEED_TO_KNOW = "Tell only those members of staff who need to know today in order to support the child. Do not investigate."
IF_THE_CHILD_SPEAKS = "If the child speaks about it, listen, ask no leading questions, and record the words as they were said."
RECORD = "Keep your own record in the child's safeguarding file, not here."
PERSON_HARMED = (
    "Your area's protocol lets you speak to the person harmed, and to nobody else at home: in person, alone, and only after the desk "
    "below has said that it is safe."
)

IF_THEY_COME = "If anyone to whom this applies comes for the child, keep the child with you and call 999."
NONE_RECORDED = "The police recorded no condition about who may collect the child. If you are unsure, ring the desk below first."
UNREADABLE = "The police recorded a condition that cannot be shown here. Ring the desk below before anyone collects the child."

NO_DESK = "No desk was named. Ring 101 and ask for the safeguarding team of the force that sent this."


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One line of whom to ask. ``dial``: the number as a phone dials it, where the line is one."""

    text: str = field(repr=False)
    dial: str | None = field(default=None, repr=False)


BY_LAW = (
    "The police must tell a school or college about a child whom domestic abuse affects (Domestic Abuse Act 2021, section 49A). "
    "That is why you are told."
)
BY_AGREEMENT = "You are told under a local agreement with the police. The duty to tell schools and colleges by law is another one."


def footing(legal_class: str | None) -> str | None:
    """On what footing this destination is told, in a sentence; None where that was never recorded."""
    return {None: None, "statutory": BY_LAW}.get(legal_class, BY_AGREEMENT)


def advice(handling: Handling, *, withheld: bool, parent_contact: str | None = None) -> tuple[str, ...]:
    """The handling text in its order, the policy's own words on parents after it. Where details are withheld nobody at home is spoken to,
    whatever the policy says."""
    speak = handling is Handling.SPEAK_TO_PERSON_HARMED and not withheld
    home = (PERSON_HARMED, DO_NOT_CONTACT_HOME) if speak else (DO_NOT_CONTACT_HOME,)
    local = () if withheld or parent_contact is None else (parent_contact,)
    return (DO_NOT_MENTION, *home, *local, ABSENCE, NEED_TO_KNOW, IF_THE_CHILD_SPEAKS, IF_ASKED, RECORD)


def collecting(report: Report, *, conditions: bool) -> tuple[str, ...]:
    """What to do about who collects. ``conditions``: whether any is in force and shown. Never silent: no warning is not the same as
    nothing recorded, and neither is a condition that could not be read.
    """
    unreadable = any(re.fullmatch(r"/conditions(?:/[0-9]+)?", place) for place in report.unrecognised)
    said = (IF_THEY_COME,) * conditions + (UNREADABLE,) * unreadable
    return said or (NONE_RECORDED,)


def queries(report: Report) -> tuple[Query, ...]:
    """The desk for queries, as far as it was recorded and gives nothing away, and the reference that it knows the report by."""
    desk = () if report.desk is None else tuple(_desk(report, report.desk))
    telling = names_someone(report.reference, report, "") or writes_an_address(report.reference, report)
    reference = () if telling else (Query(text=f"Reference to quote: {report.reference}"),)
    return (*(desk or (Query(text=NO_DESK),)), *reference)


def helpline(line: Helpline | None) -> str | None:
    """The advice line of the policy, in one sentence."""
    return None if line is None else f"{line.name}: {line.number} ({line.hours})"


def _desk(report: Report, desk: Desk) -> Iterator[Query]:
    if desk.name and not writes_an_address(desk.name, report) and not names_someone(desk.name, report, ""):
        yield Query(text=desk.name)
    if desk.telephone and re.fullmatch(r"[+0-9 ()]{3,24}(?: ?(?:ext|x)\.? ?[0-9]{1,6})?", desk.telephone.strip()):
        yield Query(text=f"Telephone {desk.telephone.strip()}", dial=re.sub(r"[^+0-9]", "", re.split("[ex]", desk.telephone)[0]))
    if desk.email and re.fullmatch(r"[\w.+-]{1,64}@[\w.-]{3,190}", desk.email.strip()):
        yield Query(text=f"E-mail {desk.email.strip()}")
    if desk.hours and _is_hours(desk.hours) and not writes_an_address(desk.hours, report):
        yield Query(text=f"Open {desk.hours.strip()}. When it is closed, ring 101")


def _is_hours(text: str) -> bool:
    """Hours are digits, days and short words; a longer line is something else and is left out."""
    return len(text) <= 60 and not re.search(r"[^\w :.,&()/–+-]", text)
