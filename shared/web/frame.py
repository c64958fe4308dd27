"""What every service's pages are built with: ``build(frame, …) -> APIRouter``. One frame for each process, made in its composition root."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import BaseLoader

from shared.clock import Clock
from shared.db import Database
from shared.web.assets import Assets
from shared.web.cookies import Cookies
from shared.web.forms import Forms
from shared.web.gate import Gate
from shared.web.layout import Layout, Navigation
from shared.web.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The parts, ready for use. ``https`` is whether the public address is."""

    https: bool
    database: Database
    clock: Clock
    assets: Assets
    cookies: Cookies
    layout: Layout
    forms: Forms
    gate: Gate
    limits: Limits


def frame(
    *,
    public_url: str,
    demo: bool,
    database: Database,
    clock: Clock,
    templates: Sequence[BaseLoader] = (),
    navigation: Sequence[Navigation] = (),
) -> Frame:
    """Put the parts together. Raises SettingsRefused when the pages' files have not been set up."""
    https = public_url.startswith("https:")
    assets = Assets()
    cookies = Cookies(https=https)
    return Frame(
        https=https,
        database=database,
        clock=clock,
        assets=assets,
        cookies=cookies,
        layout=Layout(assets=assets, cookies=cookies, demo=demo, templates=templates, navigation=navigation),
        forms=Forms(public_url=public_url, cookies=cookies),
        gate=Gate(database=database, clock=clock, cookies=cookies),
        limits=Limits(clock),
    )
