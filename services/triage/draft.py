"""A decision in the making: what it says, whom it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from services.triage.rules import RuleSet
from shared.codes import DecisionKind, HoldReason, Status, Urgency
from shared.events import DECISION_TYPES, ROUTED, WITHDRAWN, Output, derived_id
from shared.topics import ROUTED as ROUTED_TOPICS

if TYPE_CHECKING:
    from services.triage.rules import Proposal
    from services.triage.scene import Scene


class Draft(Struct):
    """What a decision will say; whom it tells is worked out from the scene where `told` is None.

    `accepts` is who accepted the person now where they are held all the same.
    """

    kind: DecisionKind
    status: Status
    destination: str
    urgency: Urgency
    hold_reason: HoldReason | None = None
    proposed: str | None = None
    also: list[str] = field(default_factory=list)
    told: tuple[str, ...] | None = None
    accepts: tuple[str, ...] = ()
    late: bool = False
    rows: tuple[str, ...] = ()
    beaten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rules: RuleSet | None = None

    @classmethod
    def route(cls, scene: Scene, destination: str, urgency: Urgency) -> Draft:
        """To a destination."""
        also = [
            name for name in (scene.standing.also if scene.standing else ()) if scene.is_open(scene.directory.get(name))
        ]
        return cls(DecisionKind.ROUTE, Status.ROUTED, destination, urgency, also=also)

    @classmethod
    def hold(cls, scene: Scene, reason: HoldReason, urgency: Urgency, notes: tuple[str, ...] = ()) -> Draft:
        """At the hub, for a person."""
        also = list(scene.standing.also) if scene.standing else []
        hub = scene.locality.hub
        return cls(DecisionKind.HOLD, Status.HELD, hub, urgency, hold_reason=reason, notes=notes, also=also)

    @classmethod
    def keep(
        cls, scene: Scene, *, urgency: Urgency | None = None, late: bool = False, notes: tuple[str, ...] = ()
    ) -> Draft:
        """As it stands, perhaps more urgent; published so that whoever has the referral sees the news."""
        standing = scene.standing
        status = standing.status if standing else Status.HELD
        draft = cls(
            DecisionKind.KEEP, status, scene.standing_destination(), urgency or scene.standing_urgency(), late=late
        )
        draft.notes = notes
        if standing:
            draft.also, draft.told = list(standing.also), standing.told
            draft.hold_reason, draft.proposed = standing.hold_reason, standing.proposed
        return draft

    def add(self, scene: Scene, also: tuple[str, ...]) -> None:
        """Adds overlays' destinations; of one that is closed the hub hears instead, for a person to arrange it."""
        hub = scene.locality.hub
        for name in also:
            if scene.is_open(scene.directory.get(name)):
                self._add(name)
            elif name not in self.also:
                self._add(hub)
                self.notes += (f"{name} is closed: someone must arrange it",)

    def _add(self, name: str) -> None:
        if name not in (self.destination, *self.also):
            self.also.append(name)

    def by_rules(self, proposal: Proposal, rules: RuleSet) -> None:
        """Names the rule rows that decided and those they beat."""
        self.rows = (*proposal.urgency_rows, proposal.row, *proposal.overlay_rows)
        self.beaten, self.rules = proposal.beaten, rules
        self.notes += tuple(proposal.notes)

    def as_keep_if_nothing_moves(self, scene: Scene) -> Draft:
        """News that moves nobody is a keep, published to where the person stands."""
        standing = scene.standing
        if standing is None or standing.kind is DecisionKind.WITHDRAW:
            return self
        same = (self.destination, self.hold_reason, self.proposed, set(self.also)) == (
            standing.destination,
            standing.hold_reason,
            standing.proposed,
            set(standing.also),
        )
        if same and standing.status is self.status:
            self.kind, self.told = DecisionKind.KEEP, standing.told
        return self

    def now_told(self, scene: Scene) -> tuple[str, ...]:
        """Who has the referral after this decision, in the order in which they were told."""
        if self.told is not None:
            return self.told
        if self.kind is DecisionKind.WITHDRAW:
            return ()
        if scene.standing is None and not self.also:
            return (self.destination,)
        new = [self.destination, *(name for name in self.also if self._goes_at_once(scene, name))]
        accepted = scene.standing is not None and scene.standing.status is Status.ACCEPTED
        before = scene.told() if self.kind is DecisionKind.HOLD or accepted else scene.going_on()
        return tuple(dict.fromkeys((*before, *new)))  # who cares for the person already goes on doing so

    def accepted(self, scene: Scene, told: tuple[str, ...]) -> tuple[str, ...]:
        """Who of those told has accepted the person."""
        now = (self.destination,) if self.status is Status.ACCEPTED else self.accepts
        by = (*scene.going_on(), *now)
        return tuple(name for name in dict.fromkeys(by) if name in told) if by else ()

    def _goes_at_once(self, scene: Scene, name: str) -> bool:
        """An added destination is told at once, also from a hold, unless a person must look first (U11 never waits)."""
        return self.kind is not DecisionKind.HOLD or not scene.needs_a_look_before(scene.directory.get(name))

    def outputs(self, cause: str, scene: Scene, told: tuple[str, ...]) -> tuple[Output, ...]:
        """The records to publish: one for each destination that must hear of this decision."""
        before, hub = scene.told(), scene.locality.hub
        heard = {self.destination: DECISION_TYPES[self.kind]}
        if self.kind is DecisionKind.WITHDRAW:
            heard = dict.fromkeys((*before, self.destination) if before else (hub,), WITHDRAWN)
        elif self.kind is not DecisionKind.KEEP:
            fresh = told if self.kind is DecisionKind.ROUTE else [name for name in told if name not in before]
            heard |= {name: ROUTED for name in fresh if name != self.destination}
        gone = (name for name in before if name not in told and name != hub)
        heard |= {name: WITHDRAWN for name in gone if self.kind is not DecisionKind.KEEP or name != self.destination}
        return tuple(
            Output(
                event_id=derived_id(cause, event_type, name),
                type=event_type,
                topic=ROUTED_TOPICS[scene.setting_of(name)],
                destination=name,
            )
            for name, event_type in heard.items()
        )
