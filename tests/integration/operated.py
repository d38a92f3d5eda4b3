"""A system in containers in a folder of its own, as an operator has it, and its pages pasted into a shell there."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.integration.compose import ROOT, Compose
from tests.integration.pages import pasted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COPIED: Final = (
    "deploy",
    "services",
    "shared",
    "requirements",
    "docker-compose.yml",
    ".dockerignore",
    "pyproject.toml",
)


@contextmanager
def a_system(folder: Path) -> Iterator[Compose]:
    """Built and started from a copy of what is under version control here; removed at the end."""
    there = subprocess.run(["git", "ls-files", *COPIED], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in there.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    compose = Compose(folder, folder)
    try:
        compose.up("--build")
        yield compose
    finally:
        compose.remove()


def follow(system: Compose, page: str, heading: str) -> list[str]:
    """Pastes every block under a heading; what each printed."""
    return [system.paste(block) for block in pasted(page, heading)]
