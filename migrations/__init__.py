"""Numbered migrations: expand, then migrate, then contract. Both databases."""
