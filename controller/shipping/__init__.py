"""Parcels on their way: carriers, labels, manifests, tracking."""
