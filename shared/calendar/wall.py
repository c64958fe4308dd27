"""London wall time: instants are UTC, people and timetables live by the clock on the wall."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from shared.errors import Misuse

LONDON = ZoneInfo("Europe/London")


def london_date(instant: datetime) -> date:
    """The date in London at ``instant`` (aware, any zone). Raises Misuse when it is naive.

    From late March to late October that date begins at 23:00 UTC of the day before.
    """
    if instant.tzinfo is None:
        raise Misuse("an instant needs a time zone")
    return instant.astimezone(LONDON).date()


def at(on: date, wall: time) -> datetime:
    """The UTC instant at which London's clocks show ``wall`` on the date ``on``. Raises Misuse when ``wall`` carries a zone.

    Twice a year that is not one instant. A time that the clocks skip in spring (01:00 to 02:00) is shifted forward by the hour they skip:
    01:30 becomes 02:30 BST, which is 01:30 UTC. A time that they show twice in autumn (01:00 to 02:00) is the first, summer-time one:
    the earlier of the two, because an early deadline costs a little sleep and a late one may cost a child a morning.
    """
    if wall.tzinfo is not None:
        raise Misuse("a wall time has no zone of its own")
    # fold=0 asks zoneinfo for the offset before the change, which is both of these rules.
    return datetime.combine(on, wall.replace(fold=0), tzinfo=LONDON).astimezone(UTC)
