"""Turns a draft into the decision document: the value of every record that the decision publishes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from services.triage.due import due_at, hub_due_at
from shared.cloudevents import Envelope, Headers
from shared.codes import Gate
from shared.events import OUTCOME, Decision, Output, RulesUsed, derived_id

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from services.triage.causes import Seen
    from services.triage.draft import Draft
    from services.triage.scene import Scene

DECISION: Final = "frontdoor.decision"
SOURCE: Final = "urn:frontdoor:triage"
HUB_RESPONSE: Final = "a person at the hub looks within one working day, sooner by urgency"


def document(draft: Draft, seen: Seen, scene: Scene) -> Decision:
    """The decision on `seen`. Facts that were not recorded are left out of `facts`: absent means not recorded."""
    standing, started = scene.standing, seen.event.received_at if seen.event else scene.now
    told, destination = draft.now_told(scene), scene.directory.get(draft.destination)
    at_hub = destination is None or scene.is_hub(draft.destination)
    return Decision(
        decision_id=decision_id(seen.cause_text),
        referral_id=seen.referral_id,
        sequence=standing.sequence + 1 if standing else 1,
        **_cause(seen),
        kind=draft.kind,
        status=draft.status,
        hold_reason=draft.hold_reason,
        destination=draft.destination,
        care_setting=scene.setting_of(draft.destination),
        service=destination.name if destination else draft.destination,
        team_type=destination.team_type if destination else "",
        proposed=draft.proposed,
        proposed_setting=scene.setting_of(draft.proposed) if draft.proposed else None,
        also=tuple(draft.also),
        told=told,
        told_settings=tuple(scene.setting_of(name) for name in told),
        accepted=draft.accepted(scene, told),
        urgency=draft.urgency,
        gate=destination.gate if destination else Gate.BEFORE,
        response=HUB_RESPONSE if at_hub or destination is None else destination.response,
        locality=seen.event.locality if seen.event else scene.locality_id,
        received_at=standing.received_at if standing else started,
        decided_at=scene.now,
        due_at=_due(draft, scene, started, at_hub=at_hub),
        safe_contact_only=_safe_contact_only(scene),
        late=draft.late,
        rules=_used(scene.rules.locality, scene.rules.version, scene.rules.hash) if draft.rules else None,
        rows=draft.rows,
        beaten=draft.beaten,
        notes=draft.notes,
        facts=scene.facts if draft.rules else {},
        outputs=draft.outputs(seen.cause_text, scene, told),
    )


def _cause(seen: Seen) -> dict[str, Any]:
    """What was decided on."""
    return {
        "cause_id": seen.cause_id,
        "cause_type": seen.type,
        "cause_sequence": seen.sequence,
        "outcome": seen.event.kind if seen.type == OUTCOME else None,
    }


@cache
def _used(locality: str, version: str, digest: str) -> RulesUsed:
    return RulesUsed(locality=locality, version=version, hash=digest)


def decision_id(cause: UUID | str) -> UUID:
    """The id of the one decision on a cause."""
    return derived_id(cause, DECISION)


def _due(draft: Draft, scene: Scene, started: dt.datetime, *, at_hub: bool) -> dt.datetime:
    standing, destination = scene.standing, scene.directory.get(draft.destination)
    within = destination.within if destination else None
    if at_hub:
        due = hub_due_at(started, draft.urgency, scene.locality)
    else:
        due = due_at(started, draft.urgency, within, scene.locality)
    if standing is None or draft.destination != standing.destination:
        return due
    lowered = draft.urgency.severity > standing.urgency.severity
    return due if lowered else min(standing.due_at, due)  # news never gives anyone more time


def _safe_contact_only(scene: Scene) -> bool:
    """Whether automatic messages are blocked: unless the referral says that contact is safe (HZ08)."""
    if scene.facts_from is not None:
        return scene.facts_from.contact.safe_contact_only != "no"
    return scene.standing.safe_contact_only if scene.standing else True


def headers_of(output: Output, decision: Decision, seen: Seen) -> Headers:
    """The envelope of one output of a decision."""
    return Envelope(
        id=output.event_id,
        source=SOURCE,
        type=output.type,
        time=decision.decided_at,
        subject=seen.referral_text,
        traceparent=seen.traceparent,
        causation_id=seen.cause_text,
        sequence=decision.sequence,
        cause_sequence=seen.sequence,
        receipt_digest=seen.receipt_digest,
        accepted_time=seen.event.received_at if seen.event else None,
        synthetic=seen.synthetic,
    ).headers()
