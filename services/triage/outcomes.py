"""What triage makes of an outcome: an answer by a receiving team or by a person at the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.triage.draft import Draft
from shared.codes import HoldReason, OutcomeKind, Status, Urgency, most_urgent

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.triage.scene import Scene
    from shared.events import Decision, OutcomeRecorded

_MOVES: Final = frozenset((OutcomeKind.RETURNED, OutcomeKind.STEPPED_UP, OutcomeKind.RELEASED, OutcomeKind.REROUTED))


def draft(outcome: OutcomeRecorded, scene: Scene, *, late: bool) -> Draft:
    """The draft for an outcome; one that cannot be carried out as asked is a hold, never a loss."""
    standing = scene.standing
    if standing is None:
        return Draft.hold(
            scene, HoldReason.PARKED, Urgency.URGENT, ("an outcome came before its referral was decided",)
        )
    if late:
        raised = _stepped_up_urgency(outcome, scene) if outcome.kind is OutcomeKind.STEPPED_UP else None
        return Draft.keep(scene, urgency=raised, late=True)
    if standing.status is Status.CANCELLED and outcome.kind in _MOVES:
        return Draft.hold(scene, HoldReason.AFTER_WITHDRAWAL, most_urgent(standing.urgency, Urgency.URGENT))
    if _ends_the_hold(outcome, scene) and (why := _hold_goes_on(outcome, standing)):
        urgency = _stepped_up_urgency(outcome, scene) if outcome.kind is OutcomeKind.STEPPED_UP else None
        return Draft.keep(scene, urgency=urgency, notes=(why,))
    if scene.is_replayed(outcome.sequence):
        scene = _as_before_parking(outcome, scene, standing)
    return _BY_KIND[outcome.kind](outcome, scene, scene.standing or standing)


def _as_before_parking(outcome: OutcomeRecorded, scene: Scene, standing: Decision) -> Scene:
    """The scene that a team's replayed answer would have met."""
    answering = (name for name in scene.told() if name in outcome.answers_for and name not in standing.also)
    team = next((name for name in answering if not scene.is_hub(name)), None)
    return scene.before_parking(team) if team else scene


def _hold_goes_on(outcome: OutcomeRecorded, standing: Decision) -> str | None:
    """Why an answer does not end the hold that stands, if it does not."""
    if standing.hold_reason is HoldReason.SAFETY and not outcome.by.registration:
        return "a safety hold is ended by a registered clinician alone: it goes on"
    if standing.hold_reason and outcome.decision_id not in {None, standing.decision_id}:
        return "the answer is to an earlier decision, and nobody has looked at what came since: the hold goes on"
    return None


def _ends_the_hold(outcome: OutcomeRecorded, scene: Scene) -> bool:
    """Whether a hold would end by it, other than with people who are there for a crisis (draft row U10)."""
    match outcome.kind:
        case OutcomeKind.RELEASED | OutcomeKind.REROUTED | OutcomeKind.ADVISED:
            return True
        case OutcomeKind.STEPPED_UP:
            return not scene.is_for_crises(outcome.to)
        case OutcomeKind.CLOSED:
            return scene.standing_destination() in outcome.answers_for
        case _:
            return False


def _accepted(outcome: OutcomeRecorded, scene: Scene, standing: Decision) -> Draft:
    keep = Draft.keep(scene)
    stands = standing.hold_reason is None and standing.status is not Status.CANCELLED
    if stands and standing.destination in outcome.answers_for:
        keep.status = Status.ACCEPTED
    return keep


def _closed(outcome: OutcomeRecorded, scene: Scene, standing: Decision) -> Draft:
    if standing.destination in outcome.answers_for:
        return _ended(outcome, scene)
    keep = Draft.keep(scene)  # an added service, or the team of someone held, has done its part; the owner goes on
    keep.told = tuple(name for name in scene.told() if name not in outcome.answers_for)
    if keep.proposed in outcome.answers_for:
        keep.proposed = None  # a release does not send the person back to those who closed
    return keep


def _advised(outcome: OutcomeRecorded, scene: Scene, _: Decision) -> Draft:
    return _ended(outcome, scene)


def _ended(outcome: OutcomeRecorded, scene: Scene) -> Draft:
    """Nobody has it any more, unless a team that accepted the person goes on: then they stand with that team.

    What was withdrawn stays withdrawn: news of it is for a person to look at.
    """
    keep = Draft.keep(scene)
    goes_on = [name for name in scene.going_on() if name not in outcome.answers_for]
    if goes_on and not scene.is_withdrawn():
        keep.status, keep.destination, keep.hold_reason, keep.proposed = Status.ACCEPTED, goes_on[0], None, None
        left = {*outcome.answers_for, scene.locality.hub}
        keep.told = tuple(name for name in scene.told() if name not in left)
        return keep
    keep.status = Status.CANCELLED if scene.is_withdrawn() else Status.CLOSED
    keep.told, keep.hold_reason = (), None
    return keep


def _returned(outcome: OutcomeRecorded, scene: Scene, standing: Decision) -> Draft:
    """Back to the hub, which owns the person; a second return in 90 days is for a senior (draft row D33, HZ04)."""
    again = scene.history.returns_90_days > 0
    urgency = most_urgent(standing.urgency, Urgency.URGENT) if again else standing.urgency
    notes = ("returned for the second time in 90 days: a senior must look",) if again else ()
    hold = Draft.hold(scene, scene.held_for(HoldReason.RETURNED), urgency, notes)
    hold.status = Status.RETURNED
    hold.proposed = standing.proposed if hold.hold_reason is not HoldReason.RETURNED else None
    kept = (name for name in scene.told() if name not in outcome.answers_for)
    hold.told = tuple(dict.fromkeys((*kept, scene.locality.hub)))
    hold.also = [name for name in hold.also if name not in outcome.answers_for]
    return hold


def _released(_: OutcomeRecorded, scene: Scene, standing: Decision) -> Draft:
    if standing.hold_reason is None or standing.proposed is None:
        return Draft.keep(scene, notes=("released, but nothing with a proposed destination was held",))
    return _to(standing.proposed, scene, standing.urgency)


def _rerouted(outcome: OutcomeRecorded, scene: Scene, standing: Decision) -> Draft:
    return _to(outcome.to, scene, standing.urgency)


def _stepped_up(outcome: OutcomeRecorded, scene: Scene, _: Decision) -> Draft:
    return _to(outcome.to, scene, _stepped_up_urgency(outcome, scene))


def _to(destination: str | None, scene: Scene, urgency: Urgency) -> Draft:
    """A person chose the destination: no gate; one that is closed or unknown comes back to the hub, loudly.

    At the hub itself a person waits for one who looks, and no news sends them away from there, as after a return.
    """
    to_hub = destination is not None and scene.is_hub(destination)
    if destination and not to_hub and scene.is_open(scene.directory.get(destination)):
        route = Draft.route(scene, destination, urgency)
        if standing := scene.standing:  # kept beside the choice: it tells a person's route from the rules' own
            route.proposed = standing.proposed or standing.destination
        return route
    reason = scene.held_for(HoldReason.RETURNED if to_hub else HoldReason.CLOSED_DESTINATION)
    hold = Draft.hold(scene, reason, most_urgent(urgency, Urgency.URGENT))
    hold.proposed = None if to_hub else destination
    return hold


def _urgency_lowered(outcome: OutcomeRecorded, scene: Scene, _: Decision) -> Draft:
    """The one way down: a named clinician, with a registration and a reason (clinical ground rule 2)."""
    if scene.is_replayed(outcome.sequence):
        return Draft.keep(scene, notes=("urgency not lowered: no replay lowers it",))
    if outcome.urgency is None or not outcome.by.registration or not outcome.reason:
        return Draft.keep(scene, notes=("urgency not lowered: no registered clinician, reason or code was given",))
    return Draft.keep(scene, urgency=outcome.urgency)


def _kept(_: OutcomeRecorded, scene: Scene, __: Decision) -> Draft:
    return Draft.keep(scene)


def _stepped_up_urgency(outcome: OutcomeRecorded, scene: Scene) -> Urgency:
    return most_urgent(scene.standing_urgency(), outcome.urgency or Urgency.URGENT, Urgency.URGENT)


_BY_KIND: Final[dict[OutcomeKind, Callable[[OutcomeRecorded, Scene, Decision], Draft]]] = {
    OutcomeKind.ACCEPTED: _accepted,
    OutcomeKind.RETURNED: _returned,
    OutcomeKind.STEPPED_UP: _stepped_up,
    OutcomeKind.CLOSED: _closed,
    OutcomeKind.RELEASED: _released,
    OutcomeKind.REROUTED: _rerouted,
    OutcomeKind.URGENCY_LOWERED: _urgency_lowered,
    OutcomeKind.ADVISED: _advised,
    OutcomeKind.INFORMATION_REQUESTED: _kept,
}
if set(_BY_KIND) != set(OutcomeKind):
    raise AssertionError("every kind of outcome needs its draft")
