"""Whether the directory is enough to begin: a report that nobody answers for must be impossible, so ``serve`` refuses before the first."""

from collections.abc import Iterable
from datetime import datetime

from shared.calendar import london_date
from shared.db import Reading
from shared.directory.directory import Directory
from shared.directory.values import Published
from shared.errors import SettingsRefused
from shared.policy import PolicyRefused, deciding


async def check_start(reading: Reading, directory: Directory, now: datetime) -> None:
    """Raise SettingsRefused with a line for each fault, at the instant ``now`` (aware).

    Every stored policy can be read; every force has a policy in force, which decides about the children whose authority nobody knows, and
    so does every authority, its own or its force's; every team that a policy names is there and has an owner (an escalation without an
    owner is a silence).
    """
    authorities = await directory.authorities(reading)
    if not authorities:
        raise SettingsRefused("the directory holds no authority: import it first (encompass directory import)")
    try:
        published = await directory.published(reading)
    except PolicyRefused as refused:
        raise SettingsRefused(refused.text) from None
    policies = [stored.policy for stored in published]
    today = london_date(now)
    faults = [
        f"force {force}: it has no policy in force, which decides where nobody knows a child's authority"
        for force in dict.fromkeys(authority.force for authority in authorities)
        if deciding(policies, force, None, today) is None
    ]
    faults += [
        f"authority {authority.authority}: neither it nor its force {authority.force} has a policy in force"
        for authority in authorities
        if deciding(policies, authority.force, authority.authority, today) is None
    ]
    faults += await _teams(reading, directory, published)
    if faults:
        raise SettingsRefused("; ".join(faults))


async def _teams(reading: Reading, directory: Directory, published: Iterable[Published]) -> list[str]:
    named = {stored.version: stored.policy.named_teams for stored in published}
    known = await directory.teams(reading, {team_id for teams in named.values() for team_id in teams})
    return [
        f"policy {version}: its team {team_id} is not in the directory, or has no owner"
        for version, teams in named.items()
        for team_id in teams
        if team_id not in known or not known[team_id].owner.strip()
    ]
