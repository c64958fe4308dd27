"""A fictional place in which Encompass can be seen at work: its files, its sample report, and a visitor that walks one report through.

Like ``services/commands`` it stands above the services: nothing imports it but the ``demo`` command and tests.
"""
