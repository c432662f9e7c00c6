"""Do a store and an account agree? Judged from the two sandboxes' own state.

The demo and the benchmarks judge by this package alone. It knows nothing of what Causeway remembers
(links, ledger, what was last agreed on), so that it finds what Causeway is wrong about.
"""
