"""Who is told of an incident: what is owed about each child, gathered by destination. Pure.

One incident gives a destination one notification for one purpose, whatever the number of its children there; a child at two settings is
owed at both (dual registration).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.router.domain.deadline import Obligation, Purpose, Urgency
from shared.policy import Policy, Route, RouteClass

DestinationKind = Literal["setting", "team"]

_URGENCIES: tuple[Urgency, ...] = ("ordinary", "urgent", "late-on-arrival")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One obligation about one child, with whom it is owed to and the policy that says so."""

    child_id: str
    kind: DestinationKind
    ref: str
    obligation: Obligation
    policy_version: str
    route: Route | None = None
    legal_class: RouteClass = RouteClass.LOCAL_AGREEMENT

    def on(self, route: Route, legal_class: RouteClass) -> "Owed":
        """The same by that route, on that footing."""
        return replace(self, route=route, legal_class=legal_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One setting or team, for one purpose, with the children it is told of, in the report's order.

    ``route`` is None where a person chose a team, or somebody is told for a setting that is closed. Of several children's, the route of the
    first deadline stands, and the law before any agreement.
    """

    kind: DestinationKind
    ref: str
    purpose: Purpose
    child_ids: tuple[str, ...]
    send_at: datetime
    deadline_at: datetime
    urgency: Urgency
    calendar_known: bool
    policy_version: str
    route: Route | None = None
    legal_class: RouteClass = RouteClass.LOCAL_AGREEMENT


def owed_about(child_id: str, setting_id: str, obligations: Iterable[Obligation], policy: Policy, policy_version: str) -> tuple[Owed, ...]:
    """What is owed about a child at one setting: while it is closed for long the policy's live team is told, otherwise the setting."""
    return tuple(
        Owed(
            child_id=child_id,
            kind="team" if obligation.purpose == "holiday-live" else "setting",
            ref=policy.teams.live if obligation.purpose == "holiday-live" else setting_id,
            obligation=obligation,
            policy_version=policy_version,
        )
        for obligation in obligations
    )


def gathered(owed: Iterable[Owed]) -> tuple[Destination, ...]:
    """One destination for each recipient and purpose.

    Where what is gathered differs (two authorities share a team, with policies of their own), the strictest holds: first sending,
    first deadline with its policy, gravest urgency.
    """
    groups: dict[tuple[str, str, str], list[Owed]] = defaultdict(list)
    for one in owed:
        groups[one.kind, one.ref, one.obligation.purpose].append(one)
    return tuple(_destination(groups[key]) for key in sorted(groups))


def stricter(again: Obligation, gained: Destination | None) -> Obligation:
    """By when a destination must be told again, where it may have gained children: those are owed as if they were alone."""
    if gained is None:
        return again
    return replace(
        again,
        send_at=min(again.send_at, gained.send_at),
        deadline_at=min(again.deadline_at, gained.deadline_at),
        urgency=max(again.urgency, gained.urgency, key=_URGENCIES.index),
    )


def _destination(group: list[Owed]) -> Destination:
    first = min(group, key=lambda one: (one.obligation.deadline_at, one.policy_version))
    obligations = [one.obligation for one in group]
    return Destination(
        kind=first.kind,
        ref=first.ref,
        purpose=first.obligation.purpose,
        child_ids=tuple(dict.fromkeys(one.child_id for one in group)),
        send_at=min(obligation.send_at for obligation in obligations),
        deadline_at=first.obligation.deadline_at,
        urgency=max((obligation.urgency for obligation in obligations), key=_URGENCIES.index),
        calendar_known=all(obligation.calendar_known for obligation in obligations),
        policy_version=first.policy_version,
        route=first.route,
        legal_class=RouteClass.STATUTORY if any(one.legal_class is RouteClass.STATUTORY for one in group) else first.legal_class,
    )
