"""What of the directory would fail on the night, before it does."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.console import store_readiness, store_subscriptions
from services.console.domain import readiness
from services.console.domain.readiness import CALENDAR_NEEDED_DAYS, CALLS_DAYS, DAYS_AGE_MAX, Finding
from services.console.handlers_bank_holidays import KIND
from shared.calendar import london_date
from shared.db import Reading
from shared.scope import Scope
from shared.service import Parts
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]


def add(router: APIRouter, parts: Parts) -> None:
    """The route of this room."""
    frame = parts.frame

    @router.api_route("/console/readiness", methods=READ)
    async def ready(
        request: Request, session: Annotated[Session, Depends(frame.gate.require(Role.COORDINATOR, Role.OPERATOR))]
    ) -> Response:
        today = london_date(parts.clock.now())
        async with parts.database.reading() as reading:
            thin, thin_in_all = await store_readiness.thin_settings(reading, session.scope)
            calendars = await _calendars(reading, session.scope, today)
            telephone = await _telephone(reading, session.scope)
            nations = await store_readiness.nations(reading, session.scope)
            named = {team for policy in await parts.directory.policies(reading) for team in policy.named_teams}
            duty_list = await _duty_list(reading) if session.role is Role.OPERATOR else ()
            short = await parts.directory.cover_findings(reading, today)
            looked_at = await store_readiness.last_import_at(reading, KIND) if parts.settings.bank_holidays_url else parts.clock.now()
            unreachable = await store_readiness.unreachable_teams(reading, session.scope, named)
        cover = [(found.nation, found.covers_until_on) for found in short if found.nation in nations]
        return frame.layout.staff(
            request,
            session,
            "console-readiness.html",
            contacts=[readiness.of_contacts(one.name, one.verified, one.one_channel) for one in thin],
            hidden=thin_in_all - len(thin),
            teams=[readiness.of_team(name) for name in unreachable],
            telephone=telephone,
            duty_list=duty_list,
            calendars=calendars,
            calendar_days=CALENDAR_NEEDED_DAYS,
            bank_holidays=(*readiness.of_bank_holidays(cover), *readiness.of_published_days(looked_at, parts.clock.now())),
        )


async def _duty_list(reading: Reading) -> Sequence[Finding]:
    """The whole installation's, so its operators see to it."""
    return readiness.of_duty_list(await store_readiness.last_duty_list_at(reading), reading.clock.now())


async def _telephone(reading: Reading, scope: Scope) -> list[Finding]:
    since = reading.clock.now() - timedelta(days=CALLS_DAYS)
    unproven = [readiness.of_passphrases(one.name, one.without, one.settings) for one in await store_readiness.passphrases(reading, scope)]
    return unproven + [readiness.of_wrong_number(name) for name in await store_readiness.wrong_numbers(reading, scope, since)]


async def _calendars(reading: Reading, scope: Scope, today: date) -> list[Finding]:
    ends = await store_readiness.calendar_ends(reading, scope, today + timedelta(days=CALENDAR_NEEDED_DAYS))
    unsound = await store_subscriptions.unsound(reading, scope, reading.clock.now() - DAYS_AGE_MAX)
    return [readiness.of_calendar(end.name, end.last_on, today) for end in ends] + [
        readiness.of_subscription(name, one.state, one.finding) for name, one in unsound
    ]
