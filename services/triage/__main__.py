"""`python -m services.triage` runs triage; `python -m services.triage migrate` brings its schema up to date."""

from __future__ import annotations

import asyncio
import sys

from services.triage.app import run
from services.triage.settings import TriageSettings
from shared.postgres import migrate
from shared.service import main

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        print(*asyncio.run(migrate(TriageSettings().postgres_dsn, "triage")), sep="\n")
    else:
        sys.exit(main(run))
