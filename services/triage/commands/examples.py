"""`frontdoor rules examples`: the examples that a rule file lacks, for clinicians to confirm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.command_line import CLEAN, FINDING, add_command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from services.triage.proof.proposing import Proposed
    from services.triage.rules import RuleSet, Value
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules examples deploy/rules/lambeth/ruleset.yaml             what is missing, as lines of its examples table
frontdoor rules examples deploy/rules/lambeth/ruleset.yaml --write     and append them there
frontdoor rules check deploy/rules/lambeth/ruleset.yaml                what comes next

What an example comes to is what the rules make of it now: it is a question to a clinician, not an answer. Each line
says so until somebody has confirmed it and written why it is right. Exit code 0: none is missing, or they were written.
1: some are missing.
"""


def register(commands: Commands) -> None:
    """Adds `examples` to the command line."""
    parser = add_command(commands, "examples", "propose the examples that a rule file lacks", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", action="store_true", help="append them to the file's examples table")
    parser.add_argument("--json", action="store_true", help="the examples as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """1 where some are missing and were not written; `Refused` where the file cannot be read or has a gap."""
    from services.triage.commands.check import contents
    from services.triage.commands.given import draft
    from services.triage.commands.progress import steps
    from services.triage.commands.writing import write_whole
    from services.triage.proof.proposing import cells_of, proposed_examples
    from services.triage.rules.layout import read_layout

    text = contents(arguments.file)
    rules = draft(arguments.file)
    _refuse_gap(rules, arguments.file.name)
    with steps() as begin:
        begin("which edges no example shows")
        proposed = proposed_examples(rules)
    new = read_layout(text, arguments.file.name).with_rows("examples", [cells_of(each, rules) for each in proposed])
    if arguments.write and proposed:
        write_whole(arguments.file, new, mode_of=arguments.file)
    if arguments.json:
        print(json.dumps(as_json(proposed, written=arguments.write), ensure_ascii=False))
    else:
        _say(arguments.file, new, len(proposed), written=arguments.write)
    return FINDING if proposed and not arguments.write else CLEAN


def _refuse_gap(rules: RuleSet, file: str) -> None:
    """What goes nowhere comes to nothing that an example could say."""
    from services.triage.proof.prover import Prover
    from services.triage.proof.rows import check_complete
    from services.triage.rules import Place

    place = Place(file)
    check_complete(Prover(rules), place)
    place.refuse_if_faulty()


def as_json(proposed: list[Proposed], *, written: bool) -> dict[str, Any]:
    """The examples whole: all their facts, and all that each shows."""

    def told(each: Proposed) -> Mapping[str, Value | Mapping[str, Value] | list[str] | tuple[str, ...] | bool]:
        got = each.got
        return {
            "row": each.row,
            "facts": each.facts,
            "priority": got.urgency,
            "destination": got.destination,
            "also": sorted(got.also),
            "hold": got.hold,
            "shows": each.shows,
        }

    return {"findings": [], "examples": [told(each) for each in proposed], "written": written}


def _say(file: Path, new: bytes, count: int, *, written: bool) -> None:
    """The lines as they stand in the file, or would."""
    from services.triage.rules.layout import read_layout

    if not count:
        print("no example is missing: every row takes part in one, and every edge is shown")
        return
    layout = read_layout(new, file.name)
    lines = next(table.lines for table in layout.tables if table.name == "examples")
    shown = (layout.lines[lines.start], *layout.lines[lines.stop - count : lines.stop])
    print("\n".join(line.rstrip() for line in shown))
    if written:
        print(f"\n{count} examples appended to {file}: have a clinician confirm each, and say why in its last column")
    else:
        print(f"\n{count} examples are missing: frontdoor rules examples {file} --write appends these")
