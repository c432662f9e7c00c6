"""Evaluation on other folders: what is there is measured, what is not is said in a sentence."""

import json
from pathlib import Path

import pytest
import typer

from evaluation.__main__ import main
from evaluation.risk import evaluate, precision_of_riskiest

PUBLIC = "user_id,signup_time,purchase_time,purchase_value,device_id,ip_address,class"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of labelled data, next to where the figures are written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def public_rows() -> list[str]:
    """Ordinary customers, and a ring of accounts that one address makes and orders with at once."""
    usual = [
        f"{one},2025-01-01 10:00:00,2025-03-{one % 28 + 1:02d} 11:00:00,30,D,{one}.1.1.1,0"
        for one in range(1, 101)
    ]
    ring = [
        f"{200 + one},2025-01-{one + 1:02d} 09:00:00,2025-01-{one + 1:02d} 09:00:01,30,D,"
        "2621473820.11095,1"
        for one in range(6)
    ]
    return [PUBLIC, *usual, *ring]


def test_only_what_a_folder_has_is_measured(folder, capsys):
    put(folder / "fraud_public" / "transactions.csv", "\n".join(public_rows()))

    main(features=None, data=folder)

    said = capsys.readouterr().out
    assert f"errors: left out, {folder} has no errors" in said
    figures = json.loads((folder.parent / "var" / "evaluate.json").read_text())
    assert list(figures) == ["risk"]
    assert figures["risk"]["public: average precision"] == 1.0


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("errors/errors.txt", "", "There is no file"),
        ("errors/errors.json", "{", "is no JSON"),
        ("errors/errors.json", '[{"message": "x"}]', "KeyError 'source'"),
        ("customers/people.csv", "unique_id,cluster\n1,2", "has no column first_name, last_name"),
        ("fraud_public/some.csv", f"{PUBLIC}\n1,2", "Row 1 of"),
        ("fraud_public/some.csv", f"{PUBLIC}\n1,a,b,c,d,e,0", "ValueError Invalid isoformat"),
        ("fraud_public/some.csv", PUBLIC, "has no rows"),
        ("address/address_errors.jsonl", "{}\nx", "Line 2 of"),
        ("products_own/left.csv", "id,name\n1,Lamp", "There is no file"),
        ("mapping/other.json", "", "There is no file"),
        ("anomaly_orders/orders_hourly.csv", "timestamp\n1", "has no column orders"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(folder, capsys, name, text, sentence):
    put(folder / name, text)

    with pytest.raises(typer.Exit) as ended:
        main(features=None, data=folder)

    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.exit_code == 1
    assert sentence in said
    assert "not measured" in said


def test_a_folder_without_any_of_it_is_an_error(folder, capsys):
    with pytest.raises(typer.Exit) as ended:
        main(features=None, data=folder)

    assert ended.value.exit_code == 1
    assert "left out" in capsys.readouterr().out


def test_accounts_made_for_one_order_each_by_one_address_are_the_riskiest(folder):
    put(folder / "fraud_public" / "transactions.csv", "\n".join(public_rows()))

    figures = {one.name: one for one in evaluate(folder)}

    assert figures["public: precision of the riskiest 5 %"].is_reached
    assert figures["public: auc"].value == 1.0


def test_of_equal_points_the_riskiest_are_taken_by_chance():
    points, fraud = [9, 5, 5, 5, 5] + [0] * 35, [True, True, False, False, False] + [False] * 35

    assert precision_of_riskiest(points, fraud) == pytest.approx((1 + 1 / 4) / 2)
