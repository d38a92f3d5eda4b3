"""Code stays small enough to be read in one go."""

from __future__ import annotations

from statistics import median

from tests.conventions.tree import PRODUCT, functions, python_files, text

LONGEST_FILE = 250
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10


def test_no_file_is_too_long_to_read():
    lengths = {name: text(name).count("\n") for name in python_files()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long_to_grasp():
    lengths = dict(found for name in python_files() for found in functions(name))
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_most_functions_are_a_few_lines():
    assert median(length for name in python_files(*PRODUCT) for _, length in functions(name)) <= MEDIAN_FUNCTION
