"""Which sites an order comes from, and why."""
