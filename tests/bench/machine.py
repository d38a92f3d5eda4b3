"""The machine that a benchmark ran on, in words."""

from __future__ import annotations

import platform

import psutil


def machine() -> str:
    """Cores, memory, Python."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"
