"""`frontdoor dead-letters replay`, `edit` and `discard`: what people do about a record that can never work as it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.frontdoor.dead_letters.asking import add_bulk, add_filters, add_who, confirm, named, narrowed, wanted
from shared import running
from shared.command_line import CLEAN, FINDING, add_command, as_id
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse

    from services.frontdoor.dead_letters.entries import Entry, Wanted
    from services.frontdoor.dead_letters.working import At, Make, Sent, Work
    from shared.command_line import Commands
    from shared.operations import Step

REPLAY: Final = """
frontdoor dead-letters replay ID --by "Sam Operator" --why "triage reads it since today's version"
frontdoor dead-letters replay --code unknown-type --dry-run --by ... --why ...      which would go
frontdoor dead-letters replay --code unknown-type --yes --per-second 5 --by ... --why ...

To the topic and partition that it came from, with its own id, key and headers: it is decided once, on the latest facts,
and lowers nobody's urgency. Replay after what could not read it can. The first of each incident goes alone; where it is
parked again the others stay. Exit code 1: something was parked again, or was not sent.
"""
EDIT: Final = """
frontdoor dead-letters show ID --value > value.json      the value as it came; edit the file, then
frontdoor dead-letters edit ID --value value.json --dry-run --by ... --why ...
frontdoor dead-letters edit ID --value value.json --by "Sam Operator" --why "received_at had no zone; the sender says UTC"
frontdoor dead-letters edit ID --value value.json --type frontdoor.referral.amended.v1 --by ... --why ...
docker compose run --rm -T frontdoor dead-letters edit ID --value - --by ... --why ... < value.json      in containers

The value must be of its type (docs/schemas) and about the same referral, and place in it, as the record. What is sent is
another event, with the record's id as its cause; audit keeps both. Put right what made it unreadable, never what a
clinician said: where that is in doubt, ask the sender, or discard it and let the hub ask.
"""
DISCARD: Final = """
frontdoor dead-letters discard ID --by "Sam Operator" --why "the vendor's test record"
frontdoor dead-letters discard --code unreadable --source gp-test --since 2h --yes --by ... --why ...

Nothing is deleted: the record stays in audit, and the referral with the hub, where a person decides. Refused where that
is not so: where the hub was not told, or the referral is not held any more and nobody has answered since.
"""


PIPED: Final = Path("-")


def register(commands: Commands) -> None:
    """Adds the three to the command line."""
    replay = add_command(commands, "replay", "send parked records again, as they were", REPLAY)
    replay.set_defaults(run=run_replay)
    edit = add_command(commands, "edit", "send a record on with a value that can be worked", EDIT)
    edit.add_argument("id", help="of the dead letter")
    edit.add_argument("--value", type=Path, required=True, metavar="FILE", help="the new value, JSON; - reads it here")
    edit.add_argument("--type", metavar="TYPE", help="of the event, where the record does not say it")
    edit.add_argument("--json", action="store_true", help="for a program")
    edit.set_defaults(run=run_edit)
    add_who(edit)
    running.add_data_argument(edit)
    discard = add_command(commands, "discard", "let parked records be; the hub keeps the referral", DISCARD)
    discard.set_defaults(run=run_discard)
    for parser in (replay, discard):
        add_bulk(parser)
        add_who(parser)
        add_filters(parser)


async def run_replay(arguments: argparse.Namespace) -> int:
    """0 where each was handled and not parked again."""
    from services.frontdoor.dead_letters.working import replayed

    narrowed(arguments)
    return await _work(arguments, "replayed", wanted(arguments), replayed)


async def run_discard(arguments: argparse.Namespace) -> int:
    """0 where each was discarded; 1 where one was refused, since its person would be nowhere."""
    from services.frontdoor.dead_letters.hub import why_not_discard
    from services.frontdoor.dead_letters.working import Sent

    async def discarded(at: At, entry: Entry) -> Sent | str:
        return await why_not_discard(at, entry) or Sent()

    narrowed(arguments)
    return await _work(arguments, "discarded", wanted(arguments), discarded)


async def run_edit(arguments: argparse.Namespace) -> int:
    """0 where it was handled and not parked again; `Usage` where the value is none of its type."""
    from services.frontdoor.dead_letters.editing import edited, why_another
    from services.frontdoor.dead_letters.entries import Wanted, content
    from services.frontdoor.dead_letters.hub import receipt_of
    from services.frontdoor.dead_letters.system import partitions_of
    from services.frontdoor.dead_letters.working import Sent

    value = _read(arguments.value)

    async def make(at: At, entry: Entry) -> Sent | str:
        was = await content(at.connection, entry)
        partitions = await partitions_of(at.settings, entry.letter.topic)
        new_id, record = edited(entry, was, value, arguments.type, partitions)
        return why_another(record, entry, was, await receipt_of(at, entry)) or Sent(record, new_id)

    return await _work(arguments, "edited", Wanted(frozenset({as_id(arguments.id)})), make)


def _read(file: Path) -> bytes:
    """What a file holds, or for `-` what is piped in: a container sees no file of whoever asks."""
    try:
        return sys.stdin.buffer.read() if file == PIPED else file.read_bytes()
    except OSError as error:
        raise Usage("no-file", f"cannot read {file}: {error.strerror}") from error


async def _work(arguments: argparse.Namespace, step: Step, which: Wanted, make: Make) -> int:
    """Finds, asks, works and tells."""
    from services.frontdoor.dead_letters.entries import entries
    from services.frontdoor.dead_letters.showing import told
    from services.frontdoor.dead_letters.system import reached
    from services.frontdoor.dead_letters.working import Deed, Work

    deed = Deed(step, *named(arguments), make, getattr(arguments, "per_second", 1), arguments.dry_run)
    async with reached(arguments.data) as at:
        found = await entries(at.connection, which)
        confirm(arguments, found, step)
        done = await Work(at, deed).do(found)
    if arguments.json:
        print(json.dumps(as_json(done)))
    else:
        print(*told(done), sep="\n")
    return CLEAN if done.clean else FINDING


def as_json(done: Work) -> dict[str, Any]:
    """For programs: ids by what came of them."""
    by_name = {name: getattr(done, name) for name in ("worked", "already", "parked_again", "late", "not_sent")}
    ids = {name: [str(entry.letter.id) for entry in found] for name, found in by_name.items()}
    refused = [{"id": str(entry.letter.id), "why": why} for entry, why in done.refused]
    return {"step": done.deed.step, "dry_run": done.deed.dry_run, **ids, "refused": refused}
