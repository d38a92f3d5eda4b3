"""Nothing personal can be logged by a slip: event names are constant, and fields come from one closed list."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from shared.log import LOGGABLE
from tests.conventions.tree import PRODUCT, python_files, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log", "msg", "bind"}
PASSED_ON = {"exc_info"}  # turned into a class and lines by the pipeline (shared.log)


def faults(module: ast.Module) -> Iterator[str]:
    """What a module logs that it may not."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names) if any(alias.name == "logging" for alias in names):
                yield f"line {node.lineno}: logs past shared.log"
            case ast.ImportFrom(module="logging"):
                yield f"line {node.lineno}: logs past shared.log"
            case ast.Call(func=ast.Attribute(attr=level, value=logger)) if level in LEVELS and _is_logger(logger):
                yield from _call_faults(node, level)
            case ast.Call(func=ast.Name(id="about")):
                yield from _call_faults(node, "bind")
            case _:
                pass


def _is_logger(node: ast.expr) -> bool:
    """Whether it is `get_logger()`, or something named `log` or `logger`."""
    match node:
        case ast.Call(func=ast.Name(id="get_logger") | ast.Attribute(attr="get_logger")):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_").lower() in {"log", "logger"}
        case ast.Call(func=ast.Attribute(attr="bind", value=value)):
            return _is_logger(value)
        case _:
            return False


def _call_faults(call: ast.Call, level: str) -> Iterator[str]:
    if level != "bind" and not (
        len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ):
        yield f"line {call.lineno}: the event's name is not one constant text"
    for keyword in call.keywords:
        if keyword.arg is None:
            yield f"line {call.lineno}: fields must be written out, not passed as **"
        elif keyword.arg not in LOGGABLE | PASSED_ON:
            yield f"line {call.lineno}: {keyword.arg} is not in shared.log.LOGGABLE"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("get_logger().info(f'took {name}')", "not one constant"),
        ("get_logger().info('taken', nhs_number=n)", "nhs_number is not in"),
        ("get_logger().bind(name=n).info('taken')", "name is not in"),
        ("about(name=n)", "name is not in"),
        ("logger.error('failed', **fields)", "written out"),
        ("import logging", "past shared.log"),
    ],
)
def test_the_check_finds(code: str, fault: str):
    assert fault in " ".join(faults(ast.parse(code)))


def test_the_check_lets_a_proper_line_pass():
    assert list(faults(ast.parse("get_logger().info('taken', referral_id=r, exc_info=e)"))) == []


def test_every_log_line_is_of_the_closed_list():
    checked = [name for name in python_files(*PRODUCT) if name != "shared/log.py"]
    assert [f"{name} {fault}" for name in checked for fault in faults(tree(name))] == []


def test_only_commands_print():
    commands = (
        "services/frontdoor/",
        "services/intake/commands/",
        "services/triage/commands/",
        "services/audit/verify.py",
    )
    services = [name for name in python_files(*PRODUCT) if not name.startswith(commands) and "__main__" not in name]
    printing = [
        f"{name}:{node.lineno}"
        for name in services
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "pprint"}
    ]
    assert printing == []
