"""Random lives of orders: what may happen to one on either side, and what must hold at quiet."""
