"""Tests: domain (pure rules), contract (each port over its adapters), scenario (stories), simulation (seeded nights), browser (pages)."""
