"""`encompass rehearse`: a period's incidents once more under a policy, before anybody is told by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from services.commands.policy import read_policy
from services.commands.session import bar, console, faults, with_parts
from services.demo.places import AUTHORITY, FORCE
from services.rehearsal import counts, generated, installation, picture
from services.rehearsal.lost import lost
from services.rehearsal.replay import Replay, with_policy
from services.rehearsal.values import Area, Incident, Outcome, Policies
from shared.calendar import london_date
from shared.directory import Published
from shared.policy import Policy, version
from shared.service import Parts

UNTIL = timedelta(days=120)
"""So long after the last report its children are followed: longer than any break."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is rehearsed."""

    area: Area
    incidents: Sequence[Incident]
    policies: Policies
    authority: str
    first_on: date
    last_on: date


def rehearse(
    policy: Annotated[Path | None, typer.Option(help="The policy document to rehearse; without it, today's.")] = None,
    against: Annotated[Path | None, typer.Option(help="Compare with this document instead of today's policy.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of receipt.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of receipt.")] = None,
    generate_year: Annotated[int | None, typer.Option(help="Rehearse a generated year of an invented authority.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the generated year and how people answer.")] = 1,
    settings: Annotated[int, typer.Option(help="Settings of the generated authority.", min=1)] = generated.SETTINGS,
    incidents: Annotated[int, typer.Option(help="Incidents of the generated year.", min=1)] = generated.INCIDENTS,
    out: Annotated[Path, typer.Option(help="The folder for report.json and the picture.")] = Path("rehearsal"),
) -> None:
    """Say who would have been told when, what would have been late, and what differs from today's policy. Exit 1 when a child is lost."""
    document = None if policy is None else read_policy(policy)
    other = None if against is None else read_policy(against)
    if (policy is not None and document is None) or (against is not None and other is None):
        raise typer.Exit(1)
    if generate_year is not None:
        report = _play(_generated(generate_year, seed, settings, incidents, document), document, other, seed, out)
    elif first is not None and last is not None and first <= last:
        report = _from_here(first.date(), last.date(), document, other, seed, out)
    else:
        faults.print("Give --from and --to, in this order, or --generate-year.")
        raise typer.Exit(2)
    if report["lost"]:
        raise typer.Exit(1)


def _generated(year: int, seed: int, settings: int, incidents: int, document: Policy | None) -> Period:
    try:
        made = generated.generate(year, seed=seed, settings=settings, incidents=incidents)
    except ValueError as error:
        faults.print(str(error))
        raise typer.Exit(2) from None
    usual = Policies(published=tuple(_always(one) for one in generated.policies()))
    known = {team for one in usual.published for team in one.policy.named_teams}
    if document is not None and not set(document.named_teams) <= known:
        faults.print(f"The invented authority {AUTHORITY} (force {FORCE}) has no other teams than {', '.join(sorted(known))}.")
        raise typer.Exit(2)
    return Period(
        area=made.area,
        incidents=made.incidents,
        policies=usual,
        authority=AUTHORITY,
        first_on=made.first_on,
        last_on=made.last_on,
    )


def _from_here(first_on: date, last_on: date, document: Policy | None, other: Policy | None, seed: int, out: Path) -> dict[str, Any]:
    report: dict[str, Any] = {}

    async def work(parts: Parts) -> None:
        async with parts.database.reading() as reading:
            read = await installation.read(reading, parts.directory, first_on, last_on)
        period = Period(
            area=read.area,
            incidents=read.incidents,
            policies=read.policies,
            authority=document.owner if document is not None and document.owner in read.area.authorities else min(read.area.authorities),
            first_on=first_on,
            last_on=last_on,
        )
        report.update(_play(period, document, other, seed, out))

    with_parts(work)
    return report


def _play(period: Period, document: Policy | None, other: Policy | None, seed: int, out: Path) -> dict[str, Any]:
    today = period.policies if other is None else with_policy(period.policies, _always(other))
    rehearsed = period.policies if document is None else with_policy(period.policies, _always(document))
    became = _outcomes(period, rehearsed, seed, "The policy" if document is not None else "Today's policy")
    compared = None
    if document is not None:
        before = _outcomes(period, today, seed, "Today's policy" if other is None else "The other policy")
        compared = {"phases": counts.phases(before)} | counts.differences(before, became)
    until = max((incident.received_at for incident in period.incidents), default=ALWAYS) + UNTIL
    report = counts.as_report(
        period.incidents,
        became,
        lost=len(lost(period.incidents, became, until)),
        policy=version(document) if document is not None else "today",
        first_on=period.first_on,
        last_on=period.last_on,
        compared=compared,
    )
    _write(out, report, period, became)
    _tell(report, out)
    return report


def _outcomes(period: Period, policies: Policies, seed: int, name: str) -> list[Outcome]:
    replay = Replay(period.area, policies, seed=seed)
    became: list[Outcome] = []
    with bar(name) as told:
        for number, incident in enumerate(period.incidents, start=1):
            became += replay.play(incident)
            if number % 100 == 0 or number == len(period.incidents):
                told(number, len(period.incidents))
    return became


def _always(policy: Policy) -> Published:
    return Published(version=version(policy), policy=policy, published_at=ALWAYS)


def _write(out: Path, report: dict[str, Any], period: Period, became: Sequence[Outcome]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    calendar = period.area.authorities[period.authority]
    last_on = max([period.last_on, *(london_date(incident.received_at) for incident in period.incidents)])
    days = counts.days(period.incidents, became, calendar, period.first_on, last_on)
    title = f"Rehearsal of {period.first_on:%-d %B %Y} to {period.last_on:%-d %B %Y}"
    (out / "rehearsal.svg").write_text(picture.drawn(days, title), encoding="utf-8")


def _tell(report: dict[str, Any], out: Path) -> None:
    table = Table(
        "",
        *(phase.replace("_", "-") for phase in counts.PHASES),
        title=f"{report['incidents']:,} incidents, {report['children']:,} children",
    )
    against = report.get("against", {}).get("phases")
    for name in report["term"]:
        cells = []
        for phase in counts.PHASES:
            change = report[phase][name] - against[phase][name] if against else 0
            cells.append(f"{report[phase][name]:,}" + (f" ({change:+,})" if change else ""))
        table.add_row(name.replace("_", " "), *cells)
    console.print(table)
    if against:
        changed = (f"{count:,} children {word.replace('_', ' ')}" for word, count in report["against"]["children"].items() if count)
        console.print("Against the other policy: " + (", ".join(changed) or "nothing changes") + ".")
    console.print(f"Lost: {report['lost']}. {out / 'report.json'}, {out / 'rehearsal.svg'}")
