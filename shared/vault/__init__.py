"""The vault: personal data sealed at rest, and the keys that the database never sees (design rule 7.2).

``keyring`` holds the keys, ``sealing`` seals, ``tokens`` finds sealed rows, ``store`` keeps data keys and content in the database;
``custody`` is what an operator does with a keyring, ``private_file`` where it lies.
"""

from shared.vault.keyring import Keyring, retention_month
from shared.vault.store import Content, Opener, Sealer, Vault

__all__ = ["Content", "Keyring", "Opener", "Sealer", "Vault", "retention_month"]
