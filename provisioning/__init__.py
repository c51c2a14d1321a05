"""Provisioning: what IT needs to bring a box into service."""
