"""How good the features of `intelligence` are on labelled data: `make evaluate`.

Each module is named as its feature and has `evaluate(data)`: `data` is a folder laid out as the
reference data, and the answer names each figure. A feature whose sub-folders are missing is left
out.
"""
