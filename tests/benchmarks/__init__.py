"""Measurements beside a reference and a floor: ``make bench`` runs them, the tests do not."""
