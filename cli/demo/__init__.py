"""`make demo`: the whole way of an order on this machine, against both sandboxes.

It stands with the command line because it is one more user of it: it starts what `causeway up`
starts, and judges the result by the sandboxes' own state, not by what Causeway says of itself.
"""
