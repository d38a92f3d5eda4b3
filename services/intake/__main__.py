"""`python -m services.intake` runs intake; `python -m services.intake migrate` brings its schema up to date."""

from __future__ import annotations

import asyncio
import sys

from services.intake.app import run
from services.intake.settings import IntakeSettings
from shared.postgres import migrate
from shared.service import main

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        print(*asyncio.run(migrate(IntakeSettings().postgres_dsn, "intake")), sep="\n")
    else:
        sys.exit(main(run))
