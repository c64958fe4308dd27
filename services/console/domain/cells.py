"""Reading the cells of one row: each reader gives a value or raises ``CellRefused``, which says what is wrong and never what was there."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

import phonenumbers

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_EMAIL_MAX = 254
_SETTING_ID = re.compile(r"\d{5,8}|[A-Z]{2}\d{5,8}", re.ASCII)
_POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})", re.ASCII)
SHORT_NUMBERS = ("08001111", "116123", "101", "111")
"""Numbers of the United Kingdom that are shorter than its plan allows."""
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", re.ASCII)
_TEAM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_REFERENCE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class CellRefused(ValueError):
    """One cell cannot be taken: its column, a stable code and fixed English."""

    def __init__(self, column: str, code: str, text: str) -> None:
        super().__init__(code)
        self.column = column
        self.code = code
        self.text = text


class Cells:
    """The cells of a row by column. A reader with ``or_none`` in its name gives None for an empty cell; the others refuse one."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells

    def text(self, column: str, most: int) -> str:
        """A line of at most ``most`` characters."""
        value = self._cells[column]
        if not value:
            raise CellRefused(column, "missing", "the cell is empty")
        if len(value) > most:
            raise CellRefused(column, "too-long", f"the cell has more than {most} characters")
        return value

    def text_or_none(self, column: str, most: int) -> str | None:
        return self.text(column, most) if self._cells[column] else None

    def choice(self, column: str, options: Sequence[str]) -> str:
        """One of ``options``, in whatever case."""
        value = self.text(column, 64).casefold()
        if value not in options:
            raise CellRefused(column, "unknown-code", f"give one of {', '.join(options)}")
        return value

    def choice_or_none(self, column: str, options: Sequence[str]) -> str | None:
        return self.choice(column, options) if self._cells[column] else None

    def owner(self, column: str) -> str:
        """The code of an authority or a force."""
        return self._matching(column, _OWNER, self.text(column, 32), "give a code of letters, digits and hyphens")

    def owner_or_none(self, column: str) -> str | None:
        return self.owner(column) if self._cells[column] else None

    def team_id(self, column: str) -> str:
        return self._matching(column, _TEAM, self.text(column, 64), "give an id of small letters, digits and hyphens")

    def team_id_or_none(self, column: str) -> str | None:
        return self.team_id(column) if self._cells[column] else None

    def reference(self, column: str) -> str:
        """A person's stable number in the authority's system. It is stored unsealed, so it must not be a name or an address."""
        return self._matching(column, _REFERENCE, self.text(column, 64), "give a stable number or code with a digit, never a name")

    def setting_id(self, column: str) -> str:
        """A URN, or an early years register number such as EY123456."""
        return self._matching(column, _SETTING_ID, self.text(column, 16).upper(), "give the URN, or the early years register number")

    def setting_id_or_none(self, column: str) -> str | None:
        return self.setting_id(column) if self._cells[column] else None

    def day(self, column: str) -> date:
        """A date as 2026-09-01: other orders of day and month cannot be told apart."""
        value = self._matching(column, _DAY, self.text(column, 16), "give a date such as 2026-09-01")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise CellRefused(column, "malformed", "there is no such date") from None

    def day_or_none(self, column: str) -> date | None:
        return self.day(column) if self._cells[column] else None

    def whole(self, column: str, lowest: int, highest: int) -> int:
        value = self.text(column, 10)
        if not value.isascii() or not value.isdecimal() or not lowest <= int(value) <= highest:
            raise CellRefused(column, "malformed", f"give a whole number from {lowest} to {highest}")
        return int(value)

    def whole_or_none(self, column: str, lowest: int, highest: int) -> int | None:
        return self.whole(column, lowest, highest) if self._cells[column] else None

    def email_or_none(self, column: str) -> str | None:
        """An address of an ordinary shape, its domain in small letters."""
        if not self._cells[column]:
            return None
        value = self._matching(column, _EMAIL, self.text(column, _EMAIL_MAX), "give one plain e-mail address")
        local, _, domain = value.rpartition("@")
        return f"{local}@{domain.lower()}"

    def phone_or_none(self, column: str) -> str | None:
        """A number as people in the United Kingdom write it, in E.164. Possible is enough: ranges open faster than lists are kept."""
        if not self._cells[column]:
            return None
        try:
            number = phonenumbers.parse(self.text(column, 32), "GB")
        except phonenumbers.NumberParseException:
            number = None
        possible = phonenumbers.ValidationResult.IS_POSSIBLE  # not a local number without its area code
        if number is None or number.extension or phonenumbers.is_possible_number_with_reason(number) != possible:
            raise CellRefused(column, "malformed", "give one telephone number, without an extension")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def service_phone_or_none(self, column: str) -> str | None:
        """The same for a service's number, which may be a free or a short one such as 0800 1111 or 116 123."""
        digits = "".join(character for character in self._cells[column] if character.isdigit())
        if digits in SHORT_NUMBERS:
            return digits
        return self.phone_or_none(column)

    def postcode_or_none(self, column: str) -> str | None:
        if not self._cells[column]:
            return None
        found = _POSTCODE.fullmatch(" ".join(self._cells[column].upper().split()))
        if found is None:
            raise CellRefused(column, "malformed", "give a full postcode")
        return f"{found[1]} {found[2]}"

    @staticmethod
    def _matching(column: str, pattern: re.Pattern[str], value: str, remedy: str) -> str:
        if not pattern.fullmatch(value):
            raise CellRefused(column, "malformed", remedy)
        return value
