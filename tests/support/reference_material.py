"""Where the vendors' API descriptions and real orders are: not part of this repository.

They are in `shared` next to it, or where `CAUSEWAY_SHARED` says.
"""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("CAUSEWAY_SHARED", Path(__file__).parents[3] / "shared"))
SPECS = SHARED / "specs"
REAL_ORDERS = sorted((SHARED / "data" / "online-retail").glob("*.csv"))

needs_specs = pytest.mark.skipif(
    not SPECS.is_dir(), reason=f"no API descriptions at {SPECS} (set CAUSEWAY_SHARED)"
)
needs_real_orders = pytest.mark.skipif(
    not REAL_ORDERS, reason=f"no real orders in {SHARED / 'data'} (set CAUSEWAY_SHARED)"
)
