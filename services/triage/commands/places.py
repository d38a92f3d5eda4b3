"""What the localities file says of the rules of a place."""

from __future__ import annotations

from services.triage.settings import TriageSettings
from shared.localities import REQUIRED_ROLES, read_localities


def required_roles(locality: str) -> tuple[str, ...]:
    """The roles whose approval a locality asks for (FRONTDOOR_LOCALITIES); the usual ones where no file names it."""
    settings = TriageSettings(postgres_dsn="")
    if "localities" not in settings.model_fields_set and not settings.localities.exists():
        return REQUIRED_ROLES  # a rule file may be looked at anywhere, not only beside a deployment
    known = read_localities(settings.localities)
    return known[locality].approvals if locality in known else REQUIRED_ROLES
