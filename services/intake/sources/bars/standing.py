"""Whether a resource's author still stands by it: else its words alone are kept, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.sources.bars.bundle import text

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry

TAKEN_BACK: Final = frozenset(("entered-in-error", "cancelled"))
# Statuses (FHIR R4) by which a plan, a medicine or a procedure is none: without them its words say that it is one.
_NOT: Final = TAKEN_BACK | {
    *(
        "stopped",
        "not-taken",
        "not-done",
        "revoked",
        "rejected",
        "declined",
        "refused",
        "on-hold",
        "abandoned",
        "aborted",
    ),
    *("suspended", "inactive", "noshow", "failed"),
}


def as_it_stands(one: Entry, told: str) -> str:
    """Its words, with its status before them where that takes them back."""
    status = text(one.resource.get("status"))
    return f"({status}) {told}" if told and status.casefold() in _NOT else told
