"""What a message says: that there is a message, for which setting, and by when. Nothing else (design rule 7.1).

A setting's name comes from a directory that people type, and ends in subjects, text messages and mail programs that turn anything
with a dot in it into a link. So it is cleaned first, and the link that we wrote stays the only one.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from shared.calendar.wall import LONDON

SETTING_LENGTH_MAX = 80
"""Characters of a setting's name in an e-mail; the longest real ones in England are near a hundred and end in the trust's name."""

TEXT_MESSAGE_MAX = 160
"""Septets of one GSM 03.38 text message. Longer ones arrive in parts, late and out of order."""

TEXT_NAME_MIN = 12
"""A shorter name than this tells a reader little: the text message then rather takes a second part."""

NO_NAME = "your setting"

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One message's words. ``subject`` is one clean line (unused for a text message); ``body`` ends without a line break."""

    subject: str = field(repr=False)
    body: str = field(repr=False)


def email_text(setting: str, deadline_at: datetime, now: datetime, link: str, *, repeat: bool) -> Text:
    """The e-mail for a contact of a setting. ``deadline_at`` and ``now`` are instants; the reader sees London wall time.

    ``repeat`` marks a message that the same person may have had already: a second one is better than none, if it says so.
    """
    name = clean_name(setting)
    return Text(subject=_subject(name, repeat), body=f"{_again(repeat)}{_notice(name, deadline_at, now)}\n\n{link}")


def sms_text(setting: str, deadline_at: datetime, now: datetime, link: str, *, repeat: bool) -> Text:
    """The text message: the same words, in GSM characters, in one part where the link leaves room for it.

    Room is made by a shorter date, then by a shorter name; the link is never cut.
    """
    name = _gsm(clean_name(setting)) or NO_NAME
    body = ""
    for short in (False, True):
        body = f"{_again(repeat)}{_notice(name, deadline_at, now, short=short)}\n{link}"
        if septets(body) <= TEXT_MESSAGE_MAX:
            return Text(subject="", body=body)
    keep = max(TEXT_NAME_MIN, len(name) - (septets(body) - TEXT_MESSAGE_MAX))
    return Text(subject="", body=f"{_again(repeat)}{_notice(_cut(name, keep), deadline_at, now, short=True)}\n{link}")


def chaser_text(setting: str, telephone: str, deadline_at: datetime, now: datetime, *, repeat: bool) -> Text:
    """For a trust's, authority's or head office's contact: which setting has not answered and its number; no link, no child (design 5).

    ``repeat`` as in ``email_text``.
    """
    name = clean_name(setting)
    number = _number(telephone)
    ask = f"Please telephone them on {number}" if number else "Please telephone them"
    body = f"{_again(repeat)}{name} has a message that nobody there has answered. {ask} and ask them to read it {when(deadline_at, now)}."
    return Text(subject=_subject(name, repeat), body=body)


def changed_text(setting: str, link: str | None, *, repeat: bool) -> Text:
    """For whoever was shown an earlier version: what she has read has changed. ``link`` is None when the one that she has must do."""
    ending = f"\n\n{link}" if link else " Open the link in your message."
    return _brief(setting, "The message for {} has changed. Please read it again.", ending, repeat=repeat)


def withdrawn_text(setting: str, *, repeat: bool) -> Text:
    """For whoever was told: nothing is left of it."""
    return _brief(setting, "The message for {} has been taken back. You do not need to do anything.", "", repeat=repeat)


def picked_up_text(setting: str, *, repeat: bool) -> Text:
    """For everyone else who was told: a colleague has it."""
    return _brief(setting, "The message for {} has been picked up. You do not need to do anything.", "", repeat=repeat)


def desk_text(team: str, address: str, *, repeat: bool) -> Text:
    """For a team: work waits at its desk, which stands at ``address``. Of which kind shows there, after signing in."""
    return _brief(team, "Something waits for {} at the desk. Please open it.", f"\n\n{address}", repeat=repeat)


def briefing_text(setting: str, link: str, *, repeat: bool) -> Text:
    """For a setting's lead, before a break: there is a page to read. Of what it tells shows there, after a code."""
    return _brief(setting, "Before the break, please read the page for {}.", f"\n\n{link}", repeat=repeat)


def code_text(code: str, minutes: int) -> Text:
    """The one-time code, for the contact's other channel."""
    return Text(subject="Your code", body=f"Your code is {code}. It works for {minutes} minutes.")


def when(deadline_at: datetime, now: datetime, *, short: bool = False) -> str:
    """``before 08:00 on Monday 23 November``, or ``as soon as you can`` once that has passed."""
    if deadline_at <= now:
        return "as soon as you can"
    local = deadline_at.astimezone(LONDON)
    day, month = DAYS[local.weekday()], MONTHS[local.month - 1]
    if short:
        day, month = day[:3], month[:3]
    return f"before {local:%H:%M} on {day} {local.day} {month}"


def clean_name(name: str) -> str:
    """A setting's name in one safe line: no control, invisible or direction-changing character, nothing that turns into a link.

    ``St.Mary's\\r\\nBcc: x@example.com`` becomes ``St. Mary's Bcc: x at example. com``.
    """
    visible = "".join(" " if _is_unsafe(letter) else letter for letter in unicodedata.normalize("NFKC", name[:400]))
    visible = re.sub(r"[.\u3002](?=\S)", ". ", visible.replace("@", " at "))
    visible = re.sub(r":(?=\S)", ": ", re.sub(r"[/\\]{2,}", " ", visible))
    line = " ".join(visible.split())
    return _cut(line, SETTING_LENGTH_MAX) if any(letter.isalnum() for letter in line) else NO_NAME


def septets(text: str) -> int:
    """The length of a text message in GSM 03.38 septets; the link's characters are all basic ones."""
    return sum(2 if letter in GSM_EXTENDED else 1 for letter in text)


def _notice(name: str, deadline_at: datetime, now: datetime, *, short: bool = False) -> str:
    stop = "" if name.endswith(".") else "."
    return f"You have a message for {name}{stop} Please read it {when(deadline_at, now, short=short)}."


def _brief(setting: str, sentence: str, ending: str, *, repeat: bool) -> Text:
    """One sentence with the name in it, short enough for a text message where the name lets it: the name is cut, never the ending."""
    name = clean_name(setting)
    bare = _gsm(name) or NO_NAME
    room = TEXT_MESSAGE_MAX - septets(f"{_again(repeat)}{sentence.format('')}{ending}")
    short = bare if septets(bare) <= room else _cut(bare, max(TEXT_NAME_MIN, room))
    return Text(subject=_subject(name, repeat), body=f"{_again(repeat)}{sentence.format(short)}{ending}")


def _subject(name: str, repeat: bool) -> str:
    return f"Sent again: a message for {name}" if repeat else f"A message for {name}"


def _again(repeat: bool) -> str:
    return "Sent again: " if repeat else ""


def _is_unsafe(letter: str) -> bool:
    """Control, format, surrogate, private, unassigned; line and paragraph separators; every space but the plain one."""
    return unicodedata.category(letter)[0] in "CZ"


def _cut(text: str, length_max: int) -> str:
    """At most ``length_max`` characters, ending at a word where one ends near."""
    if len(text) <= length_max:
        return text
    head = text[: length_max - 3]
    word = head.rfind(" ")
    return (head[:word] if word > length_max // 2 else head).rstrip(" .,-") + "..."


def _gsm(text: str) -> str:
    """The text in GSM characters: accents that the alphabet lacks are dropped, what has no likeness is left out."""
    plain = text.translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-"})
    letters = (letter if letter in GSM_BASIC else unicodedata.normalize("NFKD", letter)[:1] for letter in plain)
    return " ".join("".join(letter for letter in letters if letter in GSM_BASIC).split())


def _number(telephone: str) -> str:
    return " ".join("".join(letter for letter in telephone if letter in "+0123456789 ()").split())[:24]
