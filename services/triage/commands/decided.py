"""What a running system decided by rules, as the role that audits reads it (the view `triage.ruled`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from msgspec import field

from services.triage.proof.comparing import Past
from services.triage.rules import RuleSet, read
from shared.cloudevents import from_json
from shared.codes import NOT_RECORDED
from shared.errors import Usage
from shared.events import RulesUsed
from shared.postgres import connected, queries
from shared.referral import Coded

if TYPE_CHECKING:
    import datetime as dt

SQL: Final = queries("services.triage")


class Ruled(Coded, kw_only=True):
    """Of a decision, what a replay needs: reading the rest of thousands would take most of its time."""

    referral_id: UUID
    locality: str
    rules: RulesUsed | None = None
    facts: dict[str, str | int] = field(default_factory=dict)


class Store(NamedTuple):
    """The decisions of a place and a time, one a referral, and the rules in force there.

    `disposed` counts those whose facts were removed by right, `others` the people who are made up where real ones are
    wanted (or the other way round, for `synthetic`).
    """

    in_force: RuleSet
    past: list[Past]
    synthetic: bool
    disposed: int
    others: int


async def decision(auditor_dsn: str, wanted: UUID) -> Ruled:
    """A decision made by rules, or a referral's newest; `Usage` where there is none, or its facts are disposed of."""
    async with connected(auditor_dsn) as connection:
        document = await connection.fetchval(SQL.ruled_decision, wanted)
    if document is None:
        raise Usage("unknown-decision", f"{wanted} is no decision by rules, and no referral that has one")
    ruled = from_json(Ruled, document)
    if not ruled.facts:
        raise Usage("disposed", f"the facts of referral {ruled.referral_id} were disposed of")
    return ruled


async def decided_since(
    auditor_dsn: str, locality: str, since: dt.datetime, until: dt.datetime | None, *, synthetic: bool
) -> Store:
    """What was decided by rules about the people of a place, and its rules in force; `Usage` where it has none."""
    async with connected(auditor_dsn) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        text = await connection.fetchval(SQL.rules_of_place, locality)
        rows = await connection.fetch(SQL.ruled_since, since, until)
    if text is None:
        raise Usage("no-rules", f"no rules are in force for {locality}, the place that the file names as `ruleset`")
    newest: dict[UUID, Any] = {}
    for row in rows:
        known = newest.setdefault(row["referral_id"], row)
        if row["sequence"] > known["sequence"]:
            newest[row["referral_id"]] = row
    read_rows = ((from_json(Ruled, row["document"]), row) for row in newest.values())
    here = [(ruled, row) for ruled, row in read_rows if ruled.locality == locality]
    wanted = [(ruled, row["ethnic_category"]) for ruled, row in here if row["synthetic"] == synthetic]
    past = [Past(ruled.referral_id, ruled.facts, ethnic or NOT_RECORDED) for ruled, ethnic in wanted if ruled.facts]
    in_force = read(text, f"the rules in force for {locality}", roles=())
    return Store(in_force, past, synthetic, disposed=len(wanted) - len(past), others=len(here) - len(wanted))
