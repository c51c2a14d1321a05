"""Orders of customers: place, reserve, cancel, close.  What becomes of their goods is told by `fulfilment`."""
