"""`python -m services.triage` runs triage; `python -m services.triage migrate` brings its schema up to date."""

from __future__ import annotations

import sys

from services.triage.app import run
from services.triage.settings import TriageSettings
from shared.migrations import migrate
from shared.service import main


async def bring_up_to_date() -> None:
    """Prints the migrations that were new."""
    print(*await migrate(TriageSettings().postgres_dsn, "triage"), sep="\n")


if __name__ == "__main__":
    sys.exit(main(bring_up_to_date if sys.argv[1:] == ["migrate"] else run))
