"""What every service stands on: facts, the database, the bus, the vault, the calendar, the pages' frame.

``shared`` never imports ``services``.
"""
