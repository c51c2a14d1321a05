"""Review of orders: rules as data, what they say of an order, the people who look at the rest, and the clocks they work by."""
