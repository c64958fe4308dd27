"""The one line that a play ends with. ``lost`` and the outcomes are the sender's, from the API; the rest is counted in the journal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.demo.week import Week
from shared.events import ChildExcluded, ChildHeld, Envelope, IncidentRouted, NotificationLate, NotificationOpened, RungClimbed

COUNTED = (IncidentRouted.TYPE, ChildHeld.TYPE, ChildExcluded.TYPE, NotificationOpened.TYPE, RungClimbed.TYPE, NotificationLate.TYPE)


def tally(week: Week, facts: Sequence[Envelope], *, seed: int) -> dict[str, int]:
    """``facts`` are those of the types ``COUNTED``.

    Children: on the sender's list (``children``), routed, held and excluded at any time, acknowledged at the end by every destination,
    of these before every deadline, and lost at any stop. Notifications: opened, gone beyond the first rung (``escalated``), late.
    """
    said = week.outcomes()
    acknowledged = [child for child in said if child["outcome"] == "acknowledged"]
    of = {kind: [one.fact for one in facts if kind == one.fact.TYPE] for kind in COUNTED}
    return {
        "seed": seed,
        "incidents": week.incidents,
        "children": week.children,
        "routed": len({child_id for fact in of[IncidentRouted.TYPE] for child_id in _ids(fact)}),
        "held": len({fact.child_id for fact in of[ChildHeld.TYPE] if isinstance(fact, ChildHeld)}),
        "excluded": len({fact.child_id for fact in of[ChildExcluded.TYPE] if isinstance(fact, ChildExcluded)}),
        "notifications": len(of[NotificationOpened.TYPE]),
        "acknowledged": len(acknowledged),
        "acknowledged_before_deadline": sum(_in_time(child["destinations"]) for child in acknowledged),
        "escalated": len({fact.subject for fact in of[RungClimbed.TYPE] if isinstance(fact, RungClimbed) and fact.rung > 1}),
        "late": len({fact.subject for fact in of[NotificationLate.TYPE]}),
        "lost": len(week.lost),
    }


def _ids(fact: Any) -> Iterable[str]:
    return fact.child_ids if isinstance(fact, IncidentRouted) else ()


def _in_time(destinations: Sequence[Mapping[str, Any]]) -> bool:
    told = [one for one in destinations if one["acknowledged_at"] is not None]
    return bool(told) and all(_instant(one["acknowledged_at"]) <= _instant(one["deadline_at"]) for one in told)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
