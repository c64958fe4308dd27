"""The vault: personal data sealed at rest, and the keys that the database never sees (design rule 7.2).

``keyring`` holds the keys, ``sealing`` seals, ``tokens`` finds sealed rows, ``store`` keeps data keys and content in the database.
"""
