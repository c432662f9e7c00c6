"""A Brightpearl account in memory, behind the vendor's own URLs."""
