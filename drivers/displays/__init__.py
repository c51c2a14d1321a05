"""Customer displays, one module for each protocol."""
