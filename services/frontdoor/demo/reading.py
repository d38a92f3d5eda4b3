"""Reads back what audit holds of a run: its decisions, and the rules that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.frontdoor.demo.figures import Recorded
from services.frontdoor.recorded import rule_text
from services.frontdoor.ruletext import NOTHING, RuleText, read_rules
from shared.cloudevents import from_json
from shared.events import Decision
from shared.postgres import connected, queries

if TYPE_CHECKING:
    from collections.abc import Iterable

SQL: Final = queries("services.frontdoor.demo")


async def recorded(auditor_dsn: str, referrals: Iterable[str]) -> list[Recorded]:
    """Every decision that audit recorded about these referrals, one for each output."""
    async with connected(auditor_dsn) as connection:
        rows = await connection.fetch(SQL.decisions, list(referrals))
    return [Recorded(from_json(Decision, value), accepted, at) for value, accepted, at in rows]


async def rules_of(auditor_dsn: str, records: Iterable[Recorded]) -> RuleText:
    """The rows and names of the rule set that decided these."""
    used = next((record.decision.rules for record in records if record.decision.rules), None)
    return read_rules(await rule_text(auditor_dsn, used.hash)) if used else NOTHING
