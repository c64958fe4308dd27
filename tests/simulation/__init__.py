"""Nights in which things go wrong at any point, from a seed."""
