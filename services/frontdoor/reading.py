"""The queries by which commands read the accounts and audit's records."""

from __future__ import annotations

from typing import Final

from shared.postgres import queries

SQL: Final = queries("services.frontdoor")
