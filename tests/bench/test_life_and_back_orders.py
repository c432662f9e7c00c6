import time

from both_states import account, note, row, sales_order, store, store_order

from bench.back_orders import overtaken, wholly_reserved
from bench.life import busiest
from bench.measured_worker import Timer, validated_s

HEADER = "InvoiceNo,StockCode,Quantity\n"


def test_the_busiest_days_are_those_with_most_orders_in_the_order_of_days(tmp_path):
    invoices = {"14": "1 1 2", "15": "1 2 3", "16": "C1 C2 C3 4", "17": "1 2 3 4"}
    for day, numbers in invoices.items():
        rows = "".join(f"{number},A,1\n" for number in numbers.split())
        (tmp_path / f"{day}.csv").write_text(HEADER + rows)
    files = sorted(tmp_path.iterdir())
    assert [file.stem for file in busiest(files, 2)] == ["15", "17"]
    assert busiest([], 2) == ()


def test_an_order_is_overtaken_by_a_later_one_of_its_sku():
    orders = ["1", "2", "3", "4"]
    assert overtaken(orders, set()) == set()
    assert overtaken(orders, {"1", "2"}) == set()
    assert overtaken(orders, {"1", "4"}) == {"2", "3"}


def test_an_order_is_reserved_when_all_its_products_are_or_are_on_notes():
    assert wholly_reserved(store(), account()) == {"101"}
    short = account(reservations={"100001": {"rows": {"11": [7, 2]}}})
    assert wholly_reserved(store(), short) == set()
    on_note = account(reservations={}, goods_out={"5": note(units=3, shipped=False)})
    assert wholly_reserved(store(), on_note) == {"101"}


def test_an_order_that_is_not_imported_is_not_reserved():
    assert wholly_reserved(store(), account() | {"orders": {}}) == set()
    shipping = sales_order(row(sku="", product_id=None))
    assert wholly_reserved(store(store_order()), account(shipping)) == set()


def test_computing_time_of_a_function_is_kept_in_a_file(tmp_path):
    file = tmp_path / "validations"
    timer = Timer(file)
    assert validated_s(file) == 0

    def compute(seconds):
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
        return "done"

    assert timer.timed(compute)(0.01) == "done"
    assert 0.01 <= validated_s(file) < 1
