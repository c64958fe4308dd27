"""Reading which folders are watched, and their mapping files. An error names the file and the key, and never quotes a value."""

import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from services.ingest.domain.mapping import Export, MappingRefused, read_mapping, tables_named
from services.ingest.handlers_control import policy_of
from services.ingest.handlers_folder import Folder
from services.ingest.keys import LABEL_CHARS_MAX
from shared.db import Reading
from shared.directory import Directory
from shared.errors import SettingsRefused

FILE_BYTES_MAX = 1024 * 1024
_KEYS = {"path", "mapping", "force", "label", "sandbox"}


def mapping_at(path: Path) -> Export:
    """The mapping file there, with the code tables beside it. Raises MappingRefused, each fault behind the file's name."""
    content = _content(path)
    if content is None:
        raise MappingRefused(f"{path.name}: cannot be read, or is larger than 1 MB")
    try:
        names = tables_named(content)
        tables = {name: found for name in names if (found := _content(path.parent / name)) is not None}
        return read_mapping(content, tables)
    except MappingRefused as refused:
        text = "; ".join(f"{path.name}: {fault}" for fault in refused.text.split("; "))
    raise MappingRefused(text)


def folders_at(path: Path) -> tuple[Folder, ...]:
    """The folders that the file names; paths are beside it. Raises SettingsRefused with every fault."""
    content = _content(path)
    try:
        said = tomllib.loads((content or b"").decode("utf-8-sig")).get("folder")
    except ValueError:
        said = None
    if not isinstance(said, list) or not said:
        raise SettingsRefused(f"ENCOMPASS_FOLDERS_FILE: {path.name} cannot be read, or has no table [[folder]]")
    faults: list[str] = []
    found = [folder for number, one in enumerate(said, 1) if (folder := _folder(path.parent, f"folder {number}", one, faults)) is not None]
    labels = [(one.force, one.label, one.sandbox) for one in found]
    if len(set(labels)) < len(labels) or len({one.path.resolve() for one in found}) < len(found):
        faults.append("each folder has a path and a label of its own")
    if faults:
        raise SettingsRefused("; ".join(f"{path.name}: {fault}" for fault in faults))
    return tuple(found)


async def refuse_ownerless(reading: Reading, directory: Directory, folders: Sequence[Folder], now: datetime) -> None:
    """Raise SettingsRefused, with every fault, for a folder whose force has no policy in force at ``now``: nobody could decide what becomes
    of its reports, or own what goes wrong with it."""
    faults = [
        f"folder {number}: its force has no policy in force: import one first, or correct the code"
        for number, one in enumerate(folders, 1)
        if await policy_of(directory, reading, one.force, now) is None
    ]
    if faults:
        raise SettingsRefused("; ".join(f"ENCOMPASS_FOLDERS_FILE: {fault}" for fault in faults))


def _folder(base: Path, where: str, said: object, faults: list[str]) -> Folder | None:
    if not isinstance(said, dict) or said.keys() - _KEYS or {"path", "mapping", "force", "label"} - said.keys():
        faults.append(f"{where}: give path, mapping, force and label, and perhaps sandbox")
        return None
    before = len(faults)
    faults += [
        f"{where}: {name} is a text"
        for name in ("path", "mapping", "force", "label")
        if not isinstance(said[name], str) or not said[name].strip()
    ]
    if not isinstance(said.get("sandbox", False), bool):
        faults.append(f"{where}: sandbox is true or false")
    if len(faults) > before:
        return None
    if len(said["label"]) > LABEL_CHARS_MAX - len("folder: "):
        faults.append(f"{where}: label is too long")
    if not (base / said["path"]).is_dir():
        faults.append(f"{where}: path is no folder that can be read")
    try:
        export = mapping_at(base / said["mapping"])
    except MappingRefused as refused:
        faults += refused.text.split("; ")
        return None
    return Folder(path=base / said["path"], export=export, force=said["force"], label=said["label"], sandbox=said.get("sandbox", False))


def _content(path: Path) -> bytes | None:
    try:
        if path.is_file() and path.stat().st_size <= FILE_BYTES_MAX:
            return path.read_bytes()
    except (OSError, ValueError):
        pass
    return None
