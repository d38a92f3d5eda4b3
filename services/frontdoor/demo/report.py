"""Prints what became of a month, for somebody who sees it for the first time."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich import box
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from services.frontdoor.demo.figures import HELD_FOR
from services.frontdoor.demo.month import Sent
from shared.codes import CareSetting, Urgency
from shared.command_line import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console, RenderableType

    from services.frontdoor.account import Entry
    from services.frontdoor.demo.figures import Figures, Place
    from services.frontdoor.demo.result import Report
    from services.frontdoor.demo.sending import Sending

WIDTH: Final = 100  # where the output is no terminal; below it bars go, and tables stand under each other
BAR: Final = 12
ENOUGH: Final = 200  # people for shares to be set beside the published ones
NAME: Final = 48  # letters of a team's name, on a line
SETTINGS: Final = {
    CareSetting.PRIMARY_CARE: "Primary care",
    CareSetting.PEER_SUPPORT: "Peer support and community",
    CareSetting.SECONDARY_CARE: "Secondary care",
    CareSetting.FRONT_DOOR: "Front door",
}
FOLLOWS: Final = {Sent.REPEAT: ", answered as the first time", Sent.CONFLICT: ", kept for a person"}
RESPONSE: Final = {
    Urgency.EMERGENCY: "at once",
    Urgency.VERY_URGENT: "4 hours",
    Urgency.URGENT: "24 hours",
    Urgency.ROUTINE: "4 weeks",
}
# Share of the front door's introductions, 2020/21 and 2021/22 (simulation_routing_shares.csv).
PUBLISHED: Final = {
    "short-term-support": ("Short Term Support", 27.9, 38.4),
    "focused-support": ("Focused Support", 7.6, 10.3),
    "crisis-outreach": ("Crisis Outreach", 2.2, 3.9),
}


def show(console: Console, report: Report) -> None:
    """Prints the whole report; the last line is the number of what is not accounted for."""
    _arrivals(console, report)
    if report.figures:
        _places(console, report.figures)
        _standing(console, report.figures)
        _answers(console, report.sending.answers)
        _speed(console, report.figures)
    else:
        _statuses(console, report.sending)
    _explained(console, report.explanations)
    for why in report.unseen:
        console.print(f"\n[yellow]Not shown:[/] {escape(why)}")
    _account(console, report)


def _heading(console: Console, words: str, aside: str = "") -> None:
    console.print(f"\n[bold]{words}[/]" + (f" [dim]({aside})[/]" if aside else ""))


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return " · ".join(f"{count:,} {words}" for words, count in counts if count)


def _arrivals(console: Console, report: Report) -> None:
    sending, sent = report.sending, report.sending.sent
    _heading(console, "What came in", f"seed {report.seed}, run {report.run}; every person is invented")
    came = " · ".join(counted(sent[kind], kind) + FOLLOWS.get(kind, "") for kind in Sent if sent[kind])
    senders = f"{sending.sources} systems at once" if sending.sources > 1 else "one system"
    lines = [f"{came}\nby {senders}, over HTTP, in {sending.seconds:.1f} s"]
    if sending.emergencies:
        said = counted(sending.emergencies, "referral")
        lines.append(f"{said} said that it is an emergency: answered on the spot with whom to phone")
    spoiled = sorted(report.dirt.items(), key=lambda item: -item[1])
    lines.append(f"dirty, as real ones are: {', '.join(f'{what} {count}' for what, count in spoiled)}")
    refused = _listed((escape(what), count) for what, count in sending.unexpected.items())
    lines.append(
        f"[red]not as expected: {refused}[/]"
        if refused
        else f"none was refused for it: {counted(sum(sending.warnings.values()), 'warning')} to the senders, and each gap is a fact to the rules"
    )
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _bar(count: int, most: int, colour: str) -> str:
    eighths = round(8 * BAR * count / most) if most else 0
    full, rest = divmod(eighths, 8)
    return f"[{colour}]{'█' * full}{' ▏▎▍▌▋▊▉'[rest] if rest else ''}[/]"


def _share(count: int, whole: int) -> str:
    return f"{100 * count / whole:.0f}%" if whole and count * 200 >= whole else "<1%" if count else "–"


def _table(*columns: tuple[str, str]) -> Table:
    """Words (on the left) wrap where it is narrow; figures (on the right) never do, so that none is cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    for name, justify in columns:
        table.add_column(name, justify=justify, no_wrap=justify == "right", max_width=NAME)  # type: ignore[arg-type]  # one of rich's literals
    return table


def _places(console: Console, figures: Figures) -> None:
    _heading(console, "Where the rules propose to send people", "on arrival; + beside another route")
    name, *numbers = ("care setting and team", "left"), ("people", "right"), ("share", "right"), ("added", "right")
    bars = [("", "left")] if console.width >= WIDTH else []
    table = _table(name, *numbers, *bars)
    most = max((place.people for place in figures.places), default=0)
    for setting, group in groupby(figures.places, key=lambda place: place.setting):
        places = list(group)
        whole = sum(place.people for place in places)
        table.add_row(f"[bold]{SETTINGS[setting]}[/]", f"[bold]{whole}[/]", f"[bold]{_share(whole, figures.people)}[/]")
        for place in places:
            table.add_row(*_place(place, figures.people), *([_bar(place.people, most, "cyan")] if bars else []))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if figures.people >= ENOUGH:
        _beside_published(console, figures)


def _place(place: Place, people: int) -> tuple[RenderableType, ...]:
    name = Padding(escape(_short(place.name)), (0, 0, 0, 2))
    added = f"+{place.added}" if place.added else ""
    return name, str(place.people or "–"), _share(place.people, people), added


def _short(name: str) -> str:
    """A long name without its afterthoughts: up to the last comma, bracket or the like that makes it fit."""
    ends = [end for mark in (" (", ": ", "; ", ", ") if 0 < (end := name.find(mark)) <= NAME - 2]
    return name[: max(ends)] if len(name) > NAME - 2 and ends else name


def _beside_published(console: Console, figures: Figures) -> None:
    came = {place.destination: place.people for place in figures.places}
    parts = [
        f"{name} {100 * came.get(destination, 0) / figures.people:.0f}% (published {low:.0f} to {high:.0f}%)"
        for destination, (name, low, high) in PUBLISHED.items()
    ]
    console.print(Padding("[dim]beside Lambeth's own figures: " + ", ".join(parts) + "[/]", (0, 0, 0, 2), expand=False))


def _standing(console: Console, figures: Figures) -> None:
    """Urgency, and who waits at the hub and why: side by side where there is room."""
    urgency = _table(("urgency now", "left"), ("people", "right"), ("share", "right"))
    for code, people in figures.urgency.items():
        urgency.add_row(f"{code.words}, {RESPONSE[code]}", str(people), _share(people, figures.people))
    waiting = _table(("waiting at the hub", "left"), ("people", "right"))
    for reason, people in figures.waiting.items():
        waiting.add_row(HELD_FOR.get(reason, reason), str(people))
    waiting.add_row("[bold]all of them are the hub's until taken[/]", f"[bold]{sum(figures.waiting.values())}[/]")
    aside = f"as the rules find it, not only as referrers say; later news raised {figures.raised}"
    _heading(console, "How urgent, and who waits", aside)
    beside = Table.grid(padding=(0, 3))
    beside.add_row(urgency, waiting)
    for table in (beside,) if console.width >= WIDTH else (urgency, waiting):
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _answers(console: Console, answers: Mapping[str, int]) -> None:
    if answers:
        _heading(console, "What teams and the hub answered")
        order = sorted(answers.items(), key=lambda item: -item[1])
        console.print(
            Padding(_listed((kind.replace("-", " "), count) for kind, count in order), (0, 0, 0, 2), expand=False)
        )


def _speed(console: Console, figures: Figures) -> None:
    _heading(
        console,
        "From accepted to audited",
        f"{counted(len(figures.milliseconds), 'event')}, while all of this ran on one machine",
    )
    line = (
        f"half within {figures.percentile(0.5):.0f} ms (p50), 99 of 100 within {figures.percentile(0.99):.0f} ms (p99)"
    )
    console.print(Padding(line, (0, 0, 0, 2), expand=False))


def _statuses(console: Console, sending: Sending) -> None:
    """Where referrals stand, as their sender may know it."""
    counts: dict[tuple[str, str], int] = {}
    for standing in sending.statuses.values():
        place = (str(standing["status"]), str(standing.get("destination") or ""))
        counts[place] = counts.get(place, 0) + 1
    _heading(console, "Where they stand", "as a sender may know it")
    table = _table(("status", "left"), ("destination", "left"), ("people", "right"))
    for (status, destination), people in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(status, destination, str(people))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _explained(console: Console, explanations: Sequence[str]) -> None:
    if explanations:
        _heading(console, "Three decisions in plain words" if len(explanations) == 3 else "Decisions in plain words")
    for place, text in enumerate(explanations):
        for number, line in enumerate(text.splitlines()):
            words, above = line.lstrip(), 1 if place and not number else 0
            console.print(Padding(escape(words), (above, 0, 0, 2 + len(line) - len(words)), expand=False))


def _account(console: Console, report: Report) -> None:
    account, taken = report.account, len(report.sending.ids)
    if account:
        _heading(console, "The account", "every event that intake took in this run, followed to audit")
        console.print(f"  taken {account.taken:,} · decided {account.decided:,} · audited {account.audited:,}")
        if summed := _sum(report.sending, account.taken):
            console.print(Padding(summed, (0, 0, 0, 2), expand=False))
        console.print(f"  parked {_named(account.parked)} · in flight {_named(account.in_flight)}")
    else:
        _heading(console, "The account", "every referral that intake took in this run, as its sender may know it")
        console.print(f"  taken {taken:,} · decided {taken - len(report.unaccounted):,}")
    for entry in report.unaccounted:
        console.print(f"  [red]unaccounted: {escape(str(entry))}[/]")
    console.print(f"unaccounted {len(report.unaccounted)}", style="bold red" if report.unaccounted else "bold green")


def _sum(sending: Sending, taken: int) -> str:
    """What the events are, where it adds up: a repeat is none, and what was refused may or may not be one."""
    parts = {kind.value: sending.sent[kind] for kind in Sent if kind is not Sent.REPEAT}
    parts["answer"] = sending.answers.total()
    words = " + ".join(counted(count, word) for word, count in parts.items() if count)
    return f"{words} by teams and the hub" if sum(parts.values()) == taken else ""


def _named(entries: Sequence[Entry]) -> str:
    return f"{len(entries)}: {escape('; '.join(map(str, entries)))}" if entries else "0"
