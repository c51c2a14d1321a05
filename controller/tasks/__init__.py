"""What people must do or decide.  Features open and close tasks in their own transactions; every "needs you" list reads them."""
