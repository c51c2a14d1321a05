"""Waves: pick lists that are released together, by rules."""
