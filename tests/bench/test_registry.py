import pytest

from bench.environment import real_days
from bench.registry import MEASUREMENTS, chosen
from core.errors import ConfigError, TransientError
from demo.installation import exclusive


def test_without_names_all_are_measured_in_reading_order():
    assert chosen([]) == list(MEASUREMENTS)


def test_names_choose_but_do_not_order():
    names = [measurement.name for measurement in chosen(["receiver", "batch"])]
    assert names == ["batch", "receiver"]


def test_a_name_of_an_earlier_version_is_still_accepted():
    assert [measurement.name for measurement in chosen(["stock-lane"])] == ["stock-priority"]


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"speed.*batch, latency"):
        chosen(["speed"])


def test_every_name_and_function_occurs_once():
    assert len({measurement.name for measurement in MEASUREMENTS}) == len(MEASUREMENTS)
    assert len({measurement.measure for measurement in MEASUREMENTS}) == len(MEASUREMENTS)


def test_files_that_are_named_win_over_the_shared_ones(tmp_path):
    days = tmp_path / "data" / "online-retail"
    days.mkdir(parents=True)
    for name in ("2011-11-15.csv", "2011-11-14.csv", "README.md"):
        (days / name).touch()
    own = tmp_path / "own.csv"
    assert real_days([own], tmp_path) == (own,)
    assert [file.stem for file in real_days([], tmp_path)] == ["2011-11-14", "2011-11-15"]


def test_without_files_orders_are_generated(tmp_path):
    assert real_days([], None) == ()
    assert real_days([], tmp_path) == ()


def test_a_second_benchmark_is_kept_away(tmp_path):
    refused = pytest.raises(TransientError, match="Another benchmark")
    with exclusive(tmp_path, "benchmark"), refused, exclusive(tmp_path, "benchmark"):
        pass
    with exclusive(tmp_path, "benchmark"):
        pass
