"""School days and London wall time: pure values and functions, no clock.

``wall`` turns instants into London dates and wall times into instants; ``days`` says of a date whether pupils, or only staff, are there.
"""

from shared.calendar.days import Calendar, Day, DayKind, Term
from shared.calendar.wall import at, london_date

__all__ = ["Calendar", "Day", "DayKind", "Term", "at", "london_date"]
