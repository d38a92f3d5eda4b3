"""What a team or the hub may answer, and what it must say (clinical ground rules 2, 5, 7).

A return without an MHSDS reason and an onward step is refused: nobody is sent back to nowhere. Lowering an urgency,
and ending a safety hold, needs a clinician's registration.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from services.intake.contract import code_lists as lists
from services.intake.contract.reading import Notice, tidy, unknown_fields
from services.intake.contract.values import plain, urgency, written
from services.intake.problems import Fault, Refused, blank
from shared.codes import HUB_OUTCOMES, UNMAPPED, HoldReason, OutcomeKind, Urgency
from shared.events import Actor

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.intake.senders import Team

_FIELDS: Final = {
    **dict.fromkeys(("kind", "reason", "onward", "to", "urgency", "decision_id", "message_id", "note")),
    "by": dict.fromkeys(("name", "role", "registration")),
}
_FIELDS_OF_A_CANCELLATION: Final = dict.fromkeys(("reason", "message_id", "note"))
_GOES_TO: Final = frozenset((OutcomeKind.REROUTED, OutcomeKind.STEPPED_UP))
# A step-up is taken from anyone: nobody who calls for more help is refused at the door. Triage, which knows where its
# rules send people in a crisis, lets one without registration end a safety hold only there.
_ENDS_A_HOLD: Final = frozenset((OutcomeKind.RELEASED, OutcomeKind.REROUTED, OutcomeKind.ADVISED))


class Outcome(NamedTuple):
    """An outcome as it travels, and what its sender should know."""

    kind: OutcomeKind
    by: Actor
    reason: str | None
    onward: str | None
    to: str | None
    urgency: Urgency | None
    decision_id: UUID | None
    warnings: tuple[Notice, ...]


def read_outcome(document: dict[str, Any], team: Team, destinations: Collection[str]) -> Outcome:
    """Reads an outcome; refuses with every fault at once. 403 where the kind is not this team's to give."""
    said: dict[str, Any] = tidy(document) or {}
    faults: list[Fault] = []
    warnings = [*unknown_fields(_FIELDS, document)]
    kind = _kind(said, team)
    outcome = Outcome(
        kind=kind,
        by=_actor(said.get("by"), team, faults),
        reason=_reason(kind, said, faults, warnings),
        onward=_onward(kind, said, destinations, faults, warnings),
        to=_to(kind, said, destinations, faults),
        urgency=_urgency(kind, said, faults, warnings),
        decision_id=_decision(said, warnings),
        warnings=(),
    )
    if kind is OutcomeKind.URGENCY_LOWERED and outcome.by.registration is None:
        faults.append(_unregistered())
    if faults:
        raise Refused(422, "incomplete", "the outcome lacks something that it must say", *faults)
    return outcome._replace(warnings=tuple(warnings))


def demand_clinician(outcome: Outcome, hold: str | None) -> None:
    """Refuses to end a safety hold without a clinician's registration (draft rule U10)."""
    if hold == HoldReason.SAFETY and outcome.kind in _ENDS_A_HOLD and outcome.by.registration is None:
        raise Refused(422, "incomplete", "a safety hold is ended by a named clinician", _unregistered())


def _unregistered() -> Fault:
    return Fault("by.registration", "required", "only a clinician with a professional registration may do this")


def _kind(said: dict[str, Any], team: Team) -> OutcomeKind:
    try:
        kind = OutcomeKind(_as_code(str(said.get("kind"))))
    except ValueError:
        known = ", ".join(sorted(OutcomeKind))
        raise Refused(
            422, "incomplete", "what kind of outcome?", Fault("kind", "not-in-list", f"one of {known}")
        ) from None
    if kind in HUB_OUTCOMES and not team.hub:
        raise Refused(
            403, "not-allowed", "this kind of outcome is for the hub to give", Fault("kind", "not-allowed", "hub")
        )
    return kind


def _actor(by: Any, team: Team, faults: list[Fault]) -> Actor:
    told = by if isinstance(by, dict) else {}
    faults += [blank(f"by.{name}", "who answers for this?") for name in ("name", "role") if not plain(told.get(name))]
    registration = plain(told.get("registration"))
    if registration is not None and not _registered(registration):
        faults.append(Fault("by.registration", "unreadable", "a professional registration has four digits or more"))
    name, role = (plain(told.get(part)) or "" for part in ("name", "role"))
    return Actor(name=name[:120], role=role[:80], registration=registration and registration[:40], team=team.id)


def _registered(registration: str) -> bool:
    """The shape that GMC, NMC, HCPC, GPhC and Social Work England numbers share."""
    return bool(re.fullmatch(r"(?=(?:\D*\d){4})[A-Za-z0-9 :/-]{5,30}", registration))


def _reason(kind: OutcomeKind, said: dict[str, Any], faults: list[Fault], warnings: list[Notice]) -> str | None:
    reason = written(said.get("reason"))
    if not reason:
        if kind is not OutcomeKind.ACCEPTED:
            faults.append(blank("reason", "why? (a code)"))
        return None
    code = _as_code(reason)
    code = code.zfill(2) if code.isdigit() else code
    if kind is OutcomeKind.RETURNED:
        if code not in lists.REJECTION_REASONS:
            faults.append(Fault("reason", "not-in-list", "an MHSDS referral rejection reason: 01, 02 or 03"))
        return code
    return _coded(code, {*lists.CLOSURE_REASONS, *lists.OUTCOME_REASONS}, "reason", warnings)


def _onward(
    kind: OutcomeKind, said: dict[str, Any], destinations: Collection[str], faults: list[Fault], warnings: list[Notice]
) -> str | None:
    told, known = plain(said.get("onward")) or plain(said.get("to")), {*lists.ONWARD_STEPS, *destinations}
    step = _as_code(told) if told else None
    if kind is OutcomeKind.RETURNED and step not in known:
        steps = ", ".join(sorted(lists.ONWARD_STEPS))
        detail = f"what happens next? (a destination, or one of {steps}: nobody is returned to nowhere)"
        faults.append(Fault("onward", "not-in-list", detail) if step else blank("onward", detail))
        return None
    return _coded(step, known, "onward", warnings) if step else None


def _to(kind: OutcomeKind, said: dict[str, Any], destinations: Collection[str], faults: list[Fault]) -> str | None:
    to = plain(said.get("to"))
    if kind not in _GOES_TO:
        return to if to in destinations else None
    if to not in destinations:
        faults.append(Fault("to", "not-in-list", "where to? (a destination that some team stands for)"))
    return to


def _urgency(kind: OutcomeKind, said: dict[str, Any], faults: list[Fault], warnings: list[Notice]) -> Urgency | None:
    code = urgency(said.get("urgency"))
    if kind is OutcomeKind.STEPPED_UP and code is None and said.get("urgency") is not None:
        warnings.append(Notice("urgency", "unreadable"))
    if kind is OutcomeKind.URGENCY_LOWERED and code in {None, Urgency.EMERGENCY}:
        faults.append(Fault("urgency", "not-in-list", "lowered to what? 4, 2 or 3"))
    return Urgency(code) if code and kind in {OutcomeKind.URGENCY_LOWERED, OutcomeKind.STEPPED_UP} else None


def _decision(said: dict[str, Any], warnings: list[Notice]) -> UUID | None:
    if (given := said.get("decision_id")) is None:
        return None
    try:
        return UUID(given)
    except (ValueError, AttributeError, TypeError):
        warnings.append(Notice("decision_id", "unreadable"))
        return None


def _as_code(text: str) -> str:
    """A code however it is cased and spaced."""
    return text.casefold().replace(" ", "-").replace("_", "-")


def _coded(code: str, known: Collection[str], path: str, warnings: list[Notice]) -> str:
    if code in known:
        return code
    warnings.append(Notice(path, "unmapped"))
    return UNMAPPED


def cancellation_reason(document: dict[str, Any]) -> tuple[str, tuple[Notice, ...]]:
    """Why the sender withdraws, as a code: `unmapped` for one we do not know, `not recorded` for none."""
    said: dict[str, Any] = tidy(document) or {}
    warnings = [*unknown_fields(_FIELDS_OF_A_CANCELLATION, document)]
    reason = plain(said.get("reason"))
    if not reason:
        return "not recorded", tuple(warnings)
    code = _as_code(reason)
    return _coded(code, lists.CANCELLATION_REASONS, "reason", warnings), tuple(warnings)
