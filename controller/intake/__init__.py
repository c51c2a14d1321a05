"""Orders as channels send them: kept as they came, mapped to our goods, placed; what cannot be waits, visibly."""
