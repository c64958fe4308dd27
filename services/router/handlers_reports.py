"""The reports behind incidents, opened for the rules: the newest version of each, and the versions that earlier decisions were made of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from services.router.domain.decision import Decision, Held, decide, flags, twins, without_shared_pupils
from services.router.domain.evidence import Pupil
from services.router.domain.revision import NOT_DECIDED, Change, Inputs, Standing, change, decided_of, inputs
from services.router.handlers_defects import computed
from services.router.store_standing import Stood
from shared.calendar import london_date
from shared.db import Reading
from shared.directory import Setting
from shared.errors import Unavailable, VaultSealed
from shared.events import ROUTER
from shared.report.model import Child
from shared.report.sealed import SealedReport
from shared.report.store import Version, versions
from shared.scope import Scope
from shared.vault import Vault

READER = Scope.service(ROUTER)
AT_ONCE = 1000
"""As many contents as the vault opens with one query."""

Rules = Callable[..., Decision]
"""The rules that decide on one child: called as ``decide`` is."""

_FAILED: Decision = Held(reason=NOT_DECIDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One version as it was told: ``report`` is None when its content cannot be read back, which is a defect."""

    version: Version
    report: SealedReport | None = field(repr=False)

    @property
    def children(self) -> Mapping[str, Child]:
        """Its children by id; of a withdrawal none."""
        return {} if self.report is None or self.version.is_withdrawal else self.report.children

    @property
    def born_together(self) -> frozenset[date]:
        """The dates of birth that several of its children share."""
        return twins(self.children.values())

    def inputs(self, child_id: str) -> Inputs | None:
        """What the rules look at for that child; None where she is not in it."""
        child = self.children.get(child_id)
        if child is None or self.report is None:
            return None
        believed_on, twin = london_date(self.version.believed_at), child.date_of_birth in self.born_together
        return inputs(self.report.report, child, believed_on, twin_in_report=twin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident that is owed a version: that version, where it stands, and by number the versions that its decisions were made of."""

    told: Told
    stood: Stood
    earlier: Mapping[int, Told] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def version(self) -> Version:
        """The version that it is brought up to."""
        return self.told.version

    def changed(self, child_id: str, standing: Standing | None) -> Change:
        """What this version did to a child. Where that cannot be known she counts as changed, and is decided again."""
        if child_id not in self.version.child_ids:
            return Change.GONE
        if self.told.report is None:
            return Change.CHANGED
        number = None if standing is None else decided_of(standing)
        before = None if number is None else self.earlier.get(number)
        return computed(
            self.version.incident_id,
            lambda: change(None if before is None else before.inputs(child_id), self.told.inputs(child_id)),
            Change.CHANGED,
        )


async def opened(vault: Vault, reading: Reading, wanted: Sequence[Version]) -> tuple[dict[tuple[str, int], Told], frozenset[str]]:
    """Those of these versions that can be opened, by incident and number, and the incidents that have been erased.

    A withdrawal needs no content. Raises Unavailable when the keyring lacks a key that has not been destroyed.
    """
    withdrawn = {_key(one): Told(version=one, report=None) for one in wanted if one.is_withdrawal}
    read = [one for one in wanted if not one.is_withdrawal]
    contents: dict[str, bytes] = {}
    erased: set[str] = set()
    for start in range(0, len(read), AT_ONCE):
        some = read[start : start + AT_ONCE]
        try:
            contents |= await vault.get_many(reading, [one.content_id for one in some], READER)
        except VaultSealed:
            for one in some:
                found = await _unless_erased(vault, reading, one)
                contents |= found
                erased |= set() if found else {one.incident_id}
    told = {_key(one): Told(version=one, report=_report(one, contents[one.content_id])) for one in read if one.content_id in contents}
    return withdrawn | told, frozenset(erased)


async def earlier(vault: Vault, reading: Reading, standing: Mapping[str, Stood]) -> dict[str, dict[int, Told]]:
    """The versions that the standing decisions of these incidents were made of, by incident and number."""
    numbers = ((incident_id, decided_of(child)) for incident_id, stood in standing.items() for child in stood.children.values())
    wanted = {(incident_id, number) for incident_id, number in numbers if number is not None}
    if not wanted:
        return {}
    told, _ = await opened(vault, reading, list((await versions(reading, wanted)).values()))
    found: dict[str, dict[int, Told]] = {}
    for (incident_id, number), one in told.items():
        found.setdefault(incident_id, {})[number] = one
    return found


def decisions(
    told: Told, found: Mapping[str, Sequence[Pupil]], settings: Mapping[str, Setting], rules: Rules = decide
) -> Mapping[str, Decision]:
    """What the rules decide today on each child of a version. A child with whom they fail is ``not-decided``, her siblings are not."""
    incident_id, believed_on = told.version.incident_id, london_date(told.version.believed_at)
    failed: dict[str, Decision] = dict.fromkeys(told.version.child_ids, _FAILED)

    def one(report: SealedReport, child_id: str, child: Child, born_together: frozenset[date]) -> Decision:
        stops = flags(report.report, child)
        return rules(child, found[child_id], settings, stops, believed_on, twin_in_report=child.date_of_birth in born_together)

    def all_of_them() -> dict[str, Decision]:
        report, born_together = told.report, told.born_together
        if report is None:
            return failed
        made: dict[str, Decision] = {
            child_id: computed(incident_id, partial(one, report, child_id, child, born_together), _FAILED)
            for child_id, child in told.children.items()
        }
        return without_shared_pupils(made)

    return computed(incident_id, all_of_them, failed)


async def _unless_erased(vault: Vault, reading: Reading, version: Version) -> dict[str, bytes]:
    try:
        return {version.content_id: await vault.get(reading, version.content_id, READER)}
    except VaultSealed:
        if await vault.is_erased(reading, version.incident_id):
            return {}
        raise Unavailable("a report's key is not in the keyring", code="keyring-behind") from None


def _report(version: Version, content: bytes) -> SealedReport | None:
    return computed(version.incident_id, lambda: SealedReport.from_bytes(content), None)


def _key(version: Version) -> tuple[str, int]:
    return version.incident_id, version.incident_version


def children_of(incidents: Iterable[Told]) -> dict[str, Child]:
    """The children of all these versions by id."""
    return {child_id: child for told in incidents for child_id, child in told.children.items()}
