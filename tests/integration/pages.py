"""Pages of deploy/runbooks, followed command by command as they stand there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.integration.compose import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNBOOKS: Final = ROOT / "deploy" / "runbooks"


def page(name: str) -> str:
    """The text of a page."""
    return (RUNBOOKS / f"{name}.md").read_text()


def pasted(name: str, heading: str, filled_in: Mapping[str, str] | None = None) -> list[str]:
    """What an operator pastes, block by block, under a heading; `filled_in` is what stands there for a place or a name.

    Blocks of another language than the shell's are left out; so is a block of what is printed (it begins with no command).
    """
    _, found, rest = page(name).partition(f"## {heading}\n")
    assert found, f"{name} has no heading {heading}"
    text = rest.partition("\n## ")[0]
    blocks = [re.sub(r"(?m)^ {3}", "", block) for block in re.findall(r"(?ms)^ *```\n(.*?)^ *```", text)]
    assert blocks, f"{name} has no command under {heading}"
    return [_with(block, filled_in or {}) for block in blocks]


def _with(block: str, filled_in: Mapping[str, str]) -> str:
    for said, meant in filled_in.items():
        block = block.replace(said, meant)
    return block
