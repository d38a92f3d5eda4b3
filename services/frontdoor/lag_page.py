"""Shows what `frontdoor lag` measured, in 80 columns; colour is for a terminal alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from shared.codes import Urgency
from shared.command_line import counted
from shared.lagging.verdict import Verdict
from shared.lagging.words import named, span

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from rich.console import RenderableType

    from services.frontdoor.lag_picture import Picture, Queues
    from shared.lagging.looks import Look, Position
    from shared.lagging.verdict import Judgement

COLUMNS: Final = 80
UNKNOWN: Final = "?"
COLOURS: Final = {Verdict.OK: "green", Verdict.BEHIND: "yellow"}
WAITS: Final = {"sent-to-hub": "sent to the hub", "unanswered": "no team has answered"}
GRAVE: Final = "bold red"


class Page(AbstractContextManager["Page"]):
    """Where pictures are shown: one after the other, or in place on a terminal that is watched."""

    def __init__(self, *, partitions: bool, watch: bool) -> None:
        self._partitions = partitions
        self._console = Console(highlight=False)
        self._console.width = min(COLUMNS, self._console.width)
        in_place = watch and self._console.is_terminal
        self._live = Live(console=self._console, auto_refresh=False) if in_place else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, picture: Picture) -> None:
        """Shows one picture."""
        page = Group(*parts(picture, partitions=self._partitions))
        if self._live:
            self._live.update(page, refresh=True)
        else:
            self._console.print(page)


def parts(picture: Picture, *, partitions: bool) -> Iterator[RenderableType]:
    """What is shown of a picture, from top to bottom."""
    yield Text(f"{picture.at.astimezone():%A %-d %B %Y %H:%M:%S}", style="dim")
    for part, why in picture.away.items():
        yield Text(f"{part} cannot be reached: {why}", style=GRAVE)
    if picture.groups is not None:
        yield _summary(picture)
        if not picture.remembered:
            yield Text("audit does not answer: a commit that went back before this look is not seen", style="dim")
        for group, (look, judged) in picture.groups.items():
            yield from _why(group, look, judged)
        if partitions:
            for group, (look, _) in picture.groups.items():
                yield _partitions(group, look)
    if picture.queues is not None:
        yield from _queues(picture.queues, picture.at)


def _summary(picture: Picture) -> Table:
    table = _table("group", "verdict", *(("waiting", "oldest", "trend", "none in", "members")), left=2)
    for group, (look, judged) in (picture.groups or {}).items():
        table.add_row(
            group,
            Text(judged.verdict, style=COLOURS.get(judged.verdict, GRAVE)),
            f"{judged.records:,}{f' + {UNKNOWN}' if judged.unknown else ''}",
            _age(judged.seconds),
            judged.trend or UNKNOWN,
            _drain(judged),
            f"{len(look.members)} {look.state}",
        )
    return table


def _why(group: str, look: Look, judged: Judgement) -> Iterator[Text]:
    for finding in judged.findings:
        if finding.verdict is not Verdict.OK:
            yield Text.assemble("\n", (f"{group}: {finding.verdict}", "bold"), f": {finding.why}")
    if judged.oldest and judged.verdict is not Verdict.OK:
        position = look.positions[judged.oldest]
        key = position.first.key if position.first else None
        story = f": frontdoor trace {key}" if key else ""
        yield Text(f"  its oldest is {named(judged.oldest)} at {position.following}, {_age(judged.seconds)} old{story}")


def _partitions(group: str, look: Look) -> Table:
    table = _table(f"\n{group}", "\ncommit", "\nend", "\nwaiting", "\noldest", left=1)
    for place, position in look.positions.items():
        table.add_row(
            named(place),
            UNKNOWN if position.committed is None else str(position.committed),
            str(position.end),
            UNKNOWN if position.records is None else f"{position.records:,}",
            _position_age(position, look.at),
        )
    return table


def _position_age(position: Position, at: float) -> str:
    if position.records is None:
        return UNKNOWN
    if not position.records:
        return "-"
    return _age(max(0.0, at - position.first.at) if position.first else None)


def _queues(queues: Queues, now: dt.datetime) -> Iterator[RenderableType]:
    oldest = f", the oldest for {_since(queues.oldest, now)}" if queues.oldest else ""
    waits = "waits" if queues.unpublished == 1 else "wait"
    yield Text(f"\noutbox: {counted(queues.unpublished, 'event')} {waits} to be published{oldest}")
    held = sum(queue.referrals for queue in queues.hub if not queue.synthetic)
    made_up = sum(queue.referrals for queue in queues.hub if queue.synthetic)
    beside = f", and {made_up:,} made up (synthetic)" if made_up else ""
    yield Text(f"hub: {counted(held, 'referral')} {'waits' if held == 1 else 'wait'} for a person{beside}")
    if queues.hub:
        table = _table("  urgency", "because", "waiting", "oldest", "overdue", left=2)
        for queue in queues.hub:
            overdue = Text(f"{queue.overdue:,}", style=GRAVE if queue.overdue and not queue.synthetic else "")
            row = (f"{queue.referrals:,}", _since(queue.oldest, now), overdue)
            because = WAITS.get(queue.reason, f"held: {queue.reason}") + (" (synthetic)" if queue.synthetic else "")
            table.add_row(f"  {Urgency(queue.urgency).words}", because, *row)
        yield table


def _table(*names: str, left: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for place, name in enumerate(names):
        options: dict[str, Any] = {"overflow": "fold"} if place < left else {"justify": "right", "no_wrap": True}
        table.add_column(name, **options)
    return table


def _age(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    return span(seconds) if seconds else "-"


def _drain(judged: Judgement) -> str:
    """When nothing would wait."""
    if judged.drain_seconds is not None:
        return _age(judged.drain_seconds)
    return UNKNOWN if judged.trend is None else "never"


def _since(oldest: dt.datetime, now: dt.datetime) -> str:
    return span(max(0.0, (now - oldest).total_seconds()))
