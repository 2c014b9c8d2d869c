"""The language of evidence: what it reads, and that it reads nothing else."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelbook.claims._expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TOKENS,
    Call,
    ExpressionError,
    Number,
    Operation,
    Text,
    alternatives,
    calls,
    parse,
    swapped,
)


def worth(node) -> Fraction:
    """The value of a tree of numbers, by Python's own arithmetic on fractions."""
    if isinstance(node, Number):
        return node.value
    left, right = worth(node.left), worth(node.right)
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else left}[
        node.sign
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 2 / 3", 2),
        ("-(2 + 3)", -5),
        ("- 2 * 3", -6),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("  7  ", 7),
    ],
)
def test_arithmetic_binds_as_on_paper_and_is_exact(expression, value):
    assert worth(parse(expression)) == value


def test_a_call_takes_figures_then_named_constants():
    node = parse('measure("stop_search_rate", period="2023-03-31", years=-1, group=["a", "b"])')
    assert node == Call(
        "measure",
        (Text("stop_search_rate"),),
        (("period", "2023-03-31"), ("years", Fraction(-1)), ("group", ("a", "b"))),
    )


def test_a_comparison_stands_outermost_or_in_brackets():
    assert parse("1 < 2") == Operation("<", Number(Fraction(1)), Number(Fraction(2)))
    assert parse("(1 >= 2)").sign == ">="


def test_evidence_is_parted_by_semicolons():
    assert [node.name for node in alternatives('measure("a"); claim("b")')] == ["measure", "claim"]


def test_calls_are_found_at_any_depth_and_can_be_replaced():
    tree = parse('share(claim("a"), claim("b") + 1)')
    assert [call.name for call in calls(tree)] == ["share", "claim", "claim"]
    new = swapped(tree, Call("claim", (Text("b"),)), Number(Fraction(2)))
    assert new == parse('share(claim("a"), 2 + 1)')


@pytest.mark.parametrize(
    ("expression", "position", "problem"),
    [
        ("", 1, "expected a figure, found the end"),
        ("1 +", 4, "expected a figure, found the end"),
        ("1 2", 3, "unexpected '2'"),
        ("claim.value", 6, "cannot read '.value'"),
        ("a[0]", 2, "expected '(', found '['"),
        ("2 ** 3", 4, "expected a figure, found '*'"),
        ("x = 1", 3, "expected '(', found '='"),
        ("1 < 2 < 3", 7, "unexpected '<'"),
        ('claim("a"', 10, "expected ',', found the end"),
        ("f(a=1, 2)", 8, "a plain argument after a named one"),
        ("f(a=1, a=2)", 9, "'a' is given twice"),
        ("f(a=b)", 5, "expected quoted text"),
        ("f(a=[1])", 6, "expected quoted text"),
        ('f(a=["x" "y"])', 10, "expected ','"),
        ('"open', 1, "cannot read"),
        ("1_000", 1, "cannot read '1_000'"),
        ("0x10", 1, "cannot read '0x10'"),
        ("1e9", 1, "cannot read '1e9'"),
        ("lambda: 1", 7, "cannot read ': 1'"),
        ("1 if 1 else 2", 3, "unexpected 'if'"),
        ("'quoted'", 1, "cannot read"),
        ('"back\\slash"', 1, "cannot read"),
        ("\x00", 1, "cannot read"),
    ],
)
def test_what_is_outside_the_language_is_refused_with_its_place(expression, position, problem):
    with pytest.raises(ExpressionError) as caught:
        parse(expression)
    assert caught.value.position == position
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    "expression",
    ["1" * (MAX_LENGTH + 1), "(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "1" + "+1" * MAX_TOKENS],
)
def test_size_and_depth_are_bounded(expression):
    with pytest.raises(ExpressionError, match=r"longer|deep|more than"):
        parse(expression)


def test_depth_up_to_the_bound_is_read():
    deep = MAX_DEPTH - 1
    assert worth(parse("(" * deep + "1" + ")" * deep)) == 1


def test_an_error_survives_being_sent_between_processes():
    with pytest.raises(ExpressionError) as caught:
        parse("1 +")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.position, copy.problem) == (caught.value.position, caught.value.problem)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_run(text):
    try:
        node = parse(text)
    except ExpressionError as error:
        assert 1 <= error.position <= len(text) + 1
    else:
        assert isinstance(node, Number | Text | Call | Operation)


words = st.sampled_from(
    [
        "1",
        "2.5",
        "+",
        "-",
        "*",
        "/",
        "(",
        ")",
        "<",
        ",",
        "=",
        "[",
        "]",
        '"a"',
        "claim",
        "measure",
        "years",
        ";",
    ]
)


@given(st.lists(words, max_size=25).map(" ".join))
def test_any_row_of_words_and_signs_is_read_or_refused(text):
    try:
        parse(text)
    except ExpressionError as error:
        assert error.problem


numbers = st.integers(0, 999).map(str) | st.tuples(st.integers(0, 99), st.integers(0, 99)).map(
    lambda pair: f"{pair[0]}.{pair[1]}"
)
sums = st.recursive(
    numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=12,
)


@settings(max_examples=60)
@given(sums)
def test_sums_agree_with_fractions_computed_by_python(expression):
    import re

    names = {"F": Fraction}
    python = re.sub(r"\d+(?:\.\d+)?", lambda match: f"F('{match.group()}')", expression)
    # The expression is made here of digits, brackets and signs; this is the independent implementation.
    assert worth(parse(expression)) == eval(python, names)
