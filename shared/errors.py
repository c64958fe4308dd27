"""Every error that crosses a room's wall.

    EncompassError
    ├── Refused                    the caller's input cannot be taken; saying it again will not help
    │   ├── NotFound               unknown, or not yours: the two are never told apart
    │   ├── Conflict               the same identity with another content
    │   └── NotAllowed             signed in, but not for this
    ├── SettingsRefused            a doubtful setting: the program does not start
    ├── Unavailable                a part of ours is down; trying again later will help
    │   ├── DatabaseUnavailable
    │   │   └── DatabaseBusy       it answers, but this statement got no lock or took too long
    │   └── BusUnavailable
    ├── DatabaseRefused            a constraint said no; carries SQLSTATE and constraint, never the values
    ├── VaultSealed                the key that would open this has been destroyed or is not in the keyring
    └── Misuse                     a defect of ours (a transaction in a transaction, sending inside one)

No error carries personal data: messages are fixed text with codes and identifiers (design rule 7.1).
``shared.web.problems`` maps these classes to HTTP; nothing here knows of it.
"""


class EncompassError(Exception):
    """The root. ``code`` is stable and machine-readable; ``text`` is fixed English."""

    code = "error"

    def __init__(self, text: str, *, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        if code is not None:
            self.code = code


class Refused(EncompassError):
    """The input cannot be taken as it is."""

    code = "refused"


class NotFound(Refused):
    """Unknown, or not yours."""

    code = "not-found"


class Conflict(Refused):
    """The same identity with another content."""

    code = "conflict"


class NotAllowed(Refused):
    """Known, but not allowed to do this."""

    code = "not-allowed"


class SettingsRefused(EncompassError):
    """A setting is missing or doubtful; the program refuses to start."""

    code = "settings"


class Unavailable(EncompassError):
    """A part of the service is down for now."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or did not answer in time."""

    code = "database-unavailable"


class DatabaseBusy(DatabaseUnavailable):
    """The database is there, but this statement met a lock, a deadlock or a time-out: perhaps the work's own fault, so others go on."""


class BusUnavailable(Unavailable):
    """The broker cannot be reached."""

    code = "bus-unavailable"


class DatabaseRefused(EncompassError):
    """The database refused a statement.

    ``sqlstate`` is the five-character code (empty on SQLite); ``constraint`` its name where the driver tells it.
    The driver's own text is dropped: it quotes the offending values.
    """

    code = "database-refused"

    def __init__(self, sqlstate: str, constraint: str) -> None:
        super().__init__(f"the database refused the statement (SQLSTATE {sqlstate or '-'}, {constraint or '-'})")
        self.sqlstate = sqlstate
        self.constraint = constraint


class VaultSealed(EncompassError):
    """The content cannot be opened: its key is destroyed or absent."""

    code = "vault-sealed"


class Misuse(EncompassError):
    """A defect in this program, found before it could do harm."""

    code = "misuse"


def place(error: BaseException) -> str:
    """File and line that raised, without text or values."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "-"
    return f"{traceback.tb_frame.f_code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno}"
