"""A person's decision on a child who was taken out of the report, standing again when she is put back (``domain/revision``)."""

from collections.abc import Mapping
from datetime import datetime

from services.router.domain.destination import Owed
from services.router.domain.revision import Follow, Kept, Standing
from services.router.handlers_days import Days, Policies
from services.router.store import NewDecision
from services.router.store_standing import DESTINATION
from shared.calendar import london_date
from shared.directory import Setting, Team
from shared.events import ChildExcluded
from shared.report.store import Version

BECAUSE = "because-"
"""Evidence of a person's exclusion begins so, and goes on with the reason."""


def taken_out(standing: Standing, follows: Follow) -> tuple[str, ...]:
    """The evidence of a child's withdrawal: where a person's decision had her told of, to be told of there again."""
    return tuple(f"{DESTINATION}{one}" for one in sorted(follows.leaves)) if standing.is_by_person else ()


def is_still_there(kept: Kept, settings: Mapping[str, Setting], teams: Mapping[str, Team]) -> bool:
    """Whether all that it tells can be told today."""
    if kept.outcome == "excluded":
        return True
    are_open = all(one in settings and settings[one].is_open for one in kept.setting_ids)
    return bool(kept.setting_ids or kept.team_ids) and are_open and all(one in teams for one in kept.team_ids)


async def owed_to_teams(
    child_id: str, kept: Kept, version: Version, teams: Mapping[str, Team], policies: Policies, days: Days
) -> list[Owed]:
    """What is owed to the teams that the person had chosen."""
    owed = []
    for ref in kept.team_ids:
        by = policies.deciding(version.force, teams[ref].authority, london_date(version.received_at))
        due = await days.owed_to_team(version.force, teams[ref].authority, by, version.believed_at, version.received_at)
        owed.append(Owed(child_id=child_id, kind="team", ref=ref, obligation=due, policy_version=by.version))
    return owed


def noted(child_id: str, kept: Kept, version: Version, round: int) -> NewDecision:  # noqa: A002
    """The decision, the person's as before, of this version."""
    return NewDecision(
        incident_id=version.incident_id,
        incident_version=version.incident_version,
        child_id=child_id,
        round=round,
        outcome=kept.outcome,
        rule=kept.rule,
        evidence=kept.evidence,
        pupil_id=kept.pupil_id,
        policy_version=None,
        decided_by=kept.decided_by,
    )


def excluded_again(child_id: str, kept: Kept, version: Version, now: datetime) -> ChildExcluded:
    """The fact that nobody is told of her, for the person's reason."""
    because = next((code for code in kept.evidence if code.startswith(BECAUSE)), BECAUSE)
    return ChildExcluded(
        incident_id=version.incident_id,
        incident_version=version.incident_version,
        child_id=child_id,
        reason=because.removeprefix(BECAUSE),
        decider=kept.decided_by,
        excluded_at=now,
    )
