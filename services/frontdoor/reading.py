"""The queries of the accounts and audit's records, for the roles that may (`frontdoor_reader`, `frontdoor_auditor`)."""

from __future__ import annotations

from typing import Final

from shared.postgres import queries

SQL: Final = queries("services.frontdoor")
