"""How long work is watched on a terminal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def steps() -> Iterator[Callable[[str], object]]:
    """Shows on a terminal each step that begins, and how long it took; elsewhere nothing. On standard error."""
    from rich.console import Console

    console, begun = Console(stderr=True, highlight=False), [("", time.perf_counter())]
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:

        def begin(step: str) -> None:
            before, since = begun[-1]
            if before:
                console.print(f"{before} [dim]({time.perf_counter() - since:.1f} s)[/]")
            begun.append((step, time.perf_counter()))
            status.update(f"{step} ...")

        yield begin
        begin("")
