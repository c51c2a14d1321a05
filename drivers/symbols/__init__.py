"""Printed codes: what a symbol's bytes mean.  A leaf: it imports nothing of ours, and is imported by box and controller."""
