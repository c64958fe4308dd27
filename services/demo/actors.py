"""The people of the generated weeks: what each recipient of a message does, and after how long. Everything follows from a seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from services.demo.client import Browser, Page
from services.demo.people import chosen
from shared.calendar import at, london_date
from shared.calendar.wall import LONDON

DONE = "/message/done"
ACTING, PASSING_ON = "I am acting on this today", "Seen, cannot act"
LIST, NEXT = "/message/list", "/message/next"
STEPS_MAX = 8
LISTED_MAX = 60
WAKES, GOES_TO_BED = time(6, 35), time(22, 30)


class Habit(StrEnum):
    """What somebody does with a message."""

    ACTS = "acts"
    PASSES_ON = "passes on"
    NOT_OURS = "not ours"
    READS_ONLY = "reads only"
    NEVER = "never"


HABITS = (*[Habit.ACTS] * 76, *[Habit.PASSES_ON] * 5, *[Habit.NOT_OURS] * 3, *[Habit.READS_ONLY] * 4, *[Habit.NEVER] * 12)
MINUTES = (2, 4, 5, 8, 10, 15, 20, 30, 45, 60, 90, 150)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What is done, and when."""

    habit: Habit
    at: datetime


def reaction(seed: int, key: str, told_at: datetime) -> Reaction:
    """How whoever got the message ``key`` reacts to it. At night people sleep, and look when they get up."""
    habit = chosen(HABITS, seed, 0, f"habit {key}")
    delay = timedelta(minutes=chosen(MINUTES, seed, 0, f"delay {key}"))
    wall = told_at.astimezone(LONDON).time()
    on = london_date(told_at)
    if wall >= GOES_TO_BED:
        told_at = at(on + timedelta(days=1), WAKES)
    elif wall < WAKES:
        told_at = at(on, WAKES)
    return Reaction(habit=habit, at=told_at + delay)


async def visit(browser: Browser, link: str, habit: Habit, codes: Callable[[], Sequence[str]]) -> str:
    """Open the link and do what that habit is, as far as the pages let her; where she ended. ``codes`` are all that have come so far.

    Where one message stands for all that came in the holidays she goes through its list, one after the other.
    """
    page = await browser.open(link)
    opened: set[str] = set()
    for _ in range(STEPS_MAX * LISTED_MAX):
        following = await _next_of_list(browser, page, opened) or await _forward(browser, page, habit, codes)
        if following is None:
            break
        page = following
    return page.path


async def _next_of_list(browser: Browser, page: Page, opened: set[str]) -> Page | None:
    """The first of the list that she has not opened yet, from the list or on the way back to it."""
    if page.path == DONE and opened and LIST in page.links:
        page = await browser.open(LIST)
    for form in page.several.get(NEXT, ()):
        which = next(one.value for one in form.inputs if one.name == "which")
        if which not in opened:
            opened.add(which)
            return await browser.submit(form)
    return None


async def _forward(browser: Browser, page: Page, habit: Habit, codes: Callable[[], Sequence[str]]) -> Page | None:
    if "/message/answer" in page.forms:
        if habit is Habit.READS_ONLY:
            return None
        wanted = PASSING_ON if habit is Habit.PASSES_ON else ACTING
        pressed = next((one.text for one in page.forms["/message/answer"].inputs if wanted in one.text), ACTING)
        return await browser.send(page, "/message/answer", pressed=pressed.strip())
    if "/message/children" in page.forms:
        return await browser.send(page, "/message/children", chosen=("not-ours" if habit is Habit.NOT_OURS else "on-our-roll",))
    if "/message/open" in page.forms or "/message/code" in page.forms:
        known = len(codes())
        page = await browser.send(page, "/message/code")
        new = codes()[known:]
        return await browser.send(page, "/message/open", typed={"code": new[-1]}) if new and "/message/open" in page.forms else None
    return None
