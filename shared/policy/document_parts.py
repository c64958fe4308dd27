"""Reading the parts of a policy document: each takes its table, notes what is wrong with it, and closes it."""

from datetime import time

from shared.policy.parts import (
    ROUTES_BY_DEFAULT,
    STATUTORY_ROUTES,
    WEEKDAYS,
    Ages,
    Duty,
    Holiday,
    HolidayPlan,
    LadderKind,
    Release,
    ReleaseReason,
    Route,
    RouteClass,
    Weekend,
)
from shared.policy.reading import Table

TEAM = r"[a-z0-9][a-z0-9-]{0,63}"
DUTY_MAX = 60
MIDNIGHT = time(0, 0)


def routes(table: Table) -> dict[Route, RouteClass]:
    """The legal class of every route; those of s.49A cannot be changed."""
    classes = dict(ROUTES_BY_DEFAULT)
    for route in Route:
        if table.has(route):
            classes[route] = RouteClass(table.choice(route, tuple(RouteClass), default=None))
        if route in STATUTORY_ROUTES and classes[route] is not RouteClass.STATUTORY:
            table.refuse(route, "is a statutory route and cannot be another", "leave it out: s.49A decides it")
    table.close()
    return classes


def route_teams(table: Table) -> dict[Route, str]:
    """The teams that are destinations themselves. A setting's route has none."""
    named = {route: table.text(route, pattern=TEAM) for route in Route if table.has(route)}
    for route in named:
        if route in STATUTORY_ROUTES or route is Route.EARLY_YEARS:
            table.refuse(route, "is the route to a setting, not to a team", "remove it")
    table.close()
    return named


def duty(top: Table) -> tuple[Duty, ...]:
    """The hours of duty, in the order in which they answer."""
    return tuple(_stretch(table) for table in top.tables("duty", most=DUTY_MAX) or ())


def _stretch(table: Table) -> Duty:
    stretch = Duty(
        team=table.text("team", pattern=TEAM),
        days=table.codes("days", options=WEEKDAYS, default=WEEKDAYS),
        start=table.wall("start", default=MIDNIGHT),
        end=table.wall("end", default=MIDNIGHT),
        bank_holidays=table.yes("bank_holidays", default=True),
        first_on=table.day("first_on") if table.has("first_on") else None,
        last_on=table.day("last_on") if table.has("last_on") else None,
    )
    if stretch.first_on is not None and stretch.last_on is not None and stretch.last_on < stretch.first_on:
        table.refuse("last_on", "lies before first_on", "give the last date of the range")
    if not stretch.days:
        table.refuse("days", "names no day", f"choose from {', '.join(WEEKDAYS)}, or leave it out for every day")
    table.close()
    return stretch


def fields_by_kind(top: Table, fields: tuple[str, ...]) -> dict[LadderKind, tuple[str, ...]]:
    """What each kind of destination is shown, where it has a list of its own."""
    table = top.table("fields_shown_to")
    found = {kind: table.codes(kind, options=fields, default=()) for kind in LadderKind if table.has(kind)}
    table.close()
    return found


def holiday(table: Table) -> Holiday:
    """The plan for closures over the limit."""
    found = Holiday(
        plan=HolidayPlan(table.choice("plan", tuple(HolidayPlan), default=HolidayPlan.LIVE_TEAM)),
        briefing_days=table.whole("briefing_days", default=5, lowest=0, highest=21),
    )
    table.close()
    return found


def weekend(table: Table) -> Weekend:
    """The plan for weekends and closures within the limit."""
    found = Weekend(live_team=table.yes("live_team", default=False))
    table.close()
    return found


def release(table: Table) -> Release:
    """What waits for a supervisor, and for how long."""
    known = tuple(ReleaseReason)
    found = Release(
        reasons=tuple(ReleaseReason(code) for code in table.codes("reasons", options=known, default=known)),
        within_minutes=table.whole("within_minutes", default=60, lowest=10, highest=720),
    )
    table.close()
    return found


def ages(table: Table) -> Ages:
    """Which age goes where."""
    found = Ages(
        settings_from=table.whole("settings_from", default=0, lowest=0, highest=5),
        school_nursing_from=table.whole("school_nursing_from", default=5, lowest=4, highest=12),
    )
    table.close()
    return found
