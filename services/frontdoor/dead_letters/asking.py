"""Which dead letters a command is asked about, by whom and why."""

from __future__ import annotations

import datetime as dt
import re
import sys
from typing import TYPE_CHECKING, Final

from shared import running
from shared.command_line import as_id, counted, since_when
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from services.frontdoor.dead_letters.entries import Entry, Wanted

# What names a person more surely than a record: an NHS number, a date, a postcode, an address in a mail.
PERSONAL: Final = re.compile(
    r"(?:\d[ -]?){10}|\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\S@\S", re.IGNORECASE
)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Adds what narrows a list."""
    parser.add_argument("--group", help="of the group that parked it: triage, intake-status")
    parser.add_argument("--code", help="why it was parked: unreadable, unknown-type, ...")
    parser.add_argument("--source", help="of whose message: a source's or team's name, or a service's")
    parser.add_argument("--referral", metavar="ID", help="about this referral")
    parser.add_argument("--since", metavar="TIME", help="parked since (RFC 3339, or so long ago: 30m, 24h, 7d)")
    parser.add_argument("--until", metavar="TIME", help="parked before")
    parser.add_argument("--json", action="store_true", help="for a program")
    running.add_data_argument(parser)


def add_who(parser: argparse.ArgumentParser) -> None:
    """Adds who acts and why."""
    parser.add_argument("--by", required=True, metavar="NAME", help="who decided it: audit keeps it")
    parser.add_argument("--why", required=True, metavar="TEXT", help="why, about the record and never about the person")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")


def add_bulk(parser: argparse.ArgumentParser) -> None:
    """Adds ids, and what many at once need."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="of dead letters; else all that the filters leave")
    parser.add_argument("--per-second", type=float, default=20, metavar="N", help="at most so many (default 20)")
    parser.add_argument("--yes", action="store_true", help="many at once without being asked")


def wanted(arguments: argparse.Namespace, *, worked: bool = False) -> Wanted:
    """The filters as they were typed; `Usage` where one is none."""
    from services.frontdoor.dead_letters.entries import Wanted

    now = dt.datetime.now(dt.UTC)
    return Wanted(
        ids=frozenset(as_id(text) for text in getattr(arguments, "ids", ())),
        group=arguments.group,
        code=arguments.code,
        source=arguments.source,
        referral=as_id(arguments.referral) if arguments.referral else None,
        since=since_when(arguments.since, now) if arguments.since else None,
        until=since_when(arguments.until, now, "--until") if arguments.until else None,
        worked=worked,
    )


def named(arguments: argparse.Namespace) -> tuple[str, str]:
    """Who and why; `Usage` where either says nothing, or the reason might say whom it is about."""
    by, why = arguments.by.strip(), arguments.why.strip()
    if not by or not why:
        raise Usage("blank", "--by and --why must say who and why: audit keeps both")
    if len(by) > 120 or len(why) > 500:
        raise Usage("too-long", "--by takes 120 characters, --why 500")
    if PERSONAL.search(why):
        raise Usage(
            "personal", "--why holds what looks like a number, date or address of a person: say what the record had"
        )
    return by, why


def narrowed(arguments: argparse.Namespace) -> None:
    """`Usage` where nothing says which: an empty filter is no wish to work everything."""
    asked = (arguments.ids, arguments.group, arguments.code, arguments.source, arguments.referral)
    if not any((*asked, arguments.since, arguments.until)):
        raise Usage("which", "say which: ids, or a filter (--code, --group, --source, --referral, --since, --until)")
    if arguments.per_second <= 0:
        raise Usage("per-second", "--per-second must be over 0")


def confirm(arguments: argparse.Namespace, found: Sequence[Entry], step: str) -> None:
    """Asks before many are worked by a filter; `Usage` where the answer is no, or nobody can be asked."""
    from services.frontdoor.dead_letters.entries import incidents

    if getattr(arguments, "ids", True) or arguments.yes or arguments.dry_run or not found:
        return
    kinds = ", ".join(f"{len(entries)} {group} {code}" for (group, code), entries in incidents(found).items())
    what = f"{counted(len(found), 'dead letter')} ({kinds})"
    if not sys.stdin.isatty():
        raise Usage("confirm", f"{what} would be {step}: say --yes")
    if input(f"{what}: to be {step}? yes/no ").strip().lower() != "yes":
        raise Usage("not-confirmed", "nothing was done")
