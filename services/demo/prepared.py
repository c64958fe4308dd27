"""Reports that are ready to post: one for each thing worth seeing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.demo.people import Pupil
from services.demo.places import SPECIAL
from services.demo.report import BELIEVED_BEFORE, CHILDREN, child_of, report_of

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """``code`` names it in an address; ``text`` says what is worth seeing."""

    code: str
    text: str
    write: Callable[[Sequence[Pupil], str, datetime], Body]


def _family(known: Sequence[Pupil], reference: str, now: datetime) -> Body:
    children = [child_of(f"C{number}", pupil, place=number - 1) for number, pupil in enumerate(known[:CHILDREN], start=1)]
    children[0]["upn"] = known[0].upn
    return report_of(reference, now - BELIEVED_BEFORE, children)


def _namesake(known: Sequence[Pupil], reference: str, now: datetime) -> Body:
    pupil = next(pupil for pupil in known if pupil.surname == "Samename")
    return report_of(reference, now - BELIEVED_BEFORE, [child_of("C1", pupil) | {"school": {"name": "St Example's Primary"}}])


def _twin(known: Sequence[Pupil], reference: str, now: datetime) -> Body:
    pupil = next(pupil for pupil in known if pupil.surname == "Doubleday-Test")
    return report_of(reference, now - BELIEVED_BEFORE, [child_of("C1", pupil) | {"full_name": f"F. {pupil.surname}"}])


def _one(is_it: Callable[[Pupil], bool], *, flags: Sequence[str] = (), late: timedelta = BELIEVED_BEFORE) -> Any:
    """A report of the first pupil for whom ``is_it`` holds, known by the UPN where there is one."""

    def write(known: Sequence[Pupil], reference: str, now: datetime) -> Body:
        pupil = next(pupil for pupil in known[7:] if is_it(pupil))
        child = child_of("C1", pupil) | ({"upn": pupil.upn} if pupil.upn else {})
        return report_of(reference, now - late, [child], flags=flags)

    return write


def _unknown(known: Sequence[Pupil], reference: str, now: datetime) -> Body:
    child = child_of("C1", known[9]) | {"full_name": "Nobody Unknownby"}
    return report_of(reference, now - BELIEVED_BEFORE, [child])


def _is_plain(pupil: Pupil) -> bool:
    return bool(pupil.upn) and not pupil.restricted and pupil.setting_id not in ("900001", "900002")


def _is_restricted(pupil: Pupil) -> bool:
    return bool(pupil.upn) and pupil.restricted


def _at(setting_id: str) -> Any:
    return _one(lambda pupil: pupil.setting_id == setting_id and not pupil.restricted)


PREPARED: Mapping[str, Prepared] = {
    one.code: one
    for one in (
        Prepared(code="family", text="Three children of one home, at two schools", write=_family),
        Prepared(code="namesake", text="Two schools have the same name: which child is it?", write=_namesake),
        Prepared(code="twin", text="One of two twins, with an initial only", write=_twin),
        Prepared(code="unknown", text="A child who is on no roll", write=_unknown),
        Prepared(code="restricted", text="A child whose school a named person must clear first", write=_one(_is_restricted)),
        Prepared(code="nursery", text="A nursery with one contact and no second channel", write=_at("EY900008")),
        Prepared(code="college", text="A college student", write=_at("900006")),
        Prepared(code="special", text="A child at a school without a deputy", write=_at(SPECIAL)),
        Prepared(code="refuge", text="A family in a refuge: nobody is told by itself", write=_one(_is_plain, flags=("refuge",))),
        Prepared(code="late", text="A report that comes thirty hours late", write=_one(_is_plain, late=timedelta(hours=30))),
    )
}


def prepared(code: str, known: Sequence[Pupil], reference: str, now: datetime) -> Body:
    """The report as its records system would post it now (aware), under ``reference``; the first one for an unknown code."""
    one = PREPARED.get(code) or next(iter(PREPARED.values()))
    return one.write(known, reference, now) | {"source_version": 1}
