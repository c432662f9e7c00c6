"""Checks and suggestions: pure functions over one record or a batch, with their data in `tables/`.

Nothing here reads a system, the store or the clock, writes anything, or acts: a caller passes in
what is known, and gets a verdict with its reasons in words. What follows from a verdict is decided
where the record is processed, by the setting of the pair (`off`, `advise`, `hold`).
"""
