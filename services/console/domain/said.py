"""What is said over the telephone to prove who answers, as a row of a file gives it."""

from dataclasses import dataclass, field

from services.console.domain.cells import CellRefused, Cells
from shared.directory import passphrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said over the telephone to prove who answers. None leaves what was given before."""

    passphrase: str | None = field(repr=False)
    hint: str | None = field(repr=False)


def said(cells: Cells) -> Said:
    """The passphrase and its hint. Raises CellRefused for one that is too short, or told by its hint."""
    given = Said(
        passphrase=cells.text_or_none("passphrase", passphrase.LENGTH_MAX),
        hint=cells.text_or_none("passphrase_hint", passphrase.LENGTH_MAX),
    )
    if given.passphrase is None:
        return given
    letters = passphrase.plain(given.passphrase)
    if len(letters) < passphrase.LETTERS_MIN:
        raise CellRefused("passphrase", "too-short", f"a passphrase has {passphrase.LETTERS_MIN} letters or digits, or more")
    if given.hint is not None and letters in passphrase.plain(given.hint):
        raise CellRefused("passphrase_hint", "tells", "the hint holds the passphrase, and a caller reads the hint out")
    return given
