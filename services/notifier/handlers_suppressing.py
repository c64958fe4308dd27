"""Suppressing sending, for an operator or a lead who says why, who decides and until when."""

from services.notifier import store_suppressions
from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.suppression import Kind, Reason, Suppression, decided
from shared.db import Reading, Transaction
from shared.directory import Directory
from shared.errors import NotFound, Refused
from shared.events import NOTIFIER
from shared.ids import new_id
from shared.log import logger
from shared.scope import Scope

log = logger(__name__)


async def suppress(
    tx: Transaction, directory: Directory, kind: Kind, ref: str, reason: Reason, decider: str, *, minutes: int
) -> Suppression:
    """Send nothing there for so long. Raises Refused for what the directory does not hold, without a decider, and for no proper end."""
    try:
        await _demand(tx, directory, kind, ref)
    except NotFound:
        raise Refused(f"the directory has no such {kind.value}") from None
    one = decided(new_id(), kind, ref, reason, decider, minutes=minutes, now=tx.clock.now())
    await store_suppressions.add(tx, one)
    log.warning("sending.suppress", suppression_id=one.suppression_id, kind=kind.value, reason=reason.value)
    return one


async def end(tx: Transaction, suppression_id: str, decider: str) -> None:
    """End it before its time: what it held back is owed now. Raises Refused when there is none in force."""
    if not await store_suppressions.end(tx, suppression_id, decider, tx.clock.now()):
        raise Refused("there is no such suppression in force")
    log.warning("sending.resume", suppression_id=suppression_id)


async def _demand(reading: Reading, directory: Directory, kind: Kind, ref: str) -> None:
    match kind:
        case Kind.SETTING:
            await directory.setting(reading, ref)
        case Kind.TEAM:
            await directory.team(reading, ref)
        case Kind.CONTACT:
            await directory.contact(reading, ref, Scope.service(NOTIFIER))
        case Kind.CHANNEL:
            if ref not in (EMAIL, SMS):
                raise NotFound("there is no such channel")
