"""Triage as an earlier version, which does not know a type of event yet: `python -m tests.older_triage TYPE`."""

from __future__ import annotations

import sys

from services.triage import causes
from services.triage.app import run
from shared.service import main

if __name__ == "__main__":
    causes._DECIDABLE = causes._DECIDABLE - {sys.argv[1]}  # type: ignore[misc]  # what a later version added
    sys.exit(main(run))
