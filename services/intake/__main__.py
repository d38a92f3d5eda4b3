"""`python -m services.intake` runs intake; `python -m services.intake migrate` brings its schema up to date."""

from __future__ import annotations

import sys

from services.intake.app import run
from services.intake.settings import IntakeSettings
from shared.migrations import migrate
from shared.service import main


async def bring_up_to_date() -> None:
    """Prints the migrations that were new."""
    print(*await migrate(IntakeSettings().postgres_dsn, "intake"), sep="\n")


if __name__ == "__main__":
    sys.exit(main(bring_up_to_date if sys.argv[1:] == ["migrate"] else run))
