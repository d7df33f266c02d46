"""What is an expression, what is before it, and where in the text a mistake is."""

from __future__ import annotations

import pytest

from matyan_client.exceptions import QueryError, QuerySyntaxError
from matyan_client.protocol.records import RunRecord
from matyan_client.query import parse
from matyan_client.query.syntax import expression_of

RUN = RunRecord("h", active=True, params={"a": 1, "selected": 1, "diff": 2})


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("run.a == 1 and run.__class__", 15),
        ("select x if run._y", 12),
        ("run.ok and\n  __import__('os')", 13),
        ("run.ok and\r\n  __import__('os')", 14),
        ("run.ok and\r  __import__('os')", 13),
        ("'é' and run._x", 8),
        ("run.x == 'ü' and ß.__a__", 17),
        ("\n\n  # first\n  run._x", 14),
        ("f(_x=1)", 2),
        ("run.a == 1 and exec('x')", 15),
        ("run.a and (lambda x, *_y: x)", 22),
        ("run.a and [x async for x in y]", 10),
        ("run._first and run._second", 0),
    ],
)
def test_where_a_refused_part_is(text: str, position: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.query == text


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("(run.a == 1", 0, "never closed"),
        ("run.a == (1", 9, "never closed"),
        ("run.a == [1, 2", 9, "never closed"),
        ("run.a == 1)", 10, "closes nothing"),
        ("a) or (b", 1, "closes nothing"),
        ("run.a == ')' and [1)", 19, "closes nothing"),
        ("x and\n {1: 2", 7, "never closed"),
        ("run.a == 'x", 9, "string"),
        ("run.a ==", 8, "invalid syntax"),
        ("select a if run.a ==", 20, "invalid syntax"),
        ("run.a == 010", 9, "leading zeros"),
        ("run.a = 1", 0, "'=='"),
    ],
)
def test_where_a_mistake_is(text: str, position: int, reason: str) -> None:
    with pytest.raises(QuerySyntaxError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position
    assert "line" not in caught.value.reason.replace("literal", "")


def test_the_place_is_shown_below_the_line() -> None:
    with pytest.raises(QueryError) as caught:
        parse("run.a == 1\nand run._b")
    assert str(caught.value).split("\n")[1:] == ["    and run._b", "        ^"]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("run.a", "run.a"),
        ("select x if run.a", " run.a"),
        ("  SELECT x, y IF run.a", " run.a"),
        ("select * if run.a", " run.a"),
        ("select (x) if run.a", " run.a"),
        ("select if run.a", " run.a"),
        ("select diff if run.a if 1 else 0", " run.a if 1 else 0"),
        ("select\nx\nif\nrun.a", "\nrun.a"),
        ("select x", ""),
        ("select *", ""),
        ("select", ""),
        ("select == 1", "select == 1"),
        ("select.x == 1", "select.x == 1"),
        ("select in [1]", "select in [1]"),
        ("selected == 1", "selected == 1"),
        ("selects if run.a else 0", "selects if run.a else 0"),
        ("select_x if run.a else 0", "select_x if run.a else 0"),
    ],
)
def test_what_the_expression_is(text: str, expression: str) -> None:
    found, offset = expression_of(text)
    assert found == expression
    assert text[offset:] == expression


@pytest.mark.parametrize(
    "text", ["", "   ", "\n", "\t\r\n ", "# nothing", " # a\n # b", "select x", "select x if  "]
)
def test_nothing_asked_for_is_all_that_is_not_archived(text: str) -> None:
    assert parse(text).matches_run(RUN)
    assert not parse(text).matches_run(RunRecord("h", archived=True))


@pytest.mark.parametrize(
    "text",
    [
        "run.a == 1 # comment",
        "  run.a == 1",
        "\n\nrun.a\n==\n1\n",
        "run.a == 1 and # first\r\n run.active # second",
        "run.a == 1\rand run.active",
        "'#' in '#' # #",
        "run.a == 1 \\\n and run.active",
        '"""a\nb""" == "a\\nb"',
    ],
)
def test_layout_is_free(text: str) -> None:
    assert parse(text).matches_run(RUN)


def test_a_long_list_of_hashes_is_a_query() -> None:
    wanted = [f"{i:032x}" for i in range(5_000)]
    query = parse(f"run.hash in {wanted!r}")
    assert query.matches_run(RunRecord(wanted[-1]))
    assert not query.matches_run(RunRecord("f" * 32))


@pytest.mark.parametrize("query", [None, 5, b"run.a", ["run.a"]])
def test_what_is_no_text(query: object) -> None:
    with pytest.raises(TypeError):
        parse(query)  # type: ignore[arg-type]
