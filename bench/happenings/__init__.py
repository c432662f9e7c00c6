"""What may happen to an order on either side, and what must hold once all is quiet again."""
