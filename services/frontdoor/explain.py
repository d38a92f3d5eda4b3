"""`frontdoor explain`: why a referral stands where it stands, in plain words for a clinician."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from services.frontdoor import contents
from services.frontdoor.ruletext import ADDED, HOW_URGENT, NOTHING, WHERE, RuleText, Written, read_rules
from services.frontdoor.standing import HOLDS, priority, verdict, whence
from services.frontdoor.story import due, proposing
from shared import running
from shared.codes import NOT_RECORDED, DecisionKind, Gate
from shared.command_line import CLEAN, add_command, as_id
from shared.errors import Usage

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from shared.command_line import Commands
    from shared.events import Decision

EXAMPLES = """
frontdoor explain 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11          why it went there
frontdoor explain 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11 --all    and every fact that the rules saw
frontdoor explain 5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11 --json   for a program
"""

_APART: Final = frozenset(("facts", "rows", "beaten", "rules", "outputs"))  # of the form for programs
GATES: Final = {
    Gate.BEFORE: "a person at the hub looks before it goes out",
    Gate.BY_RECEIVER: "the receiving team's acceptance is the human look",
    Gate.SAMPLE: "the hub looks at a share of these",
}
# How far the sources of rows were verified (the rule file's own marks).
_MARKED: Final = re.compile(r"\((?:V|K|V/K|V; cut-point K)\)")
_MARKS: Final = "V: read in a source. K: general knowledge, for local clinicians to check."


class Explanation(NamedTuple):
    """The standing decision, and the one whose rows sent the person there (often the same), among all there were."""

    standing: Decision
    ruled: Decision | None
    text: RuleText
    decided: tuple[Decision, ...] = ()

    @property
    def before(self) -> Decision | None:
        """What stood until the rules decided."""
        earlier = [decision for decision in self.decided if self.ruled and decision.sequence < self.ruled.sequence]
        return earlier[-1] if earlier else None

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows that decided."""
        return self.ruled.rows if self.ruled else ()

    @property
    def written(self) -> list[Written]:
        """Those of them whose text audit has."""
        return [self.text.rows[row] for row in self.rows if row in self.text.rows]

    @property
    def mattered(self) -> list[str]:
        """The facts that these rows asked for, in the order of asking."""
        return list(dict.fromkeys(fact for row in self.written for fact in row.asks))

    def fact(self, name: str) -> str | int:
        """What the rules saw for a fact."""
        return self.ruled.facts.get(name, NOT_RECORDED) if self.ruled else NOT_RECORDED


def register(commands: Commands) -> None:
    """Adds `explain` to the command line."""
    parser = add_command(commands, "explain", "say why a referral went where it went", EXAMPLES)
    parser.add_argument("id", help="of the referral, or of one of its events")
    parser.add_argument("--all", action="store_true", help="every fact that the rules saw")
    parser.add_argument("--json", action="store_true", help="the explanation as JSON")
    running.add_data_argument(parser)
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace) -> int:
    """Prints the explanation; `Usage` where audit holds no decision about that id."""
    with running.asked(arguments.data) as auditor:
        explained = await explain(auditor, as_id(arguments.id))
    if arguments.json:
        print(json.dumps(as_json(explained), ensure_ascii=False))
    else:
        print("\n".join(lines(explained, all_facts=arguments.all)))
    return CLEAN


async def explain(auditor_dsn: str, wanted: UUID) -> Explanation:
    """Why the referral stands where it stands, from audit's records alone."""
    from services.frontdoor.recorded import decisions, recorded, rule_text

    decided = decisions(await recorded(auditor_dsn, wanted))
    if not decided:
        raise Usage("undecided", f"audit holds no readable decision about {wanted} yet")
    explained = explanation(decided, NOTHING)
    if explained.ruled and explained.ruled.rules:
        text = await rule_text(auditor_dsn, explained.ruled.rules.hash)
        return explained._replace(text=read_rules(text))
    return explained


def explanation(decided: Sequence[Decision], text: RuleText) -> Explanation:
    """The explanation of the last of some decisions."""
    ruled = next((decision for decision in reversed(decided) if decision.rows), None)
    return Explanation(decided[-1], ruled, text, tuple(decided))


def as_json(explained: Explanation) -> dict[str, Any]:
    """The form that is pinned for `frontdoor explain --json`, and the rows as they are written."""
    ruled = explained.ruled
    whole = msgspec.to_builtins(msgspec.structs.asdict(explained.standing))
    decision = {name: value for name, value in whole.items() if name not in _APART}
    rows, beaten = (list(ruled.rows), list(ruled.beaten)) if ruled else ([], [])
    written = {row: explained.text.rows[row]._asdict() for row in (*rows, *beaten) if row in explained.text.rows}
    return {
        "decision": decision,
        "decided_by": str(ruled.decision_id) if ruled else None,
        "rows": rows,
        "facts": dict(ruled.facts) if ruled else {},
        "mattered": {name: explained.fact(name) for name in explained.mattered},
        "ruleset": msgspec.to_builtins(ruled.rules) if ruled and ruled.rules else None,
        "beaten": beaten,
        "written": written,
        "contents": contents.as_json(several) if (several := contents.contents_of(explained.decided)) else [],
    }


def lines(explained: Explanation, *, all_facts: bool = False) -> Iterator[str]:
    """The explanation for people."""
    standing, ruled = explained.standing, explained.ruled
    yield f"referral {standing.referral_id}"
    yield from _stands(standing, explained.text)
    if several := contents.contents_of(explained.decided):
        yield from contents.lines(several, explained.text)
    if ruled is None or ruled.rules is None:
        yield "No rule decided this: it follows from what a person or the sender said."
        return
    if ruled is not standing:
        yield f"The rules last decided about it on {ruled.decided_at.astimezone():%-d %B %Y at %H:%M}:"
    yield f"By rule set {ruled.rules.locality} {ruled.rules.version} (SHA-256 {ruled.rules.hash}):"
    yield from _rows(explained)
    yield from _beaten(ruled, explained.text)
    yield from _sources(explained)
    if all_facts:
        yield "All that the rules saw (what is not listed was not recorded):"
        yield from (f"  {name}: {value}" for name, value in ruled.facts.items())


def _stands(decision: Decision, text: RuleText) -> Iterator[str]:
    yield f"{verdict(decision, text)}, {priority(decision.urgency)}, in {decision.care_setting}."
    if decision.hold_reason:
        yield f"It waits for a person because {HOLDS[decision.hold_reason]}."
    if decision.proposed:
        yield f"{proposing(decision).capitalize()} {text.name(decision.proposed)}."
    if decision.also:
        yield f"Added: {', '.join(text.name(name) for name in decision.also)}."
    if decision.kind is not DecisionKind.WITHDRAW:
        yield f"Human look: {GATES[decision.gate]}. To be acted on by {due(decision)} ({decision.response})."
    yield from (f"Note: {note}" for note in decision.notes)


def _rows(explained: Explanation) -> Iterator[str]:
    """The rows that decided, by what they are about, each with what it asked and what was seen."""
    for heading in (WHERE, HOW_URGENT, ADDED):
        rows = [row for row in explained.written if row.does == heading]
        if rows or heading == HOW_URGENT:
            yield f"{heading}:"
        if explained.ruled and heading == HOW_URGENT and not rows:
            urgency = explained.ruled.urgency
            yield f"  no row raised it: {priority(urgency)}, {whence(explained.ruled, explained.before, explained.text)}"
        for row in rows:
            seen = [f"{_words(fact)} is {explained.fact(fact)} (asked: {cell})" for fact, cell in row.asks.items()]
            since = f"since {' and '.join(seen)}" if seen else "which takes whatever no row before it took"
            yield f"  row {row.id} ({row.table}): {row.outcome}, {since}"
    if (
        explained.ruled
        and explained.ruled.kind is DecisionKind.ROUTE
        and any("hold" in row.says for row in explained.written)
    ):
        yield "  It was not held all the same: an emergency or crisis route goes at once (clinical ground rule 3)."
    unknown = [row for row in explained.rows if row not in explained.text.rows]
    if unknown:
        yield f"Rows (audit does not have the text of this rule set): {', '.join(unknown)}"


def _words(fact: str) -> str:
    return fact.replace("_", " ")


def _beaten(ruled: Decision, text: RuleText) -> Iterator[str]:
    if not ruled.beaten:
        yield "No other row matched."
        return
    yield "Matched as well, and stands behind:"
    for name in ruled.beaten:
        row = text.rows.get(name)
        yield f"  row {name} ({row.table}): {row.outcome}" if row else f"  row {name}"


def _sources(explained: Explanation) -> Iterator[str]:
    """Why the rows are there, each source once."""
    sources: dict[str, list[str]] = {}
    for row in explained.written:
        why = " ".join((row.says.get("source", "no source"), f"[{row.says.get('hazard', 'no hazard')}]"))
        sources.setdefault(why, []).append(row.id)
    if sources:
        yield "Why these rows are there:"
    yield from (f"  {', '.join(rows)}: {why}" for why, rows in sources.items())
    if any(_MARKED.search(why) for why in sources):
        yield f"  ({_MARKS})"
