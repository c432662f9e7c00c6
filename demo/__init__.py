"""`make demo`: the whole way of an order on this machine, against both sandboxes.

It is one more user of the command line: it starts what `causeway up` starts, and judges the result
by the sandboxes' own state, not by what Causeway says of itself.
"""
