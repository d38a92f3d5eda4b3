"""Only the edges of a service touch the outside: its store, its app, its entry point, its transports and its relay.

That domain code, in `shared` too, reaches no driver by any path of imports is import-linter's contract. The command
`frontdoor` is edge throughout: its sub-commands read other services' databases.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.conventions.tree import python_files, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVERS = {"aiokafka", "asyncpg", "fastapi", "faststream", "httpx", "mesh_client", "requests", "starlette", "uvicorn"}
EDGES = {"store", "app", "__main__", "relay"}
FOLDERS = ("/commands/", "/frontdoor/", "/transports/")


def imported(module: ast.AST) -> Iterator[str]:
    """The packages that run-time code imports; what only type checking imports is left out."""
    for node in ast.iter_child_nodes(module):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        yield from imported(node)


def test_services_hold_drivers_at_their_edges_alone():
    inside = [name for name in python_files("services/") if name.rpartition("/")[2].removesuffix(".py") not in EDGES]
    holding = {
        name: sorted(DRIVERS & set(imported(tree(name))))
        for name in inside
        if not any(folder in name for folder in FOLDERS)
    }
    assert {name: drivers for name, drivers in holding.items() if drivers} == {}
