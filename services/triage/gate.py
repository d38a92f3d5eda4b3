"""The gate, as a child process: reads a rule file on standard input, prints the verdict as JSON.

`python -m services.triage.gate FILE LOCALITY < FILE`. No findings means that the file may come into force: it is well
formed, complete, without dead rows or overlaps unsaid, keeps its promises for every possible referral, has an example
for every row and every edge, and is approved.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from services.triage.proof.prove import prove
from services.triage.rules import Finding, Place, Refused, RuleSet, examine


def verdict(text: bytes, file: str, locality: str) -> dict[str, Any]:
    """What the gate says of a rule file: its findings, and for a good one what activation needs."""
    place = Place(file)
    try:
        rules = _looked_at(text, place, locality)
    except Refused:
        rules = None  # so many faults that nobody would read on
    if rules is None or place.findings:
        return {"findings": [_words(finding) for finding in place.findings]}
    return {
        "findings": [],
        "version": rules.version,
        "effective_from": rules.effective_from.isoformat(),
        "reason": rules.reason,
    }


def _looked_at(text: bytes, place: Place, locality: str) -> RuleSet | None:
    """The rule set in a file, all that speaks against it noted."""
    rules = examine(text, place)
    if rules is not None:
        if locality and rules.locality != locality:
            here = place.at(column="ruleset", line=1)
            here.fault(f"the file says ruleset: {rules.locality}, its folder {locality}", "correct one of the two")
        prove(rules, place)
    return rules


def _words(finding: Finding) -> dict[str, str]:
    return {name: str(value) for name, value in dataclasses.asdict(finding).items() if value is not None}


def main() -> None:
    """Prints the verdict."""
    file, locality = sys.argv[1:3]
    json.dump(verdict(sys.stdin.buffer.read(), file, locality), sys.stdout)


if __name__ == "__main__":
    main()
