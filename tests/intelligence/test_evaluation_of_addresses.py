"""The figures of addresses are computed as their names say."""

import json

from evaluation.addresses import evaluate

RIGHT = {"street": "1 High St", "city": "Poole", "state": "", "zip": "BH15 1DN", "country": "GB"}


def test_repairs_and_detections_are_counted_by_kind(tmp_path):
    folder = tmp_path / "address"
    folder.mkdir()
    rows = [
        {**RIGHT, "label": "clean", "expected": RIGHT},
        {**RIGHT, "zip": "BH151DN", "label": "fmt_zip_spacing", "expected": RIGHT},
        {**RIGHT, "zip": "BH15", "label": "fmt_zip_spacing", "expected": RIGHT},
        {**RIGHT, "zip": "", "label": "zip_missing", "expected": None},
        {**RIGHT, "label": "zip_digit_swap", "expected": None},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (folder / "address_errors.jsonl").write_text(lines, encoding="utf-8")

    figures = {figure.name: figure.value for figure in evaluate(tmp_path)}

    assert figures["repair"] == figures["repair_zip_spacing"] == 0.5
    assert figures["detection"] == 0.5
    assert figures["detection_zip_missing"] == 1
    assert figures["detection_zip_digit_swap"] == 0
    assert figures["clean_left_alone"] == 1
    assert "real_blocked" not in figures


def test_flags_on_real_addresses_are_counted(tmp_path):
    folder = tmp_path / "address"
    folder.mkdir()
    lines = [
        "name,street,city,state,country,zip,phone",
        "a,1 High St,Poole,,GB,BH15 1DN,",
        "b,1 High St,Poole,,GB,,",
    ]
    (folder / "stores_raw.csv").write_text("\n".join(lines), encoding="utf-8")

    figures = {figure.name: figure.value for figure in evaluate(tmp_path)}

    assert figures["real_blocked"] == figures["real_flagged"] == 0.5
    assert figures["idempotent"] == 1
