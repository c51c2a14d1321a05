"""A day of a marketplace, driven through the real controller: `make soak ARGS=market`, and a small one in the test run.

`plan.py` makes up what buyers do, from a seed; `outside.py` is the marketplace, the provider of payments and the carrier, each with
its own books; `world.py` starts the programs; `floor.py` picks and packs at boxes that go off-line; `office.py` works until every
order came to its end; `oracle.py` holds all books side by side.
"""
