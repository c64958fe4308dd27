"""What is not ready for the night, in words. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

CALENDAR_NEEDED_DAYS = 60
LIST_AGE_MAX = timedelta(minutes=45)
DAYS_AGE_MAX = timedelta(days=3)
"""The duty desk's list is written every quarter of an hour; two that failed are an alarm."""
CALLS_DAYS = 90
"""How long a wrong number is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``subject`` is a setting, an authority or a nation; ``on`` a date to be shown behind the text, if there is one."""

    subject: str
    text: str
    on: date | None = None


def of_contacts(subject: str, verified: int, one_channel: int) -> Finding:
    """A setting that is short of contacts."""
    said = ["no verified contact" if verified == 0 else f"{verified} verified contact{'' if verified == 1 else 's'}"]
    if one_channel:
        said.append(f"{one_channel} of them with one channel only, so that a code needs a telephone call")
    return Finding(subject=subject, text=", ".join(said))


def of_team(subject: str) -> Finding:
    """A team that a policy names and that nobody can tell of its work."""
    return Finding(subject=subject, text="no verified contact on duty or leading who can be messaged: nobody is told that work waits")


def of_passphrases(subject: str, without: int, settings: int) -> Finding:
    """An authority whose settings cannot all prove over the telephone who answers."""
    return Finding(subject=subject, text=f"{without} of {settings} settings have no passphrase, so a call there acknowledges nothing")


def of_wrong_number(subject: str) -> Finding:
    """A setting whose contacts look out of date."""
    return Finding(subject=subject, text="a caller met a wrong number: its contacts look out of date")


def of_calendar(subject: str, last_on: date | None, today: date) -> Finding:
    """A calendar that ends soon, has ended, or was never entered: then every weekday counts as a school day (D6)."""
    if last_on is None:
        return Finding(subject=subject, text="no term dates: every weekday counts as a school day")
    return Finding(subject=subject, text="its term dates ended on" if last_on < today else "its term dates end on", on=last_on)


def of_subscription(subject: str, state: str, finding: str) -> Finding:
    """A published calendar that nobody could read for days, or that is in doubt."""
    if state == "kept-out":
        return Finding(subject=subject, text=f"its published calendar is kept out ({finding}): look at it with encompass calendar import")
    if state == "taken":
        text = "something in its published calendar was not understood and left out: look at it with encompass calendar import"
        return Finding(subject=subject, text=text)
    return Finding(subject=subject, text="its published calendar could not be read for days")


def of_bank_holidays(ends: Iterable[tuple[str, date]]) -> tuple[Finding, ...]:
    """Nations whose bank holidays are known for less than twelve months ahead."""
    return tuple(Finding(subject=nation.capitalize(), text="bank holidays are known only until", on=end) for nation, end in ends)


def of_published_days(last_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """That the published list of bank holidays has not been looked at for days: one added at short notice would be a school day here."""
    if last_at is not None and now - last_at <= DAYS_AGE_MAX:
        return ()
    text = "the published list could not be read for days: a holiday at short notice would not be known here"
    return (Finding(subject="Bank holidays", text=text),)


def of_duty_list(last_at: datetime | None, now: datetime) -> tuple[Finding, ...]:
    """That nobody could work on from a recent list if this service stopped now. ``last_at``: when one was written last, if ever."""
    subject = "The duty desk's list"
    if last_at is None:
        return (Finding(subject=subject, text="none has been written: if this service stops, nobody can see what is owed"),)
    if now - last_at <= LIST_AGE_MAX:
        return ()
    return (
        Finding(subject=subject, text=f"the last one is {round((now - last_at) / timedelta(minutes=1))} minutes old: tell the operator"),
    )
