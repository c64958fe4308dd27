"""The incidents of an XML file, one after another: an element each, with its children's elements in it.

Prefixes of names are passed over. A document type or an entity of its own is refused: neither belongs into an export, and both are how a
small file becomes a large one, or reads another.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from services.ingest.domain.mapping import Export
from services.ingest.domain.mapping_fields import of_child
from services.ingest.domain.mapping_rows import OCCURRENCE
from shared.errors import Refused

DEPTH_MAX = 32
RECORD_CHARACTERS_MAX = 1_000_000
_ELEMENT_CHARACTERS = 40
"""What an element costs beside its text."""

Record = list[tuple[int, Mapping[str, str]]]
"""The line and the cells of each child of one incident."""


class XmlRefused(Refused):
    """The file cannot be taken; ``code`` says why."""


@dataclass(slots=True)
class _Element:
    name: str
    line: int
    attributes: dict[str, str] = field(repr=False)
    inner: list["_Element"] = field(default_factory=list, repr=False)
    texts: list[str] = field(default_factory=list, repr=False)


class _Reading:
    """What the parser tells, as far as it is of a record."""

    def __init__(self, wanted: str) -> None:
        self.ready: list[_Element] = []
        self._wanted, self._depth, self._size = wanted, 0, 0
        self._open: list[_Element] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype

    def feed(self, block: bytes, *, final: bool = False) -> None:
        try:
            self._parser.Parse(block, final)
        except (expat.ExpatError, LookupError, ValueError):
            raise XmlRefused("malformed", code="malformed") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise XmlRefused("too deep", code="too-deep")
        if not self._open and _local(name) != self._wanted:
            return
        named = {_local(key): value for key, value in attributes.items()}
        self._count(_ELEMENT_CHARACTERS + len(name) + sum(_ELEMENT_CHARACTERS + len(key) + len(named[key]) for key in named))
        element = _Element(_local(name), self._parser.CurrentLineNumber, named)
        if self._open:
            self._open[-1].inner.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self.ready.append(element)
                self._size = 0

    def _text(self, text: str) -> None:
        if self._open:
            self._count(len(text) + 1)
            self._open[-1].texts.append(text)

    def _count(self, characters: int) -> None:
        self._size += characters
        if self._size > RECORD_CHARACTERS_MAX:
            raise XmlRefused("too large", code="record-too-large")

    def _doctype(self, *_: object) -> None:
        raise XmlRefused("doctype", code="doctype")


def records(export: Export, blocks: Iterable[bytes]) -> Iterator[Record]:
    """Each incident when it is complete. One without a child has one row without a child's cells. Raises XmlRefused."""
    reading = _Reading(export.record)
    for block in blocks:
        reading.feed(block)
        while reading.ready:
            yield _record(export, reading.ready.pop(0))
    reading.feed(b"", final=True)


def _record(export: Export, incident: _Element) -> Record:
    own = {one.column for one in export.entries if one.column and not of_child(one.target)}
    base = "/".join(export.child)
    of_children = [one.column for one in export.entries if one.column and of_child(one.target)]
    cells = dict.fromkeys(export.columns, "") | {name: _found(incident, name) for name in own}
    children = _below([incident], export.child)
    return [(child.line, cells | {name: _found(child, name.removeprefix(base + "/")) for name in of_children}) for child in children] or [
        (incident.line, cells)
    ]


def _found(start: _Element, path: str) -> str:
    *steps, last = path.split("/")
    if last.startswith("@"):
        values = [element.attributes.get(last[1:], "") for element in _below([start], steps)]
    else:
        values = ["".join(element.texts).strip() for element in _below([start], [*steps, last])]
    return OCCURRENCE.join(value for value in values if value)


def _below(elements: list[_Element], steps: Iterable[str]) -> list[_Element]:
    for step in steps:
        elements = [inner for element in elements for inner in element.inner if inner.name == step]
    return elements


def _local(name: str) -> str:
    return name.rpartition(":")[2]
