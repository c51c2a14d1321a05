"""The floor: the pages that people at a store's stations work with, served by the box on the store's own network.

Built only where `[floor]` is configured: nothing outside of this package imports its modules but `config`, so that aiohttp, Jinja2
and Babel cost a box without pages nothing.
"""
