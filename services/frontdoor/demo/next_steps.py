"""What to try while the demo's system stays up: lines that work as pasted into another terminal."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.running import Running

CURL: Final = "curl -s -w '\\n%{http_code}\\n'"
REFERRAL: Final = {
    "person": {
        "name": {"given": "Zoë", "family": "Kettle"},
        "born": "1991-05-17",
        "nhs_number": "999 000 0018",
        "postcode": "SW9 1CV",
    },
    "referrer": {"role": "general practitioner", "urgency": "3"},
    "reason": {"code": "04", "text": "Low for some months, would like to talk to someone."},
    "presentation": {"phq9": 13, "phq9_item9": 0, "gad7": 7},
    "risk": {"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"},
}


def next_steps(running: Running, program: str = sys.argv[0]) -> Iterator[tuple[str, str]]:
    """What each line does, and the line."""
    if running.keys is None or running.intake is None:
        return
    who = f'-H "Authorization: Bearer {running.keys.source}"'
    body = shlex.quote(json.dumps(REFERRAL, ensure_ascii=False))
    send = f"{CURL} {running.intake}/referrals {who} -H 'Content-Type: application/json' -d {body}"
    name = _as_typed(program)
    yield (
        "send a referral, and note its id",
        f"""ID=$({send} | tee /dev/stderr | sed -n 's/.*"referral_id": *"\\([^"]*\\)".*/\\1/p')""",
    )
    yield "see where it stands", f"{CURL} {running.intake}/referrals/$ID {who}"
    yield "its whole story, in words", f"{name} trace $ID"
    yield "why it went there", f"{name} explain $ID"
    yield "is everything accounted for?", f"{name} reconcile"
    yield "every field that a referral may have", f"{running.intake}/docs"


def _as_typed(program: str) -> str:
    """The command as it is reached from here: by its relative path where that is shorter."""
    path = Path(program).absolute()
    if path.suffix == ".py":
        return "frontdoor"
    relative = os.path.relpath(path)
    return shlex.quote(relative if len(relative) < len(str(path)) else str(path))
