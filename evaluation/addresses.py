"""How well addresses are repaired, how many errors are found, how often real ones are flagged."""

import time
from collections import Counter, defaultdict
from pathlib import Path

from evaluation.figures import Figure
from evaluation.reading import read_json_lines, read_rows
from intelligence.addresses import Address, AddressVerdict, check_address

REPAIRABLE = (
    "fmt_state_name", "fmt_whitespace", "fmt_zip4_nohyphen", "fmt_zip_O_for_0",
    "fmt_zip_lead0_lost", "fmt_zip_spacing",
)  # fmt: skip


COLUMNS = ("street", "city", "state", "zip", "country")


def address_of(row: dict[str, str]) -> Address:
    """An address of the reference data."""
    return Address(row["street"], row["city"], row["state"], row["zip"], row["country"])


def evaluate(data: Path) -> list[Figure]:
    """Repair and detection by kind of error, flags on real addresses, time, idempotency."""
    folder = data / "address"
    errors = folder / "address_errors.jsonl"
    figures: list[Figure] = []
    seconds: list[float] = []
    verdicts: list[AddressVerdict] = []

    def timed(address: Address) -> AddressVerdict:
        started = time.thread_time()
        verdict = check_address(address)
        seconds.append(time.thread_time() - started)
        verdicts.append(verdict)
        return verdict

    check_address(Address("1 Main St", "Springfield", "IL", "62701", "US"))  # reads the tables
    if errors.is_file():
        rows = read_json_lines(errors)
        figures += _figures_of_errors([(row, timed(address_of(row))) for row in rows])
    if (folder / "stores_raw.csv").is_file():
        stores = read_rows(folder / "stores_raw.csv", COLUMNS)
        found = [timed(address_of(row)) for row in stores]
        blocking = sum(verdict.is_blocking for verdict in found) / len(found)
        flagged = sum(verdict.is_flagged for verdict in found) / len(found)
        figures += [
            Figure("real_blocked", blocking, 0.005, "at most"),
            Figure("real_flagged", flagged, 0.02, "at most"),
        ]
    if not verdicts:
        return []
    again = sum(check_address(verdict.address).address == verdict.address for verdict in verdicts)
    p95_ms = sorted(seconds)[int(len(seconds) * 0.95)] * 1000
    return [
        *figures,
        # Of one core: it does not depend on what else the machine is doing.
        Figure("p95_ms", p95_ms, 5.0, "at most"),
        Figure("idempotent", again / len(verdicts), 1.0),
    ]


def _figures_of_errors(found: list[tuple[dict[str, object], AddressVerdict]]) -> list[Figure]:
    right: dict[str, list[bool]] = defaultdict(list)
    flagged: dict[str, list[bool]] = defaultdict(list)
    moved: Counter[bool] = Counter()
    typos: Counter[bool] = Counter()
    clean: Counter[bool] = Counter()
    for row, verdict in found:
        kind = str(row["label"])
        expected = row["expected"]
        is_right = isinstance(expected, dict) and verdict.address == address_of(expected)
        if kind == "clean":
            clean[is_right and not verdict.is_flagged] += 1
        elif kind in REPAIRABLE:
            right[kind].append(is_right)
        else:
            flagged[kind].append(verdict.is_flagged)
            if isinstance(expected, dict) and kind == "city_typo":
                suggested = {finding.suggestion for finding in verdict.findings}
                typos[str(expected["city"]) in suggested] += 1
            elif expected is not None:
                moved[is_right] += 1
    figures = [
        *_by_kind("repair", right, 0.97, 0.93),
        *_by_kind("detection", flagged, 0.95, None),
    ]
    counted = {"moved_parts": moved, "city_typo_suggested": typos, "clean_left_alone": clean}
    return [
        *figures,
        *(
            Figure(name, counts[True] / counts.total())
            for name, counts in counted.items()
            if counts
        ),
    ]


def _by_kind(
    name: str, kinds: dict[str, list[bool]], bar: float, bar_each: float | None
) -> list[Figure]:
    if not kinds:
        return []
    every = [value for values in kinds.values() for value in values]
    return [
        Figure(name, sum(every) / len(every), bar),
        *(
            Figure(f"{name}_{kind.removeprefix('fmt_')}", sum(values) / len(values), bar_each)
            for kind, values in sorted(kinds.items())
        ),
    ]
