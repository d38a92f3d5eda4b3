"""Decides what one cause makes of one referral. Pure: the standing decision, the rules, the history and the time come in.

Urgency only rises: a decision is never less urgent than the one that stands, unless a named clinician lowered it.
A late cause may only raise urgency; after a withdrawal everything is for a person to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.triage import outcomes
from services.triage.document import document
from services.triage.draft import Draft
from services.triage.rules import URGENT_SECTIONS
from shared import events
from shared.codes import DecisionKind, HoldReason, Status, Urgency, most_urgent
from shared.parked import PARKED

if TYPE_CHECKING:
    from services.triage.causes import Seen
    from services.triage.scene import Scene
    from shared.events import Decision

_RELEASED_BY_FACTS = frozenset((HoldReason.UNMATCHED, HoldReason.GATE, HoldReason.CLOSED_DESTINATION))
_RELEASED_BY_REPLAY = _RELEASED_BY_FACTS | {HoldReason.PARKED}
_ANOTHER_IS_PARKED = "another record about this referral cannot be read yet: held until that one is replayed or edited, or a person answers"


def decide(seen: Seen, scene: Scene) -> Decision:
    """The one decision for `seen`, given the scene that it meets."""
    draft = _draft(seen, scene)
    if scene.parked and seen.sequence is not None and scene.is_replayed(seen.sequence):
        draft = _held_until_all_are_read(draft, scene)
    return document(draft, seen, scene)


def _held_until_all_are_read(draft: Draft, scene: Scene) -> Draft:
    """What a replay makes of somebody about whom another record is parked still: all that it says, but at the hub.

    Who goes to an emergency or crisis route waits for nothing. A cancellation is for a person: what cannot be read yet may
    ask for help all the same.
    """
    if draft.hold_reason not in (None, *_RELEASED_BY_FACTS) or _goes_at_once(draft, scene):
        return draft
    withdrawn, gone = draft.kind is DecisionKind.WITHDRAW, draft.status in {Status.CANCELLED, Status.CLOSED}
    reason, urgency = HoldReason.AFTER_WITHDRAWAL if withdrawn else HoldReason.PARKED, draft.urgency
    hold = Draft.hold(scene, reason, most_urgent(urgency, Urgency.URGENT), (*draft.notes, _ANOTHER_IS_PARKED))
    hold.also, hold.late, hold.rows, hold.beaten, hold.rules = (
        draft.also, draft.late, draft.rows, draft.beaten, draft.rules,
    )  # fmt: skip
    hold.proposed = None if gone else draft.proposed if draft.hold_reason else draft.destination
    hold.accepts = (draft.destination,) if draft.status is Status.ACCEPTED else ()
    if draft.told is not None and not withdrawn:
        hold.told = tuple(dict.fromkeys((*draft.told, scene.locality.hub)))
    return hold


def _goes_at_once(draft: Draft, scene: Scene) -> bool:
    """Whether the person goes to those who are there for an emergency or a crisis."""
    by_rules = draft.rules is not None and scene.proposal.section in URGENT_SECTIONS
    return draft.kind is DecisionKind.ROUTE and (by_rules or scene.is_for_crises(draft.destination))


def _draft(seen: Seen, scene: Scene) -> Draft:
    if seen.type == PARKED:
        return _hold_raised(scene, HoldReason.PARKED, f"record parked: {seen.code}")
    if seen.type == events.OUTCOME:
        return outcomes.draft(seen.event, scene, late=scene.is_late(seen))
    if seen.type == events.CANCELLED:
        return _cancelled(seen, scene)
    if scene.is_withdrawn():
        return _new_facts_held(scene, HoldReason.AFTER_WITHDRAWAL)
    if seen.type == events.CONFLICTING:
        return _new_facts_held(scene, HoldReason.CONFLICT)
    if scene.is_late(seen):
        return _late(scene)
    return _new_facts(seen, scene)


def _cancelled(seen: Seen, scene: Scene) -> Draft:
    if seen.event.sequence < scene.highest:  # whoever sent later news still wants help, also where this is a replay
        return Draft.keep(scene, late=True, notes=("a cancellation arrived after later news and was not acted on",))
    return Draft(DecisionKind.WITHDRAW, Status.CANCELLED, scene.standing_destination(), scene.standing_urgency())


def _new_facts(seen: Seen, scene: Scene) -> Draft:
    """A referral, or an amended one: the rules decide, within what already stands."""
    standing = scene.standing
    if standing is None:
        return _by_rules(scene)
    there = scene.is_answered() and scene.proposal.destination == standing.destination
    if scene.proposal.section in URGENT_SECTIONS and not there:
        return _by_rules(scene)
    if scene.is_replayed(seen.event.sequence) and (team := scene.stays_with()):
        return _new_facts_where_sent(scene.before_parking(team))
    if standing.kind is DecisionKind.HOLD or standing.status is Status.HELD:
        releasable = _RELEASED_BY_REPLAY if scene.is_replayed(seen.event.sequence) else _RELEASED_BY_FACTS
        if standing.hold_reason is not None and standing.hold_reason not in releasable:
            return _new_facts_held(scene, standing.hold_reason)
        return _by_rules(scene)
    if standing.status is Status.RETURNED:
        return _new_facts_held(scene, HoldReason.RETURNED)
    return _new_facts_where_sent(scene)


def _new_facts_where_sent(scene: Scene) -> Draft:
    """News of someone who was sent somewhere: it moves nobody whom people there or at the hub have answered for.

    A safety question (draft row U10) is for a clinician: where those who accepted the person have none, the hub's.
    """
    standing, asks = scene.standing, scene.proposal.hold
    if standing is None:
        return _by_rules(scene)
    if standing.status is Status.ACCEPTED:
        if asks and not scene.stands_with_clinicians():
            return _new_facts_held(scene, HoldReason.SAFETY)
        return _stays(scene, standing)
    if scene.is_answered() and not asks:
        return _stays(scene, standing)
    if standing.status is Status.ROUTED and scene.stands_in_crisis():  # the people there take someone out, not news
        return _stays(scene, standing)
    return _by_rules(scene)


def _stays(scene: Scene, standing: Decision) -> Draft:
    """News raises urgency, and tells whom the rules add; it moves nobody, and says what the rules would have made of it."""
    proposal, draft = scene.proposal, Draft.keep(scene, urgency=scene.raised_urgency())
    draft.add(scene, proposal.also)
    if added := draft.also[len(standing.also) :]:
        draft.kind, draft.told = DecisionKind.ROUTE, tuple(dict.fromkeys((*scene.told(), *added)))
    draft.by_rules(proposal, scene.rules)
    if proposal.hold:
        draft.notes += ("a safety question is open: the clinicians who have the person answer it",)
    if proposal.destination != standing.destination:
        draft.notes += (f"the rules now propose {proposal.destination}: news moves nobody who is cared for",)
    return draft


def _late(scene: Scene) -> Draft:
    """News older than what was decided: it may raise urgency and nothing else, to a crisis route where it shows one."""
    raised = scene.raised_urgency()
    if raised is scene.standing_urgency():
        return Draft.keep(scene, late=True)
    if scene.proposal.section in URGENT_SECTIONS:
        draft = _by_rules(scene)
        draft.late = True
        return draft
    draft = Draft.keep(scene, urgency=raised, late=True)
    draft.by_rules(scene.proposal, scene.rules)
    return draft


def _new_facts_held(scene: Scene, reason: HoldReason) -> Draft:
    """Held for a person whatever the rules propose, unless they propose an emergency or crisis route.

    A release leaves whoever was accepted with the team that goes on; anyone else it sends where the rules propose.
    """
    if scene.proposal.section in URGENT_SECTIONS and reason is not HoldReason.AFTER_WITHDRAWAL:
        return _by_rules(scene)
    draft = _hold_raised(scene, HoldReason.SAFETY if scene.proposal.hold and not scene.is_withdrawn() else reason)
    draft.urgency = most_urgent(draft.urgency, scene.proposal.urgency)
    if not scene.is_withdrawn():
        draft.add(scene, scene.proposal.also)  # safeguarding never waits for a hold (draft row U11)
    draft.by_rules(scene.proposal, scene.rules)
    draft.proposed = scene.stays_with() or scene.proposed_elsewhere()
    return draft


def _hold_raised(scene: Scene, reason: HoldReason, *notes: str) -> Draft:
    """A hold that a person must look at within a day: urgent at least, until cleared (draft rows U10, D33)."""
    urgency = most_urgent(scene.standing_urgency(), Urgency.URGENT)
    draft = Draft.hold(scene, scene.held_for(reason), urgency, notes=notes)
    if standing := scene.standing:
        draft.proposed = standing.destination if standing.hold_reason is None else standing.proposed
    return draft


def _by_rules(scene: Scene) -> Draft:
    """What the rules propose: a route, or a hold where they ask for a person or the destination is closed."""
    urgency = scene.raised_urgency()
    if reason := _why_held(scene):
        draft = Draft.hold(scene, scene.held_for(reason), urgency)
        draft.proposed = scene.proposed_elsewhere()
    else:
        draft = Draft.route(scene, scene.proposal.destination, urgency)
    draft.add(scene, scene.proposal.also)
    draft.by_rules(scene.proposal, scene.rules)
    return draft.as_keep_if_nothing_moves(scene)


def _why_held(scene: Scene) -> HoldReason | None:
    """Why the rules' proposal waits for a person, if it does."""
    proposal = scene.proposal
    destination = scene.directory.get(proposal.destination)
    if proposal.section in URGENT_SECTIONS:
        return None if scene.is_open(destination) else HoldReason.CLOSED_DESTINATION
    if proposal.hold:
        return HoldReason.SAFETY
    if destination is not None and scene.is_hub(destination.id):
        return HoldReason.UNMATCHED
    if not scene.is_open(destination):
        return HoldReason.CLOSED_DESTINATION
    return HoldReason.GATE if scene.needs_a_look_before(destination) else None
