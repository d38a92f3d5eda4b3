"""The gate, as a child process: reads a rule file on standard input, prints the verdict as JSON.

`python -m services.triage.gate FILE LOCALITY ROLE... < FILE`, the roles being those whose approval is required. No findings
means that the file may come into force: it is well formed, complete, without dead rows or overlaps unsaid, keeps its
promises for every possible referral, has an example for every row and every edge, and is approved.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from services.triage.proof.verdict import judge
from services.triage.rules import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.triage.proof.verdict import Verdict


def verdict(text: bytes, file: str, locality: str, roles: Sequence[str] | None) -> dict[str, Any]:
    """What the gate says of a rule file: its findings, and for a good one what activation needs.

    Without `roles` approvals are not looked at.
    """
    judged = judge(text, file, roles=roles)
    rules, found = judged.rules, (*judged.findings, *_of_folder(judged, file, locality))
    findings = [_words(finding) for finding in found]
    if rules is None or findings:
        return {"findings": findings}
    return {
        "findings": [],
        "version": rules.version,
        "effective_from": rules.effective_from.isoformat(),
        "reason": rules.reason,
    }


def _of_folder(judged: Verdict, file: str, locality: str) -> Iterator[Finding]:
    """The file stands in the folder of its locality."""
    said = judged.rules.locality if judged.rules else locality
    if said != locality:
        cure = f"write ruleset: {locality}, or put the file into the folder {said}"
        message = f"the file says ruleset: {said}, its folder {locality}"
        yield Finding("parse", message, file, column="ruleset", cure=cure, line="1")


def _words(finding: Finding) -> dict[str, str]:
    return {name: str(value) for name, value in dataclasses.asdict(finding).items() if value is not None}


def main() -> None:
    """Prints the verdict; decisions go first where both want the processor."""
    os.nice(10)
    file, locality, *roles = sys.argv[1:]
    json.dump(verdict(sys.stdin.buffer.read(), file, locality, roles), sys.stdout)


if __name__ == "__main__":
    main()
