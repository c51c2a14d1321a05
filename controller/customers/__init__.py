"""Customers: one person across channels, sealed at rest, found by keyed hashes; and where an order goes to."""
