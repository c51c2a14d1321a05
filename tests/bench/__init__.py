"""The numbers of docs/numbers.md: `make bench`, or `make bench ARGS=name` for one.

Each number stands beside a limit that was measured in the same run on the same machine (a raw fdatasync, paho's own receive rate,
`executemany`), because machines differ and drift; the ratio is what is held to its target.
"""
