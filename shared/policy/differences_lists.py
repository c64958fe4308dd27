"""What changes between two policies in what they list: teams, ladders, fields shown, routes, hours of duty, releases."""

from collections.abc import Iterator

from shared.policy.parts import WEEKDAYS, Duty, LadderKind, ReleaseReason, Route, RouteClass
from shared.policy.values import Policy, Role, Rung

_TEAMS = {
    "review": "Doubtful matches are settled by {now} instead of {was}.",
    "live": "While settings are closed {now} is told instead of {was}.",
    "phone": "{now} telephones instead of {was}.",
    "authority_lead": "What nobody settled in time belongs to {now} instead of {was}.",
    "release": "{now} releases what a supervisor must release instead of {was}.",
}
_ROLES = {
    Role.DSL: "The designated safeguarding lead is asked",
    Role.DEPUTY: "The deputy is asked",
    Role.HEAD: "The head is asked",
    Role.TRUST: "The trust is told that nobody has answered",
    Role.AUTHORITY: "The authority is told that nobody has answered",
    Role.PHONE: "The telephone task stands",
    Role.DUTY: "Whoever is on duty is asked",
    Role.LEAD: "The team's lead is asked",
}
_KINDS = {
    LadderKind.SCHOOL: "At a school: ",
    LadderKind.COLLEGE: "At a college: ",
    LadderKind.EARLY_YEARS: "At an early years setting: ",
    LadderKind.TEAM: "In a team: ",
}
_CLASSES = {
    RouteClass.STATUTORY: "by law",
    RouteClass.LOCAL_AGREEMENT: "by local agreement",
    RouteClass.NOT_PERMITTED: "by nobody's leave, that is never",
}
_RELEASES = {
    ReleaseReason.YOUNG_PARTY: "a person of 16 or 17 is a party",
    ReleaseReason.DEATH: "somebody has died",
    ReleaseReason.SUB_JUDICE: "it is before a court",
    ReleaseReason.LIVES_ELSEWHERE: "the child does not live where it happened",
    ReleaseReason.CHILD_TO_PARENT: "a child abused a parent",
    ReleaseReason.CONTACT_ORDER: "a contact order is in force",
}


def teams(before: Policy, after: Policy) -> Iterator[str]:
    """Who answers."""
    for role, sentence in _TEAMS.items():
        was, now = getattr(before.teams, role), getattr(after.teams, role)
        if was != now:
            told = sentence.format(now=now or after.teams.review, was=was or before.teams.review)
            yield told[0].upper() + told[1:]
    for route in Route:
        was, now = before.teams.owner_of(route), after.teams.owner_of(route)
        if before.teams.routes.get(route) != after.teams.routes.get(route):
            yield f"A child on the route {_route(route)} belongs to {now} instead of {was}."


def ladders(before: Policy, after: Policy) -> Iterator[str]:
    """Who is asked when, by kind of destination."""
    yield from _ladder("", before.ladder, after.ladder)
    for kind in LadderKind:
        if before.ladders.get(kind) != after.ladders.get(kind):
            yield from _ladder(_KINDS[kind], before.ladder_for(kind), after.ladder_for(kind))


def fields(before: Policy, after: Policy) -> Iterator[str]:
    """What a destination is shown."""
    yield from _fields("A setting", before.fields_shown, after.fields_shown)
    for kind in LadderKind:
        if before.fields_shown_to.get(kind) != after.fields_shown_to.get(kind):
            yield from _fields(_KINDS[kind].removesuffix(": ") + ", whoever reads it", before.fields_for(kind), after.fields_for(kind))


def routes(before: Policy, after: Policy) -> Iterator[str]:
    """By which routes anybody is told, and by what right."""
    for route in Route:
        was, now = before.routes[route], after.routes[route]
        if was is not now:
            yield f"A child is told of on the route {_route(route)} {_CLASSES[now]} instead of {_CLASSES[was]}."


def duties(before: Policy, after: Policy) -> Iterator[str]:
    """Who answers at which hours."""
    live = "Without any other, {team} answers at all hours."
    if not after.duty and before.duty:
        yield live.format(team=after.teams.live)
    yield from (f"On duty from now on: {_duty(one)}." for one in after.duty if one not in before.duty)
    yield from (f"No longer on duty: {_duty(one)}." for one in before.duty if one not in after.duty)
    if sorted(map(_duty, before.duty)) == sorted(map(_duty, after.duty)) and before.duty != after.duty:
        yield f"They are asked in another order: {'; '.join(map(_duty, after.duty))}."


def releases(before: Policy, after: Policy) -> Iterator[str]:
    """What a supervisor must release."""
    was, now = before.release.reasons, after.release.reasons
    yield from (f"A supervisor must release it from now on when {_RELEASES[one]}." for one in now if one not in was)
    yield from (f"No supervisor need release it any more when {_RELEASES[one]}." for one in was if one not in now)


def _ladder(where: str, before: tuple[Rung, ...], after: tuple[Rung, ...]) -> Iterator[str]:
    was, now = ({rung.role: _when(rung) for rung in rungs} for rungs in (before, after))
    for role in Role:
        if was.get(role) != now.get(role):
            told = f"{_ROLES[role]} {now.get(role, 'no longer')} instead of {was.get(role, 'not at all')}."
            yield where + (told[0].lower() + told[1:] if where else told)


def _when(rung: Rung) -> str:
    if rung.share is None:
        return f"{rung.minutes_before_deadline} minutes before the deadline" if rung.minutes_before_deadline else "at the deadline"
    if rung.share in (0, 1):
        return "at the deadline" if rung.share else "at once"
    return f"when {rung.share:.0%} of the time to the deadline has gone"


def _fields(who: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    if more := [code for code in after if code not in before]:
        yield f"{who} is shown also: {', '.join(map(_code, more))}."
    if less := [code for code in before if code not in after]:
        yield f"{who} is no longer shown: {', '.join(map(_code, less))}."


def _duty(one: Duty) -> str:
    days = "every day" if len(one.days) == len(WEEKDAYS) else ", ".join(day.capitalize() for day in one.days)
    hours = "at all hours" if one.start == one.end else f"{one.start:%H:%M} to {one.end:%H:%M}"
    holidays = "" if one.bank_holidays else ", not on bank holidays"
    first = f", from {one.first_on:%-d %B %Y}" if one.first_on else ""
    last = f", until {one.last_on:%-d %B %Y}" if one.last_on else ""
    return f"{one.team}, {days}, {hours}{holidays}{first}{last}"


def _route(route: Route) -> str:
    return f"“{route.replace('-', ' ')}”"


def _code(code: str) -> str:
    return code.replace("_", " ")
