"""The repository's own files, as the conventions look at them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PRODUCT = ("services/", "shared/")


@cache
def files() -> tuple[str, ...]:
    """Every file that is in version control or would be, as a path from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(sorted(name for name in set(listing.stdout.splitlines()) if (ROOT / name).is_file()))


def python_files(*prefixes: str) -> tuple[str, ...]:
    """The Python files under the prefixes (all without one)."""
    return tuple(name for name in files() if name.endswith(".py") and name.startswith(prefixes or ("",)))


@cache
def text(name: str) -> str:
    """A file's text; what is not UTF-8 is replaced."""
    return (ROOT / name).read_text(errors="replace")


@cache
def tree(name: str) -> ast.Module:
    """A Python file's syntax tree."""
    return ast.parse(text(name), filename=name)


def functions(name: str) -> Iterator[tuple[str, int]]:
    """Each function of a file with its number of lines, decorators and docstring left out."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            first = node.body[1].lineno if documented else node.lineno
            yield f"{name}:{node.lineno} {node.name}", (node.end_lineno or first) - first + 1
