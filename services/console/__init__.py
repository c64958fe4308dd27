"""Console: where administrators keep the directory and watch. It subscribes to no fact; the command line calls ``handlers.import_file``."""

from services.console import pages
from shared.events import CONSOLE
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service."""
    return Service(name=CONSOLE, pages=(pages.build(parts),))
