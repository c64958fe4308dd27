"""What happens when the rules themselves fail: nobody is left without an owner because of a defect of ours.

A step that fails of a defect gives something to fall back on, from which children are held for a person; its class and place are logged,
never its text. A database or a key that is away, and a policy that is not there, are no defects: they pass through and the fact stays
owed, for there would be no team to hold the child for.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import DatabaseRefused, Unavailable, place
from shared.log import logger

log = logger(__name__)

Result = TypeVar("Result")
Otherwise = TypeVar("Otherwise")


async def attempted(incident_id: str, step: Callable[[], Awaitable[Result]], otherwise: Otherwise) -> Result | Otherwise:
    """What the step gives, or ``otherwise`` when it fails of a defect."""
    try:
        return await step()
    except (Unavailable, DatabaseRefused):
        raise
    except Exception as error:  # whatever it is, a person must have the children
        _tell(incident_id, error)
        return otherwise


def computed(incident_id: str, step: Callable[[], Result], otherwise: Otherwise) -> Result | Otherwise:
    """The same for a step that waits for nothing."""
    try:
        return step()
    except Exception as error:  # as above
        _tell(incident_id, error)
        return otherwise


def _tell(incident_id: str, error: Exception) -> None:
    log.error("incident.not-decided", incident_id=incident_id, error=type(error).__name__, place=place(error))
