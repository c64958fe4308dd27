"""The directory, for reading: authorities, settings, teams, contacts, school days and policies. Console alone writes it.

``directory`` answers the services; ``values`` is what it answers with; ``bank_holidays`` are the nations'; ``passphrase`` proves who
answers a telephone; ``start`` says whether what is there is enough to begin.
"""

from shared.directory.bank_holidays import BankHolidays
from shared.directory.directory import Directory
from shared.directory.passphrase import Passphrase
from shared.directory.start import check_start
from shared.directory.values import Authority, Contact, ContactDetails, Published, Setting, Team

__all__ = [
    "Authority",
    "BankHolidays",
    "Contact",
    "ContactDetails",
    "Directory",
    "Passphrase",
    "Published",
    "Setting",
    "Team",
    "check_start",
]
