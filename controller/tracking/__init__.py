"""Where an order is: the 15 visible nodes, its timeline, the public page.  A projection of the axes, stored nowhere."""
