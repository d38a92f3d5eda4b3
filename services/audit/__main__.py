"""`python -m services.audit` runs audit.

`python -m services.audit migrate` brings its schema up to date, and `... verify` recomputes every chain
(`frontdoor audit verify` calls it).
"""

from __future__ import annotations

import sys

from services.audit.settings import AuditSettings
from shared.migrations import migrate


async def bring_up_to_date() -> None:
    """Prints the migrations that were new."""
    print(*await migrate(AuditSettings().postgres_dsn, "audit"), sep="\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["verify"]:
        from services.audit.verify import main

        sys.exit(main(sys.argv[2:]))
    else:
        from services.audit.app import run
        from shared import service

        sys.exit(service.main(bring_up_to_date if sys.argv[1:] == ["migrate"] else run))
