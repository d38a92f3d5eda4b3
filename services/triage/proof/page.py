"""A rule set as one page for sign-off: what it says in words, what is proved of it, what it changes, who signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.proof import page_tables
from services.triage.proof.moving import changes_in_words, redefined_in_words, rows_in_words
from services.triage.proof.page_parts import element, listed, section, table, written
from services.triage.proof.wording import facts_in_words, number_in_words, share_in_words
from services.triage.rules.approvals import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from xml.etree.ElementTree import Element

    from services.triage.proof.compared import Compared
    from services.triage.proof.difference import Difference, Move
    from services.triage.proof.verdict import Verdict
    from services.triage.rules import RuleSet

HOW_TO_READ: Final = """
The rules know a referral by facts alone: answers, scores, codes. A fact that was not answered is “not recorded”, one
answered in words that no list knows is “unmapped”. Neither ever counts as “no”.

Each line of a table is a row. A row matches where every one of its cells allows the fact; a blank cell allows any.

How urgent: every row that matches counts, and the most urgent stands. It is never below the referrer's own urgency.

Where to: the sections are gone through in their order. In the first that has a match, the first row that matches decides.

What is added: every row that matches adds its destination or holds the referral for a person. It replaces nothing, and
holds no emergency or crisis route: those go at once.

“Proved for every possible referral” means just that: not tried out on some, but shown of each combination of values that
the inputs can have.

An edge is the last value that a row allows, or the first that it does not: an example shows what happens there.
"""
PARTS: Final = {
    "findings": "What is wrong",
    "reading": "How to read this page",
    "changes": "What this version changes",
    "destinations": "Destinations",
    "urgency": "How urgent",
    "sections": "Where to",
    "overlays": "What is added",
    "promises": "Promises",
    "coverage": "Coverage",
    "examples": "Examples",
    "signatures": "Signatures",
}


def page_of(verdict: Verdict, rules: RuleSet, roles: Iterable[str], found: Compared | None = None) -> str:
    """The page as HTML; `roles` are those who sign, `found` what comes out otherwise than under another version."""
    contents = {
        "findings": list(_findings(verdict)),
        "reading": [listed(HOW_TO_READ.strip().split("\n\n"))],
        "changes": list(_changes(found)) if found else [],
        "destinations": [page_tables.destinations(rules)],
        "urgency": list(page_tables.rows_by_table(verdict, rules, rules.rows.urgency)),
        "sections": list(page_tables.rows_by_table(verdict, rules, rules.rows.routes)),
        "overlays": list(page_tables.rows_by_table(verdict, rules, rules.rows.overlays)),
        "promises": [page_tables.promises(verdict, rules)],
        "coverage": list(_coverage(verdict, rules)),
        "examples": list(page_tables.examples(rules)),
        "signatures": list(_signatures(rules, roles)),
    }
    told = {name: parts for name, parts in contents.items() if parts}
    links = listed(element("a", PARTS[name], href=f"#{name}") for name in told)
    parts = (section(name, PARTS[name], *inside) for name, inside in told.items())
    title = f"Rules for {rules.locality}, version {rules.version}"
    nav = element("nav", links, aria_label="Contents")
    return written(title, element("header", *_head(verdict, rules, title)), nav, element("main", *parts))


def _head(verdict: Verdict, rules: RuleSet, title: str) -> Iterator[Element]:
    yield element("h1", title)
    sound = "Everything that is asked of a version before it comes into force holds, but for signatures."
    wrong = f"This version could not come into force: {len(verdict.findings):,} findings."
    yield element("p", wrong if verdict.findings else sound, class_="bad notice" if verdict.findings else "good")
    signed = [each for each in rules.approved if each.digest == digest_of(rules.text.encode())]
    approved = "; ".join(f"{each.name}, {each.role}, {each.date:%-d %B %Y}" for each in signed) or "nobody yet"
    earlier = len(rules.approved) - len(signed)
    facts = {
        "In force from": f"{rules.effective_from:%-d %B %Y, %H:%M %Z}",
        "Why this version": rules.reason,
        "Hazards answered": ", ".join(rules.hazards),
        "Approved by": f"{approved} ({earlier} approved another text)" if earlier else approved,
        "Fingerprint": f"{rules.hash} (SHA-256 of the file)",
    }
    yield element(
        "dl", *(element(tag, text) for pair in facts.items() for tag, text in zip(("dt", "dd"), pair, strict=True))
    )


def _findings(verdict: Verdict) -> Iterator[Element]:
    """All but the edges: these are many, and counted where the rows stand."""
    columns = ("line", "table", "row", "column", "what is wrong", "cure")
    told = [each for each in verdict.findings if each.code != "edge"]
    if told:
        rows = ((each.line, each.table, each.row, each.column, each.message, each.cure) for each in told)
        yield table(f"{len(told):,} findings", columns, rows)
    if edges := len(verdict.findings) - len(told):
        yield element("p", f"{edges:,} edges are shown by no example: see the last column of the tables below.")


def _changes(found: Compared) -> Iterator[Element]:
    old = f"beside version {found.old.version} ({found.old.hash[:12]})"
    if not found.moves:
        yield element("p", f"Proved the same {old}: every possible referral comes out as before.", class_="good")
    losing = sum(1 for _, lost in found.moves if lost)
    if found.moves:
        words = f"{len(found.moves):,} kinds of referral come out otherwise {old}; by {losing:,} somebody could lose something."
        yield element("p", words, class_="bad" if losing else "aside")
    for move, lost in found.moves:
        yield _move(move, lost, found.difference)
    if found.redefined:
        yield element("h3", "Declared otherwise")
        yield listed(map(redefined_in_words, found.redefined))


def _move(move: Move, lost: tuple[str, ...], difference: Difference) -> Element:
    marks = [element("p", f"Could lose: {', '.join(lost)}", class_="bad notice")] if lost else []
    share = (
        "" if move.number is None else f"{share_in_words(move.number, difference.possible)} of all possible referrals. "
    )
    one = facts_in_words(move.facts, difference.given) or "what the examples share"
    details = (
        f"{share}One of them: {one}.",
        f"Before: {rows_in_words(move.before)}.",
        f"After: {rows_in_words(move.after)}.",
    )
    heading = element("h3", "; ".join(changes_in_words(move, difference)))
    return element("div", heading, *marks, listed(details), class_="move")


def _coverage(verdict: Verdict, rules: RuleSet) -> Iterator[Element]:
    told, taking_part = verdict.summary(), page_tables.examples_by_row(rules)
    without = [row.id for row in rules.rows if not taking_part[row.id]]
    edges = sum(1 for finding in verdict.findings if finding.code == "edge")
    shown = (
        "every edge of every row is shown by an example"
        if verdict.proved
        else "whether every edge is shown is not known"
    )
    yield listed(
        (
            f"{told.rows:,} rows, {told.examples:,} examples, {number_in_words(told.possible_referrals)} possible referrals",
            f"rows that take part in no example: {', '.join(without)}"
            if without
            else "every row takes part in an example",
            f"edges that no example shows: {edges:,}" if edges else shown,
        )
    )


def _signatures(rules: RuleSet, roles: Iterable[str]) -> Iterator[Element]:
    yield element(
        "p",
        f"I have read version {rules.version} as it stands on this page, with the fingerprint at its head, and approve it.",
    )
    yield table(
        "One of each role signs", ("role", "name", "signature", "date"), ((role, "", "", "") for role in roles), "sign"
    )
