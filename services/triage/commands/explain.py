"""`frontdoor rules explain`: why a rule file makes of a referral what it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import running
from shared.command_line import CLEAN, add_command, as_id
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from services.triage.proof.explaining import Explanation
    from services.triage.rules import Row, RuleSet, Value
    from shared.command_line import Commands

EXAMPLES = """
frontdoor rules explain FILE phq9=18 problem=mood          facts beside the baseline of the file's examples
frontdoor rules explain FILE 'suicidal=not recorded'       a value of several words
frontdoor rules explain FILE referral.json                 {"facts": {...}}, or an event with a coded referral
frontdoor rules explain FILE --decision 5d1c6f0e-...       what a running system saw, under this file
frontdoor rules explain FILE referral.json --all           and for every other row the cell that ruled it out

In a JSON file what is absent was not recorded. An id is a decision's, or a referral's for its newest decision by rules.
What the rules propose is shown: gates, open hours and what already stands come after them (frontdoor explain ID).
"""


def register(commands: Commands) -> None:
    """Adds `explain` to the command line."""
    parser = add_command(commands, "explain", "say which row decides, which rows it beats, and why", EXAMPLES)
    parser.add_argument("file", type=Path)
    parser.add_argument("given", nargs="*", metavar="FACT", help="as phq9=18; or one JSON file")
    parser.add_argument("--decision", metavar="ID", help="the facts of a decision of the running system")
    parser.add_argument("--all", action="store_true", help="for every other row the cell that ruled it out")
    parser.add_argument("--json", action="store_true", help="the explanation as JSON, every row in it")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints the explanation; `Usage` where the rules cannot read the facts."""
    from services.triage.commands.given import check_declared, draft
    from services.triage.proof.explaining import explain

    rules = draft(arguments.file)
    facts, whence = await _facts(rules, arguments)
    check_declared(rules, facts)
    explained = explain(rules, facts)
    if arguments.json:
        print(json.dumps(as_json(rules, explained), ensure_ascii=False))
    else:
        print("\n".join((f"By {rules.locality} {rules.version}, {whence}:", *lines(rules, explained))))
        if arguments.all:
            print("\n".join(ruled_out(explained)))
    return CLEAN


async def _facts(rules: RuleSet, arguments: argparse.Namespace) -> tuple[Mapping[str, Value], str]:
    """The facts to explain, and where they come from."""
    from services.triage.commands.given import facts_given, facts_in
    from services.triage.facts import with_blanks, with_risk_unanswered

    if arguments.decision:
        if arguments.given:
            raise Usage("two-sources", "facts and --decision: give one of the two")
        from services.triage.commands.decided import decision

        ruled = await decision(running.auditor_dsn(arguments.data), as_id(arguments.decision))
        used = f", decided by {ruled.rules.locality} {ruled.rules.version}" if ruled.rules else ""
        return with_blanks(ruled.facts), f"of what was recorded of referral {ruled.referral_id}{used}"
    match arguments.given:
        case [name] if "=" not in name:
            return facts_in(_document(Path(name))), f"of {name}"
        case texts:
            given = facts_given(rules, texts)
            if given.unknown:
                raise Usage("unknown", f"{given.unknown[0]}=? asks what could be: frontdoor rules what-if")
            facts = with_risk_unanswered(given.facts) if given.follows else given.facts
            return facts, f"of the examples' baseline with {', '.join(texts)}" if texts else "of the examples' baseline"


def _document(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise Usage("no-file", f"cannot read {file}: {error.strerror}; a fact is written as phq9=18") from error
    except (ValueError, RecursionError) as error:
        raise Usage("no-json", f"{file} is not JSON") from error


def lines(rules: RuleSet, explained: Explanation) -> Iterator[str]:
    """What comes of the facts, and the rows that matched."""
    from services.triage.proof.wording import destination_in_words, priority_in_words

    proposal = explained.proposal
    where = destination_in_words(rules, proposal.destination)
    yield f"To {where}, {priority_in_words(proposal.urgency)}{', held for a person' if proposal.hold else ''}."
    if proposal.also:
        yield f"Added: {', '.join(destination_in_words(rules, name) for name in proposal.also)}."
    yield "Where:"
    yield from _row(rules, explained.decided, explained.facts)
    yield "Beaten (they match too, and stand behind):" if explained.beaten else "No other row matches."
    for row in explained.beaten:
        yield from _row(rules, row, explained.facts)
    yield "How urgent (the most urgent counts, never below the referrer's own):"
    if not explained.urgency:
        yield f"  no row raises it; the referrer's own: {explained.facts.get('referrer_urgency', 'not asked')}"
    for raising in explained.urgency:
        yield from _row(rules, raising, explained.facts)
    if explained.overlays:
        yield "Added or held:"
    for overlay in explained.overlays:
        yield from _row(rules, overlay, explained.facts)


def _row(rules: RuleSet, row: Row[object], facts: Mapping[str, Value]) -> Iterator[str]:
    from services.triage.proof.explaining import cells_of
    from services.triage.proof.wording import effect_in_words

    yield f"  row {row.id} ({row.table}): {effect_in_words(rules, row)}"
    cells = cells_of(rules, row, facts)
    yield from (f"    {cell}" for cell in cells)
    if not cells:
        yield "    asks nothing: it takes whatever no row before it took"
    if row.note:
        yield f'    tells people: "{row.note}"'


def ruled_out(explained: Explanation) -> Iterator[str]:
    """Every other row, with the first of its cells that does not allow the fact."""
    yield "Ruled out:"
    yield from (f"  row {row.id} ({row.table}): {cell}" for row, cell in explained.ruled_out)


def as_json(rules: RuleSet, explained: Explanation) -> dict[str, Any]:
    """The whole explanation."""
    from services.triage.proof.explaining import cells_of
    from services.triage.proof.outcomes import outcome_of

    def shown(row: Row[object]) -> dict[str, Any]:
        cells = [cell._asdict() for cell in cells_of(rules, row, explained.facts)]
        return {"row": row.id, "table": row.table, "note": row.note, "cells": cells}

    return {
        "ruleset": {"locality": rules.locality, "version": rules.version, "hash": rules.hash},
        "facts": dict(explained.facts),
        "outcome": outcome_of(explained.proposal)._asdict(),
        "decided": shown(explained.decided),
        "beaten": [shown(row) for row in explained.beaten],
        "urgency": [shown(row) for row in explained.urgency],
        "overlays": [shown(row) for row in explained.overlays],
        "ruled_out": [{"row": row.id, "table": row.table, **cell._asdict()} for row, cell in explained.ruled_out],
    }
