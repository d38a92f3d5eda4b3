"""Things are called by what they are."""

from __future__ import annotations

import ast
import re
from pathlib import PurePath

from tests.conventions.tree import files, python_files, tree

SAY_NOTHING = {"utils", "util", "common", "helper", "helpers", "manager", "misc"}
ALONE = ({"base"}, {"core"})  # a port's base says something


def says_nothing(name: str) -> bool:
    """Whether a name tells nobody what the thing is."""
    return bool(words(name) & SAY_NOTHING) or words(name) in ALONE


def words(name: str) -> set[str]:
    """The words of a name: `orderManager_v2` has order, manager and v2."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def test_words_are_found_in_every_style():
    assert words("KafkaManager") == {"kafka", "manager"}
    assert words("date_utils") == {"date", "utils"}
    assert words("HTTPCore") == {"http", "core"}


def test_no_file_or_folder_has_a_name_that_says_nothing():
    assert [name for name in files() if any(says_nothing(PurePath(part).stem) for part in PurePath(name).parts)] == []


def test_no_class_or_function_has_a_name_that_says_nothing():
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        f"{name}:{node.lineno} {node.name}"
        for name in python_files()
        for node in ast.walk(tree(name))
        if isinstance(node, named) and says_nothing(node.name)
    ]
    assert found == []
