"""Cells that a spreadsheet would run as a formula, in a file that people open in one: an apostrophe in front keeps them text.

The characters are OWASP's (CSV Injection). A cell that begins with apostrophes before one of them gets one more, so that taking
one away always gives what was sent.
"""

from __future__ import annotations

import re
from typing import Final

_RUN: Final = re.compile(r"'*[=+\-@\t\r]")


def harmless(cell: str) -> str:
    """The cell as it is written for people."""
    return f"'{cell}" if _RUN.match(cell) else cell


def as_sent(cell: str) -> str:
    """The cell as it was, before it was written for people."""
    return cell[1:] if cell.startswith("'") and _RUN.match(cell) else cell
