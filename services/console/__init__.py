"""Console: where administrators keep the directory and watch. It subscribes to no fact; the command line calls ``handlers.import_file``."""

from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service. Its pages come with their own room."""
    del parts
    return Service(name="console")
