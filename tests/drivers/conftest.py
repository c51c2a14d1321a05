"""Hypothesis without its deadline: a loaded machine is no failure of a decoder."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("drivers", deadline=None)
settings.load_profile("drivers")
