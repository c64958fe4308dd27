"""How pages write instants and dates: as people in London read them (the style of GOV.UK)."""

from datetime import date, datetime

from shared.calendar.wall import LONDON

_TWELVE = {0: "midnight", 12: "midday"}


def when(instant: datetime) -> str:
    """An aware instant as London's wall shows it: ``7:40am on Monday 23 November 2026``."""
    local = instant.astimezone(LONDON)
    return f"{clock_time(local)} on {day(local.date())}"


def clock_time(local: datetime) -> str:
    """``7:40am``, ``1pm``, ``midday``."""
    if local.minute == 0 and local.hour in _TWELVE:
        return _TWELVE[local.hour]
    minutes = f":{local.minute:02d}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def day(on: date) -> str:
    """``Monday 23 November 2026``."""
    return f"{on:%A} {on.day} {on:%B %Y}"
