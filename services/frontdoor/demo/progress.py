"""Progress of the demo: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from rich.console import Console


class Progress(Protocol):
    """Counts stages: `begin` one with its total, `step` it, `close` all."""

    def begin(self, stage: str, words: str, total: int) -> None: ...  # noqa: D102  (the class's text says it)
    def step(self, stage: str, done: int | None = None) -> None: ...  # noqa: D102  (the class's text says it)
    def close(self) -> None: ...  # noqa: D102  (the class's text says it)


class TerminalProgress:
    """Bars that move."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("  {task.description:<34}"),
            BarColumn(bar_width=max(4, min(30, console.width - 56))),  # what the other columns leave
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Bars(*columns, console=console, transient=False)
        self._tasks: dict[str, TaskID] = {}
        self._bars.start()

    def begin(self, stage: str, words: str, total: int) -> None:
        """Adds a bar."""
        self._tasks[stage] = self._bars.add_task(words, total=total)

    def step(self, stage: str, done: int | None = None) -> None:
        """Moves a bar on by one, or to `done`."""
        task = self._tasks[stage]
        self._bars.update(task, completed=done) if done is not None else self._bars.update(task, advance=1)

    def close(self) -> None:
        """Leaves the bars as they stand."""
        self._bars.stop()


class LineProgress:
    """A line at the start of a stage and at each fifth of it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stages: dict[str, tuple[str, int, int]] = {}

    def begin(self, stage: str, words: str, total: int) -> None:
        """Notes a stage."""
        self._stages[stage] = (words, 0, total)

    def step(self, stage: str, done: int | None = None) -> None:
        """Counts, and prints where a fifth is full."""
        words, before, total = self._stages[stage]
        now = before + 1 if done is None else done
        self._stages[stage] = (words, now, total)
        if total and 5 * now // total > 5 * before // total:
            self._console.print(f"  {words}: {now} of {total}", highlight=False)

    def close(self) -> None:
        """Nothing stays open."""


def progress_on(console: Console) -> Progress:
    """The kind of progress that this console can show."""
    return TerminalProgress(console) if console.is_terminal else LineProgress(console)
