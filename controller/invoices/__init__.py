"""Invoices: numbers of their own series without gaps, frozen copies of what an order came to, corrections as further documents."""
