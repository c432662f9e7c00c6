import inspect
import sys

from bench.size import sizes, to_text
from bench.trace import ROOT, Trace, is_counted, own_file
from core.ids import sku_key


def test_lines_that_are_not_blank_are_counted_by_folder_and_entity(tmp_path):
    orders = tmp_path / "tasks" / "orders"
    orders.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "conf.py").write_text("no package\n")
    for file in (orders.parent / "__init__.py", orders / "__init__.py"):
        file.touch()
    (orders.parent / "policy.py").write_text("one\n\n  \ntwo\n")
    (orders / "plan.py").write_text('"""Plan."""\n\n\nthree = 3\nfour = 4\n')

    found = list(sizes(tmp_path))

    assert found == [("tasks", 4, 5), ("  (shared)", 2, 2), ("  orders", 2, 3)]
    assert to_text(found).splitlines()[-1].split() == ["total", "4", "5"]


def test_only_code_that_runs_in_production_is_ours():
    assert own_file(str(ROOT / "tasks" / "policy.py")) == "tasks/policy.py"
    assert own_file(str(ROOT / "sandbox" / "serve.py")) == ""
    assert own_file(str(ROOT / "tests" / "conftest.py")) == ""
    assert own_file("/usr/lib/python3.11/json/__init__.py") == ""
    assert own_file("<string>") == ""


class Example:
    @property
    def frame_of_property(self):
        return inspect.currentframe()

    def frame_of_method(self):
        return inspect.currentframe()

    def frame_of_closure(self):
        def inner():
            return inspect.currentframe()

        return inner()


def test_methods_count_and_properties_and_closures_do_not():
    example = Example()
    assert is_counted(example.frame_of_method())
    assert not is_counted(example.frame_of_property)
    assert not is_counted(example.frame_of_closure())


class Run:
    """In place of the flows' own: what counts is its name."""

    def claim(self):
        return sku_key("MUG")


def test_functions_are_recorded_from_one_claim_to_the_next():
    trace = Trace()
    before = sys.getprofile()
    sys.setprofile(trace.profile)
    try:
        Run().claim()
        trace.start()
        Run().claim()
        Run().claim()
    finally:
        sys.setprofile(before)

    assert dict(trace.functions) == {"core/ids.py": {"text_key"}}
    assert trace.to_text(is_listed=True).splitlines()[-1] == "  text_key"
