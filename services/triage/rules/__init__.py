"""The rules: a file that clinicians can read, refused unless every part of it holds, then run as bit masks."""

from services.triage.rules.approvals import Approval
from services.triage.rules.cells import Allowed, Value
from services.triage.rules.decider import Proposal
from services.triage.rules.destinations import Destination
from services.triage.rules.findings import Finding, Place, Refused
from services.triage.rules.inputs import REFERRER_URGENCY
from services.triage.rules.promises import Promise
from services.triage.rules.reading import examine, read
from services.triage.rules.rows import URGENT_SECTIONS, Extra, Route, Row
from services.triage.rules.ruleset import RuleSet

__all__ = [
    "REFERRER_URGENCY",
    "URGENT_SECTIONS",
    "Allowed",
    "Approval",
    "Destination",
    "Extra",
    "Finding",
    "Place",
    "Promise",
    "Proposal",
    "Refused",
    "Route",
    "Row",
    "RuleSet",
    "Value",
    "examine",
    "read",
]
