"""`python -m services.audit` runs audit.

`python -m services.audit migrate` brings its schema up to date, and `... verify` recomputes every chain
(`frontdoor audit verify` calls it).
"""

from __future__ import annotations

import asyncio
import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        from services.audit.settings import AuditSettings
        from shared.postgres import migrate

        print(*asyncio.run(migrate(AuditSettings().postgres_dsn, "audit")), sep="\n")
    elif sys.argv[1:2] == ["verify"]:
        from services.audit.verify import main

        sys.exit(main(sys.argv[2:]))
    else:
        from services.audit.app import run
        from shared import service

        sys.exit(service.main(run))
