"""Which rows name an address or a number that could be somebody's. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.console.domain.rows import ContactRow
from shared.directory.support import Support
from shared.directory.values import Setting, Team
from shared.fictional import is_fictional_mailbox, is_fictional_number
from shared.tabular import RefusedRow

MAILBOX = "a demonstration takes addresses at .example, .test or example.com only"
NUMBER = "a demonstration takes the numbers that Ofcom keeps for drama only, as 01632 960123 and 07700 900123"


def real_ones(values: Mapping[int, Any]) -> list[RefusedRow]:
    """The rows, by line, that a demonstration refuses; what stood there is not told."""
    return [
        RefusedRow(line=line, column=column, code="not-fictional", text=text)
        for line, value in values.items()
        for column, text in list(_real(value))[:1]
    ]


def _real(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, ContactRow):
        if value.details.email is not None and not is_fictional_mailbox(value.details.email):
            yield "email", MAILBOX
        if value.details.phone is not None and not is_fictional_number(value.details.phone):
            yield "phone", NUMBER
    elif isinstance(value, Setting | Team) and value.telephone is not None and not is_fictional_number(value.telephone):
        yield "telephone", NUMBER
    elif isinstance(value, Support) and value.phone is not None and not is_fictional_number(_in_full(value.phone)):
        yield "phone", NUMBER


def _in_full(phone: str) -> str:
    """A number as people write it at home, in E.164."""
    return f"+44{''.join(phone.split())[1:]}"
