"""The picture of a rehearsal: a bar for each day, each said in words too, and no colour that says anything alone. Pure: SVG text.

Above the line each day's children who were acknowledged in time, below it those who were late, and its incidents as a line; grey bands are
days without school. A table of months stands under it for whoever does not see the bars.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from xml.sax.saxutils import escape

from services.rehearsal.counts import Day

BAR, LEFT, TOP, UP, DOWN = 3, 56, 84, 220, 90
INK, QUIET, CLOSED, IN_TIME, LATE = "#0b0c0c", "#505a5f", "#e8ebee", "#1d70b8", "#d4351c"
ROW = 20
_HATCHED = (
    '<defs><pattern id="late" width="3" height="3" patternUnits="userSpaceOnUse">'
    f'<rect width="3" height="3" fill="{LATE}"/><path d="M0 3L3 0" stroke="#ffffff" stroke-width="0.8"/></pattern></defs>'
)
_FONT = 'font-family="Arial, Helvetica, sans-serif"'


def drawn(days: Sequence[Day], title: str) -> str:
    """The SVG document, with a title and a description. Raises ValueError without a day."""
    if not days:
        raise ValueError("a picture needs a day")
    most_up = max(1, *(max(day.in_time, day.incidents) for day in days))
    most_down = max(1, *(day.late for day in days))
    months = _months(days)
    width, line = max(640, LEFT + len(days) * BAR + 24), TOP + UP
    height = line + DOWN + 60 + (len(months) + 2) * ROW
    said = _said(days)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" {_FONT}>',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(said)}</desc>',
        _HATCHED,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="20" font-weight="bold" fill="{INK}">{escape(title)}</text>',
        f'<text x="{LEFT}" y="50" font-size="13" fill="{INK}">{escape(said)}</text>',
        *_legend(),
        *_closed(days, line),
        *_scale(line, width, most_up, most_down),
        *_bars(days, line, most_up, most_down),
        _incidents(days, line, most_up),
        *_month_names(days, line),
        *_table(months, line + DOWN + 60),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _said(days: Sequence[Day]) -> str:
    incidents, in_time, late = (sum(getattr(day, name) for day in days) for name in ("incidents", "in_time", "late"))
    return f"{incidents:,} incidents: {in_time:,} children acknowledged before the deadline, {late:,} late. Grey: no school."


def _legend() -> Iterator[str]:
    y = TOP - 18
    marks = ((IN_TIME, "children in time (up)"), ("url(#late)", "children late (down, hatched)"), (CLOSED, "no school"))
    yield f'<path d="M{LEFT + 480} {y - 4}h14" stroke="{INK}" stroke-width="1.2"/>'
    yield f'<text x="{LEFT + 500}" y="{y}" font-size="12" fill="{INK}">incidents (line)</text>'
    for x, (fill, words) in zip((LEFT, LEFT + 165, LEFT + 375), marks, strict=True):
        yield f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{fill}" stroke="{QUIET}" stroke-width="0.5"/>'
        yield f'<text x="{x + 18}" y="{y}" font-size="12" fill="{INK}">{words}</text>'


def _closed(days: Sequence[Day], line: int) -> Iterator[str]:
    for is_school, run in groupby(enumerate(days), key=lambda one: one[1].is_school):
        places = [place for place, _ in run]
        if not is_school:
            yield (
                f'<rect x="{LEFT + places[0] * BAR}" y="{TOP}" width="{len(places) * BAR}" height="{UP + DOWN}" fill="{CLOSED}">'
                f"<title>No school from {days[places[0]].on:%-d %B} to {days[places[-1]].on:%-d %B %Y}</title></rect>"
                if len(places) > 2
                else f'<rect x="{LEFT + places[0] * BAR}" y="{TOP}" width="{len(places) * BAR}" height="{UP + DOWN}" fill="{CLOSED}"/>'
            )
    yield f'<path d="M{LEFT} {line}h{len(days) * BAR}" stroke="{INK}" stroke-width="1"/>'


def _scale(line: int, width: int, most_up: int, most_down: int) -> Iterator[str]:
    for share in (0.5, 1.0):
        for value, y in ((most_up, line - UP * share), (most_down, line + DOWN * share)):
            yield f'<path d="M{LEFT} {y:.0f}H{width - 24}" stroke="{QUIET}" stroke-width="0.4" stroke-dasharray="2 3"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.0f}" font-size="11" text-anchor="end" fill="{QUIET}">{round(value * share)}</text>'
    yield f'<text x="{LEFT - 6}" y="{line + 4}" font-size="11" text-anchor="end" fill="{QUIET}">0</text>'


def _bars(days: Sequence[Day], line: int, most_up: int, most_down: int) -> Iterator[str]:
    for place, day in enumerate(days):
        x, up, down = LEFT + place * BAR, UP * day.in_time / most_up, DOWN * day.late / most_down
        words = f"{day.on:%A %-d %B %Y}: {day.incidents} incidents, {day.in_time} in time, {day.late} late"
        yield f"<g><title>{words}</title>"
        yield f'<rect x="{x}" y="{line - up:.1f}" width="{BAR - 0.6}" height="{up:.1f}" fill="{IN_TIME}"/>'
        yield f'<rect x="{x}" y="{line}" width="{BAR - 0.6}" height="{down:.1f}" fill="url(#late)"/></g>'


def _incidents(days: Sequence[Day], line: int, most_up: int) -> str:
    steps = (
        f"{'L' if place else 'M'}{LEFT + place * BAR} {line - UP * day.incidents / most_up:.1f}h{BAR}" for place, day in enumerate(days)
    )
    return f'<path d="{"".join(steps)}" fill="none" stroke="{INK}" stroke-width="0.8"/>'


def _month_names(days: Sequence[Day], line: int) -> Iterator[str]:
    for place, day in enumerate(days):
        if day.on.day == 1 or place == 0:
            x = LEFT + place * BAR
            yield f'<path d="M{x} {line + DOWN}v6" stroke="{INK}"/>'
            yield f'<text x="{x + 3}" y="{line + DOWN + 18}" font-size="12" fill="{INK}">{day.on:%b}</text>'


def _months(days: Sequence[Day]) -> list[tuple[date, int, int, int]]:
    found = []
    for first, run in groupby(days, key=lambda day: day.on.replace(day=1)):
        some = list(run)
        found.append((first, *(sum(getattr(day, name) for day in some) for name in ("incidents", "in_time", "late"))))
    return [(one[0], one[1], one[2], one[3]) for one in found]


def _table(months: Sequence[tuple[date, int, int, int]], top: int) -> Iterator[str]:
    columns = (LEFT, LEFT + 250, LEFT + 370, LEFT + 460)
    for x, words in zip(columns, ("Month", "Incidents", "In time", "Late"), strict=True):
        yield _cell(x, top, words, bold=True)
    for number, (first, *counts) in enumerate(months, start=1):
        yield _cell(columns[0], top + number * ROW, f"{first:%B %Y}")
        for x, count in zip(columns[1:], counts, strict=True):
            yield _cell(x, top + number * ROW, f"{count:,}")


def _cell(x: int, y: int, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchor = "" if x == LEFT else ' text-anchor="end"'
    return f'<text x="{x}" y="{y}" font-size="13" fill="{INK}"{weight}{anchor}>{words}</text>'
