from cli.display import Progress, table


def test_a_table_is_aligned_with_numbers_to_the_right():
    shown = table(["what", "count"], [("created", 7), ("unchanged", 120)])

    assert shown.splitlines() == [
        "what       count",
        "---------- -----",
        "created        7",
        "unchanged    120",
    ]


def test_a_table_without_rows_keeps_its_headings():
    assert table(["what", "count"], []).splitlines() == ["what  count", "----- -----"]


def test_a_cell_never_breaks_its_line():
    assert len(table(["reason"], [("first\nsecond\tthird",)]).splitlines()) == 3


def test_a_long_cell_is_not_broken_where_nobody_watches_a_terminal():
    assert len(table(["reason"], [("a reason " * 50,)]).splitlines()) == 3


def test_text_in_a_table_is_shown_as_it_is():
    assert (
        table(["what"], [("[red]SKU[/red] :smile:",)]).splitlines()[2] == "[red]SKU[/red] :smile:"
    )


def test_progress_is_plain_lines_on_stderr_without_a_terminal(capsys):
    with Progress() as progress:
        progress.step("3 orders are placed [bold]")
        progress.now("2 of 3 are settled", done=2, total=3)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("s  3 orders are placed [bold]\n")
