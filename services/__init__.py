"""The services, as a list. They never import one another: they meet in the facts of ``shared.events``.

=========  ==========================================================  ==========================
service    what it does                                                owns
=========  ==========================================================  ==========================
ingest     takes reports from police systems, tells what became of     ``ingest_*``
router     matches each child to settings, works out by when           ``router_*`` (and the roll)
notifier   tells the DSL, takes the acknowledgement, escalates         ``notifier_*``
console    the directory, and pages for those who watch                ``directory_*``, ``console_*``
=========  ==========================================================  ==========================
"""

import importlib
from collections.abc import Sequence
from typing import cast

from shared.errors import SettingsRefused
from shared.service import Build

NAMES = ("ingest", "router", "notifier", "console")


def builds(names: Sequence[str]) -> tuple[Build, ...]:
    """How to build the named services (all of them when none is named). Raises SettingsRefused for a name that is none."""
    if unknown := set(names) - set(NAMES):
        raise SettingsRefused(f"no such service: {', '.join(sorted(unknown))} (there are {', '.join(NAMES)})")
    return tuple(cast("Build", importlib.import_module(f"services.{name}").build) for name in (names or NAMES))
