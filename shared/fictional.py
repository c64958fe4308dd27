"""Addresses and numbers that belong to nobody: where everything is invented, no other one is ever taken in or written to.

Domains: RFC 2606 and RFC 6761. Numbers: those that Ofcom keeps for drama, "Telephone numbers for use in TV and radio drama programmes".
"""

import re

_DOMAIN = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|org|net))?|test|invalid)", re.IGNORECASE)
_DRAMA = re.compile(
    r"\+44(?:7700900|1632960|1(?:1[3-8]|[2-6]1)4960|1914980|2079460|2896496|2920180|8081570|9098790|3069990)\d{3}", re.ASCII
)


def is_fictional_mailbox(address: str) -> bool:
    """Whether an e-mail address lies in a domain that nobody can have."""
    return _DOMAIN.fullmatch(address.rpartition("@")[2]) is not None


def is_fictional_number(number: str) -> bool:
    """Whether a number in E.164 is one of those for drama."""
    return _DRAMA.fullmatch(number) is not None
