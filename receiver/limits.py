"""What a delivery may say at most, whichever system sent it."""

from __future__ import annotations

LARGEST_ID = 2**63 - 1
"""No record has a larger id: one that is named is no id of theirs, and would only fill columns."""
