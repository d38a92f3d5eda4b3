"""The gate, as a child process: reads a rule file on standard input, prints the verdict as JSON.

`python -m services.triage.gate FILE LOCALITY ROLE... < FILE`, the roles being those whose approval is required. No findings
means that the file may come into force.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from services.triage.rules import Finding, Refused, read

if TYPE_CHECKING:
    from collections.abc import Sequence


def verdict(text: bytes, file: str, locality: str, roles: Sequence[str]) -> dict[str, Any]:
    """What the gate says of a rule file: its findings, and for a good one what activation needs."""
    try:
        rules = read(text, file, roles=roles)
    except Refused as refused:
        return {"findings": [_words(finding) for finding in refused.findings]}
    if rules.locality != locality:
        wrong = {
            "code": "parse",
            "message": f"the file says ruleset: {rules.locality}, its folder {locality}",
            "file": file,
        }
        return {"findings": [wrong]}
    return {
        "findings": [],
        "version": rules.version,
        "effective_from": rules.effective_from.isoformat(),
        "reason": rules.reason,
    }


def _words(finding: Finding) -> dict[str, str]:
    return {name: str(value) for name, value in dataclasses.asdict(finding).items() if value is not None}


def main() -> None:
    """Prints the verdict."""
    file, locality, *roles = sys.argv[1:]
    json.dump(verdict(sys.stdin.buffer.read(), file, locality, roles), sys.stdout)


if __name__ == "__main__":
    main()
