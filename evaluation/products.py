"""Product matching on labelled catalogues: left.csv, right.csv and pairs.csv a folder."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd

from evaluation.figures import Figure
from evaluation.reading import read_rows
from intelligence.model_numbers import read_part_numbers
from intelligence.products import Item, match_identifiers, rank

FOLDERS = {"products_abt_buy": True, "products_amazon_google": False}
"""Folder → whether its names carry their maker's numbers, so that the bars are meant for it."""
MANY = 5000
WORDS = (
    *("steel", "oak", "cotton", "travel", "mini", "pro", "kitchen", "garden"),
    *("lamp", "chair", "mug", "bag", "bottle", "knife", "set"),
)
MAKERS = ("Northwind", "Alder", "Kestrel", "Bramble", "Osier")


def evaluate(data: Path) -> list[Figure]:
    """Precision of identifiers, share of right first and first-three candidates, and time."""
    figures: list[Figure] = []
    for folder in sorted(path for path in data.glob("products_*") if path.is_dir()):
        figures += _of_folder(folder, barred=FOLDERS.get(folder.name, True))
    started = time.process_time()
    rank(_catalogue("l", 1), _catalogue("r", 2))
    seconds = time.process_time() - started
    # Of one core: it does not depend on what else the machine is doing.
    return [*figures, Figure("seconds for 5,000 x 5,000", seconds, 20, "at most")]


def _of_folder(folder: Path, *, barred: bool) -> list[Figure]:
    left, right = _items(folder / "left.csv"), _items(folder / "right.csv")
    pairs = pd.DataFrame(read_rows(folder / "pairs.csv", ("left_id", "right_id", "match", "split")))
    pairs = pairs.astype({"match": int})
    labels = {(row.left_id, row.right_id): bool(row.match) for row in pairs.itertuples(index=False)}
    name = folder.name.removeprefix("products_")
    links = match_identifiers(left, right).links
    judged = [labels[link.left, link.right] for link in links if (link.left, link.right) in labels]
    precision = sum(judged) / len(judged) if judged else 1.0
    matches = sum(labels.values())
    # A number read out of a name is compared as a part of the name when candidates are ranked.
    named = [
        [
            replace(one, mpn="" if one.mpn.lower() in read_part_numbers(one.name) else one.mpn)
            for one in side
        ]
        for side in (left, right)
    ]
    ranked = {key: [one.key for one in found] for key, found in rank(*named).items()}
    figures = [
        Figure(f"{name}: identifiers precision", precision, 0.999 if barred else None),
        Figure(f"{name}: identifiers recall", sum(judged) / matches if matches else 0.0),
    ]
    for split in ("", "tuned", "test"):
        chosen = pairs[pairs.match == 1]
        if split:
            chosen = chosen[(chosen.split == "test") == (split == "test")]
        truth: dict[str, set[str]] = {}
        for left_id, right_id in zip(chosen["left_id"], chosen["right_id"], strict=True):
            truth.setdefault(str(left_id), set()).add(str(right_id))
        if not truth:
            continue
        suffix = f" ({split})" if split else ""
        bars = (0.94, 0.98) if barred and split != "tuned" else (None, None)
        figures += [
            Figure(f"{name}: top-1{suffix}", _share(ranked, truth, 1), bars[0]),
            Figure(f"{name}: top-3{suffix}", _share(ranked, truth, 3), bars[1]),
        ]
    return figures


def _share(ranked: Mapping[str, list[str]], truth: Mapping[str, set[str]], top: int) -> float:
    return sum(bool(right & set(ranked[left][:top])) for left, right in truth.items()) / len(truth)


def _items(path: Path) -> list[Item]:
    items = []
    for row in read_rows(path, ("id",)):
        name = row.get("name") or row.get("title") or ""
        written = row.get("mpn") or row.get("modelno") or ""
        numbers = read_part_numbers(name)
        price = re.sub(r"[^\d.]", "", row.get("price", ""))
        items.append(
            Item(
                key=row["id"],
                name=name,
                sku=row.get("sku", ""),
                gtin=row.get("gtin") or row.get("ean") or row.get("upc") or "",
                # A name that holds two numbers does not say which one is the product's.
                mpn=written or (min(numbers) if len(numbers) == 1 else ""),
                brand=row.get("brand") or row.get("manufacturer") or "",
                details=row.get("description", ""),
                price=Decimal(price) if re.fullmatch(r"\d+(\.\d+)?", price) else None,
            )
        )
    return items


def _catalogue(side: str, seed: int) -> list[Item]:
    chance = random.Random(seed)  # noqa: S311 - names by chance, the same every time
    items = []
    for number in range(MANY):
        words = " ".join(chance.choices(WORDS, k=6))
        name = f"{MAKERS[number % len(MAKERS)]} {words} {chance.choice('abcdef')}x{number:05d}"
        price = Decimal(chance.randrange(100, 50000)) / 100
        items.append(Item(key=f"{side}{number}", name=name, details=words * 3, price=price))
    return items
