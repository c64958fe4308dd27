"""The staff of the generated weeks: reviewers who settle what they can at the desk, and coordinators who telephone.

They use the pages alone. Where a release does not have a desk yet, its work is left as it is.
"""

from services.demo.client import Browser, Page, PostedForm, Unexpected
from services.demo.places import PASSPHRASE

DESK, CALLS = "/desk", "/calls"
CASES_EACH_SHIFT, CALLS_EACH_SHIFT = 12, 12
NOT_THERE = (403, 404)


async def sign_in(browser: Browser, link: str) -> None:
    """Follow a sign-in link and press its button."""
    await browser.send(await browser.open(link), "/sign-in")


async def review(browser: Browser, left: set[str]) -> int:
    """One shift at the review desk; how many children were settled. A child whom the roll does not make plain is left to the next desk.

    ``left`` are the cases that this desk has looked at already; those of this shift are added.
    """
    settled = 0
    for _ in range(CASES_EACH_SHIFT):
        page = await _opened(browser, DESK)
        claim = page.forms.get(f"{DESK}/claim") if page else None
        incident = _hidden(claim, "incident") if claim else ""
        if page is None or not incident or incident in left:
            break
        left.add(incident)
        case = await browser.send(page, f"{DESK}/claim")
        settled += await _settle_all(browser, case)
        await _let_go(browser, incident)
    return settled


async def _settle_all(browser: Browser, case: Page) -> int:
    """Decide about each child with exactly one candidate on the roll; how many that were."""
    settled = 0
    for action in [action for action in case.forms if action.endswith("/confirm")]:
        pupils = [one.value for one in case.forms[action].inputs if one.name == "choice" and one.value.startswith("pupil:")]
        if len(pupils) != 1:
            continue
        try:
            page = await browser.send(case, action, chosen=pupils)
            settle = action.removesuffix("confirm") + "settle"
            if settle in page.forms:
                await browser.send(page, settle)
                settled += 1
        except Unexpected as refused:
            if refused.status not in (409, 422):
                raise
    return settled


async def _let_go(browser: Browser, incident: str) -> None:
    release = f"{DESK}/cases/{incident}/release"
    try:
        page = await browser.open(f"{DESK}/cases/{incident}")
        if release in page.forms:
            await browser.send(page, release)
    except Unexpected as gone:
        if gone.status not in (*NOT_THERE, 409):
            raise


async def telephone(browser: Browser, left: set[str]) -> int:
    """One shift at the telephone: the first contact of each setting answers with the passphrase, and acts. How many calls that were.

    ``left`` are the calls that nothing came of, whoever answers; those of this shift are added.
    """
    made, tried = 0, set[str]()
    for _ in range(CALLS_EACH_SHIFT):
        page = await _opened(browser, CALLS)
        claims = sorted(action for action in page.forms if action.endswith("/claim") and action not in tried | left) if page else []
        if page is None or not claims:
            break
        tried.add(claims[0])
        sheet = await browser.send(page, claims[0])
        called, acknowledged = await _call(browser, sheet, claims[0].removesuffix("/claim"))
        made += called
        if not acknowledged:
            left.add(claims[0])
    return made


async def _call(browser: Browser, sheet: Page, action: str) -> tuple[bool, bool]:
    """Whether anybody was called, and whether she has acknowledged."""
    form = sheet.forms.get(action)
    people = [one.value for one in form.inputs if one.name == "contact"] if form else []
    if form is None or not people:
        return False, False
    try:
        page = await browser.send(sheet, action, typed={"heard": PASSPHRASE}, chosen=("acknowledged", people[0]))
    except Unexpected as refused:
        if refused.status not in (409, 422):
            raise
        return False, False
    return True, page.path == CALLS


async def _opened(browser: Browser, path: str) -> Page | None:
    """The page; None where this release or this role does not have it."""
    try:
        return await browser.open(path)
    except Unexpected as refused:
        if refused.status not in NOT_THERE:
            raise
        return None


def _hidden(form: PostedForm, name: str) -> str:
    return next((one.value for one in form.inputs if one.name == name and one.kind == "hidden"), "")
