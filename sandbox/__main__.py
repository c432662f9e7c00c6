"""`python -m sandbox`: both sandboxes in the foreground."""

import argparse
import sys
from pathlib import Path

from sandbox.catalogue.generated import SKUS
from sandbox.catalogue.online_retail import FormatError
from sandbox.serve import OWN_ORDERS, serve


def main() -> int:
    """Serve until interrupted; 2 with one line on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--bigcommerce-port", type=int, default=8101)
    parser.add_argument("--brightpearl-port", type=int, default=8102)
    parser.add_argument(
        "--orders", type=Path, nargs="+", action="extend", default=[], metavar="FILE",
        help="Online Retail CSV; its orders are placed",
    )  # fmt: skip
    parser.add_argument(
        "--orders-unplaced", action="store_true", help="leave its orders to be placed on request"
    )
    parser.add_argument("--own-orders", type=int, default=OWN_ORDERS, metavar="N")
    parser.add_argument(
        "--skus", type=int, default=SKUS, metavar="N", help="products, where there is no file"
    )
    parser.add_argument("--limits", choices=("documented", "off"), default="documented")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--tls", type=Path, metavar="FOLDER", help="serve over TLS; its files are put in the folder"
    )
    parser.add_argument("--proxy-port", type=int, default=8103, help="with --tls: of the proxy")
    given = parser.parse_args()
    try:
        serve(
            bigcommerce_port=given.bigcommerce_port,
            brightpearl_port=given.brightpearl_port,
            proxy_port=given.proxy_port,
            orders_files=given.orders,
            limits=given.limits,
            faults_file=given.faults,
            seed=given.seed,
            is_unplaced=given.orders_unplaced,
            own_orders=given.own_orders,
            skus=given.skus,
            tls_folder=given.tls,
        )
    except (OSError, ValueError, FormatError) as wrong:
        sys.stderr.write(f"sandbox: {wrong}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
