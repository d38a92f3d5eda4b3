"""What the pages of measurements share: the machine in words, and how a page is kept."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path


def machine() -> str:
    """Cores, memory, Python."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"


def keep(text: str, page: Path) -> str:
    """Writes a page and gives its text."""
    page.write_text(text)
    return text
