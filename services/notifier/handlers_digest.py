"""Gathering a first staff day's notifications for a setting: which message stands for which (``domain/digest``)."""

from collections.abc import Sequence

from services.notifier import store, store_digest
from services.notifier.domain.digest import FIRST_STAFF_DAY, Carrier, Line, carrier
from services.notifier.domain.rungs import Owed, Result
from services.notifier.handlers_contacts import SETTING, is_chaser
from services.notifier.store import Notification
from services.notifier.store_attempts import Attempt
from shared.db import Reading, Transaction
from shared.events import NOTIFIER, AttemptEnded, Fact

DIGEST = "digest"
"""The reason of an attempt whose message is another's."""
CARRIER_ENDED = "digest-ended"
"""And of one whose carrier opens nothing for her any more: it is made anew."""


def is_gathered(notification: Notification) -> bool:
    """Whether its messages may be another's. Nothing of a sandbox goes anywhere, so nothing of it is gathered."""
    of_setting = (notification.purpose, notification.destination_kind) == (FIRST_STAFF_DAY, SETTING)
    return of_setting and not notification.sandbox


async def hold(tx: Transaction, claimed: Sequence[Notification]) -> None:
    """Let one gather at a time for each setting. To be called before any notification is held."""
    if setting_ids := {one.destination_ref for one in claimed if is_gathered(one)}:
        await store_digest.hold(tx, setting_ids)


class Gathering:
    """Within one transaction: finds for each attempt about to be made the message that stands for it too."""

    def __init__(self, others: list[Carrier]) -> None:
        self._others = others

    @classmethod
    async def of(cls, tx: Transaction, claimed: Sequence[Notification]) -> "Gathering":
        """What has been sent already to the settings of these; they are held by the caller."""
        setting_ids = {one.destination_ref for one in claimed if is_gathered(one)}
        return cls(await store_digest.carriers(tx, setting_ids) if setting_ids else [])

    def carried_by(self, claimed: Notification, attempt: Attempt) -> str | None:
        """The attempt that carries this one; None when it goes out itself, and may carry others."""
        owed: Owed = attempt.owed
        if not is_gathered(claimed) or is_chaser(claimed.destination_kind, claimed.plan.rungs[owed.rung - 1].role):
            return None
        ref, opened_at = claimed.destination_ref, claimed.plan.opened_at
        line = Line(setting_id=ref, contact_id=owed.contact_id, channel=owed.channel, opened_at=opened_at)
        found = carrier(line, claimed.notification_id, self._others)
        if found is not None:
            return found.attempt_id
        self._others.append(
            Carrier(
                attempt_id=attempt.attempt_id,
                notification_id=claimed.notification_id,
                setting_id=ref,
                contact_id=owed.contact_id,
                channel=owed.channel,
                started_at=attempt.started_at,
                result=Result.STARTED,
            )
        )
        return None


async def failed(tx: Transaction, attempt_ids: Sequence[str], result: Result) -> list[Fact]:
    """These messages did not arrive, so neither did what they carried; the facts, for the caller to record."""
    return await _let_go(tx, attempt_ids, result, DIGEST)


async def released(tx: Transaction, notification: Notification) -> None:
    """The links of a notification open nothing any more: what its messages carried, and nobody has acted on, is sent by itself."""
    if is_gathered(notification):
        attempts = await store_digest.carrying(tx, notification.notification_id)
        await tx.record(NOTIFIER, await _let_go(tx, sorted(attempts), Result.TRY_AGAIN, CARRIER_ENDED))


async def told_of(reading: Reading, notification: Notification, contact_id: str) -> list[tuple[Notification, str]]:
    """The list behind a gathered message: every notification of the same morning that this contact was told of, this one among them,
    each with the attempt that told her. None behind a message that is never gathered."""
    if not is_gathered(notification):
        return []
    told = await store_digest.told(reading, notification.destination_ref, contact_id)
    found = [(await store.get(reading, notification_id), attempt_id) for notification_id, attempt_id in told.items()]
    # Those of one list began at one instant: that of the setting's first staff day.
    return [(one, attempt_id) for one, attempt_id in found if one.plan.opened_at == notification.plan.opened_at]


async def waits_elsewhere(reading: Reading, notification: Notification, contact_id: str) -> bool:
    """Whether another of that list waits for somebody."""
    here = notification.notification_id
    return any(one.is_open and one.notification_id != here for one, _ in await told_of(reading, notification, contact_id))


async def _let_go(tx: Transaction, attempt_ids: Sequence[str], result: Result, reason: str) -> list[Fact]:
    now = tx.clock.now()
    return [
        AttemptEnded(
            incident_id=row.incident_id,
            notification_id=row.notification_id,
            attempt_id=row.attempt_id,
            rung=row.rung,
            channel=row.channel,
            result=result.value,
            ended_at=now,
            reason=reason,
        )
        for row in await store_digest.let_go(tx, attempt_ids, result, reason, now)
    ]
