"""Which faults the rules' reader knows, told from its source, and which of them some work noted."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.triage import rules
from services.triage.rules.cells import CellError
from services.triage.rules.findings import Place
from services.triage.rules.promises import SentenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

ENGINE = Path(rules.__file__).parent
SHEETS = frozenset(("layout.py", "sheets.py"))  # these read what a spreadsheet wrote, the others a rule file
ERRORS = (CellError, SentenceError)
Site = tuple[str, int, int]  # file, first line, last line


def sites() -> Iterator[Site]:
    """Every call of `fault`, every `CellError` and every `SentenceError` in the engine."""
    names = {error.__name__ for error in ERRORS}
    for file in sorted(ENGINE.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and (
                (isinstance(call.func, ast.Attribute) and call.func.attr == "fault")
                or (isinstance(call.func, ast.Name) and call.func.id in names)
            ):
                yield file.name, call.lineno, call.end_lineno or call.lineno


def not_noted(work: Callable[[], object]) -> list[Site]:
    """The sites that the work never reaches."""
    reached: set[tuple[str, int]] = set()
    noting: set[CodeType] = {Place.fault.__code__, *(error.__init__.__code__ for error in ERRORS)}

    def note(called: FrameType, event: str, _argument: object) -> None:
        if event == "call" and called.f_code in noting and called.f_back:
            reached.add((Path(called.f_back.f_code.co_filename).name, called.f_back.f_lineno))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return [site for site in sites() if not any((site[0], line) in reached for line in range(site[1], site[2] + 1))]
