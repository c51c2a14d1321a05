"""What goods cost: a moving average per SKU and site, and what each receipt's goods cost as they came."""
