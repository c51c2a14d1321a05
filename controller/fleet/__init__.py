"""Boxes, their devices and alerts, print jobs and commands, and every fact as it was stored."""
