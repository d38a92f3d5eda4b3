"""The gate, as a child process: reads a rule file on standard input, prints the verdict as JSON.

`python -m services.triage.gate FILE LOCALITY < FILE`. No findings means that the file may come into force.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from services.triage.rules import Finding, Refused, read


def verdict(text: bytes, file: str, locality: str) -> dict[str, Any]:
    """What the gate says of a rule file: its findings, and for a good one what activation needs."""
    try:
        rules = read(text, file)
    except Refused as refused:
        return {"findings": [_words(finding) for finding in refused.findings]}
    if rules.locality != locality:
        message = f"the file says ruleset: {rules.locality}, its folder {locality}"
        cure = f"write ruleset: {locality}, or put the file into the folder {rules.locality}"
        return {"findings": [_words(Finding("parse", message, file, column="ruleset", cure=cure))]}
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
    file, locality = sys.argv[1:3]
    json.dump(verdict(sys.stdin.buffer.read(), file, locality), sys.stdout)


if __name__ == "__main__":
    main()
