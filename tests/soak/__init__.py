"""Hours of a shop in minutes, with faults: `make soak ARGS=t0`; the run itself writes docs/reliability.md.

`tiers.py` says how many of what, `parts.py` does it, `report.py` writes it down.  Each part has a time in which it ends by itself.

`market.py`: a marketplace's day of 50,000 orders, `make soak ARGS=market`; the last section of the same page.
"""
