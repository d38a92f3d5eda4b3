"""Each form of cell allows exactly the values that its words say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.rules.cells import Allowed, CellError, Value, read_cell, read_value
from shared.codes import NOT_RECORDED

WORDS = frozenset(("none", "ideation", "plan", "intent", "first episode"))
RECORDED_WORDS, MAYBE_WORDS = Allowed(WORDS), Allowed(WORDS | {NOT_RECORDED})
SCORES = Allowed(numbers=(range(28),))
MAYBE_SCORES = Allowed(frozenset((NOT_RECORDED,)), (range(28),))
MAYBE_UNITS = Allowed(frozenset((NOT_RECORDED,)), (range(2001),))
DOMAINS = (RECORDED_WORDS, MAYBE_WORDS, SCORES, MAYBE_SCORES, MAYBE_UNITS)


@st.composite
def number_alternatives(draw: st.DrawFn, domain: Allowed) -> tuple[str, set[Value]]:
    """One way to write numbers, and the values that it means by plain comparison."""
    n, m = sorted((draw(st.integers(0, domain.numbers[0][-1])), draw(st.integers(0, domain.numbers[0][-1]))))
    forms = [
        (f"{n}", {n}),
        (f"under {n}", set(range(n))),
        (f"{n} or under", set(range(n + 1))),
        (f"{n} or more", set(range(n, domain.numbers[0].stop))),
        (f"over {n}", set(range(n + 1, domain.numbers[0].stop))),
        (f"{n} to {m}", set(range(n, m + 1))),
    ]
    text, meant = draw(st.sampled_from([form for form in forms if form[1]]))
    return text, set[Value](meant)


@st.composite
def cells(draw: st.DrawFn, domain: Allowed) -> tuple[str, set[Value]]:
    """A cell, and the values that it means, told without the engine."""
    every = set(domain.words) | {number for span in domain.numbers for number in span}
    if draw(st.integers(0, 5)) == 0:
        return "", every
    if domain.numbers:
        parts = draw(st.lists(number_alternatives(domain), min_size=1, max_size=3))
        maybe = (
            [(NOT_RECORDED, set[Value]((NOT_RECORDED,)))]
            if NOT_RECORDED in domain.words and draw(st.booleans())
            else []
        )
        parts = draw(st.permutations([*parts, *maybe]))
        return " or ".join(text for text, _ in parts), set[Value]().union(*(meant for _, meant in parts))
    words = draw(st.lists(st.sampled_from(sorted(domain.words)), min_size=1, max_size=3))
    if draw(st.booleans()):
        return f"not {words[0]}", every - {words[0]}
    return " or ".join(words), set[Value](words)


@given(st.sampled_from(DOMAINS).flatmap(lambda domain: st.tuples(st.just(domain), cells(domain))))
def test_a_cell_allows_exactly_what_its_words_mean(case: tuple[Allowed, tuple[str, set[Value]]]) -> None:
    domain, (text, meant) = case
    allowed = read_cell(text, domain)
    assert set(allowed) == meant
    assert {value for value in domain if value in allowed} == meant
    assert allowed <= domain


@given(st.sampled_from(DOMAINS).flatmap(lambda domain: st.tuples(cells(domain), cells(domain), st.just(domain))))
def test_sets_meet_join_and_hold_each_other_as_sets_of_values_do(
    case: tuple[tuple[str, set[Value]], tuple[str, set[Value]], Allowed],
) -> None:
    (one, one_means), (other, other_means), domain = case
    first, second = read_cell(one, domain), read_cell(other, domain)
    assert first.meets(second) == bool(one_means & other_means)
    assert set(first | second) == one_means | other_means
    assert (first <= second) == (one_means <= other_means)
    assert (first == second) == (one_means == other_means)


@given(st.sampled_from(DOMAINS), st.text() | st.text("0123456789 noturdemfgcp", max_size=30))
def test_any_text_is_a_set_of_the_inputs_values_or_refused(domain: Allowed, text: str) -> None:
    with suppress(CellError):
        allowed = read_cell(text, domain)
        assert allowed and allowed <= domain


def test_unknown_is_not_no() -> None:
    assert NOT_RECORDED in read_cell("not plan", MAYBE_WORDS)


def test_a_number_cell_never_allows_not_recorded_unless_it_says_so() -> None:
    assert NOT_RECORDED not in read_cell("0 or more", MAYBE_SCORES)
    assert NOT_RECORDED in read_cell("20 or more or not recorded", MAYBE_SCORES)


def test_a_wide_range_stays_one_range() -> None:
    assert read_cell("105 or more", MAYBE_UNITS).numbers == (range(105, 2001),)
    assert read_cell("0 to 9 or 10 to 20 or 30", MAYBE_UNITS).numbers == (range(21), range(30, 31))


@pytest.mark.parametrize(
    ("cell", "domain", "cure"),
    [
        ("pln", MAYBE_WORDS, "did you mean 'plan'?"),
        ("Plan", MAYBE_WORDS, "did you mean 'plan'?"),
        ("first  epsode", MAYBE_WORDS, "did you mean 'first episode'?"),
        ("not recorded", RECORDED_WORDS, "may be: not recorded"),
        ("not recorded", SCORES, "may be: not recorded"),
        ("not plan or intent", MAYBE_WORDS, "`not` takes one word"),
        ("plan or not intent", MAYBE_WORDS, "`not` takes one word"),
        ("not 5", SCORES, "'under 5 or over 5'"),
        ("28", SCORES, "a number that this input can have"),
        ("under 0", SCORES, "smaller number first"),
        ("over 27", SCORES, "smaller number first"),
        ("9 to 3", SCORES, "smaller number first"),
        ("10 or mroe", SCORES, "did you mean '10 or more'?"),
        ("at least 10", SCORES, "'10 or more'"),
        ("١٠", SCORES, "'10'"),
        ("-1", SCORES, "whole numbers from 0 to 27"),
        ("10.5", SCORES, "whole numbers from 0 to 27"),
    ],
)
def test_a_cell_that_is_no_set_of_values_is_refused_with_its_cure(cell: str, domain: Allowed, cure: str) -> None:
    with pytest.raises(CellError) as error:
        read_cell(cell, domain)
    assert cure in error.value.cure


@pytest.mark.parametrize(("text", "value"), [("20", 20), (NOT_RECORDED, NOT_RECORDED)])
def test_a_value_is_read_as_its_input_has_it(text: str, value: Value) -> None:
    assert read_value(text, MAYBE_SCORES) == value


@pytest.mark.parametrize("text", ["28", "10 or more", "plan", ""])
def test_a_value_that_an_input_cannot_have_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        read_value(text, MAYBE_SCORES)
