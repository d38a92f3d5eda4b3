"""The rules: a file that clinicians can read, refused unless every part of it holds, then run as bit masks."""

from services.triage.rules.cells import Allowed, Value
from services.triage.rules.decider import Proposal
from services.triage.rules.destinations import Destination
from services.triage.rules.findings import Finding, Refused
from services.triage.rules.head import REQUIRED_ROLES, Approval, Promise
from services.triage.rules.inputs import REFERRER_URGENCY
from services.triage.rules.reading import read
from services.triage.rules.rows import URGENT_SECTIONS, Extra, Route, Row
from services.triage.rules.ruleset import RuleSet

__all__ = [
    "REFERRER_URGENCY",
    "REQUIRED_ROLES",
    "URGENT_SECTIONS",
    "Allowed",
    "Approval",
    "Destination",
    "Extra",
    "Finding",
    "Promise",
    "Proposal",
    "Refused",
    "Route",
    "Row",
    "RuleSet",
    "Value",
    "read",
]
