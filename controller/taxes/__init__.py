"""What an order comes to: tax by class and region, discounts given by hand, rounding; all of it integers (record 0040)."""
