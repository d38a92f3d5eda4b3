"""Flags: safeguarding concerns and reasonable adjustments; the words of every flag are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.contract.code_lists import ADJUSTMENTS
from services.intake.contract.values import code_system
from services.intake.sources.bars.bundle import codings, first, objects, text, words
from services.intake.sources.bars.draft import Draft
from services.intake.sources.bars.prose import keep_rest
from services.intake.sources.bars.whose import of_another
from services.intake.sources.maps import table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from services.intake.sources.bars.bundle import Entry, Message

_READ: Final = frozenset(("category", "code", "author", "encounter"))
_SAFEGUARDING: Final = "safeguarding-codes-bars"
_ADJUSTMENT: Final = "reasonable-adjustment-codes-bars"
_SAYS: Final = {  # what an adjustment says of other fields, by its table
    "needs.interpreter": "bars-interpreter",
    "needs.interpreter_language": "bars-sign-language",
    "contact.preferred": "bars-contact",
    "contact.through_carer": "bars-contact-carer",
}
_NO_LONGER: Final = {"inactive": "no longer", "entered-in-error": "entered in error"}
_UNSPECIFIED: Final = "U"
_NO_CONCERN: Final = "861931000000100"  # no safeguarding issues identified: it says nothing of harm


def flags(message: Message, others: Collection[str], draft: Draft) -> None:
    """Reads every flag that stands, and keeps the words of those that stand no more.

    One of somebody else (`others`: their places) says nothing of the patient; with a concern for them a person must look.
    """
    concerns: list[tuple[str, str]] = []
    for one in message.of("Flag"):
        status = text(one.resource.get("status")).casefold()
        draft.keep(one.at("code"), _in_words(one, status))
        keep_rest(one, draft, _READ)
        found = () if status in _NO_LONGER else _stands(one, Draft() if one.place in others else draft)
        if one.place in others:
            of_another(one, draft)
            found = (_UNSPECIFIED for value in found if value != _NO_CONCERN)
        concerns += [(value, one.at("code")) for value in found]
    _concerned(concerns, draft)


def _stands(one: Entry, draft: Draft) -> Iterator[str]:
    """The concerns of a flag that stands, whatever its categories; what is no concern may be an adjustment."""
    kinds = {kind.upper() for concept in objects(one.resource.get("category")) for _, kind, _ in codings(concept)}
    found = codings(one.resource.get("code"))
    for system, value, _ in found:
        adjusts = system.endswith(_ADJUSTMENT) or "RA" in kinds
        if _question(value) or ((system.endswith(_SAFEGUARDING) or "SG" in kinds) and value):
            yield value
            adjusts = system.endswith(_ADJUSTMENT)  # monitor for self-harm: a concern, and to be done
        if value and adjusts:
            _adjustment(system, value, one, draft)
    if "SG" in kinds and not any(value for _, value, _ in found):
        yield _UNSPECIFIED  # a concern that is told in words alone


def _question(value: str) -> str | None:
    """The question of risk that a code answers with yes."""
    return table("snomed-flag").ours.get(value.casefold()) or table("bars-safeguarding").ours.get(value.casefold())


def _in_words(one: Entry, status: str) -> str:
    kind, flag = words(first(one.resource.get("category"))), words(one.resource.get("code"))
    said = f"{kind}: {flag}" if kind and flag else kind or flag
    return f"{said} ({_NO_LONGER[status]})" if status in _NO_LONGER and said else said


def _concerned(concerns: list[tuple[str, str]], draft: Draft) -> None:
    """What a table knows answers its question with yes: where that is no answer, and for all else, a person must look."""
    unknown = []
    for value, place in concerns:
        if question := _question(value):
            draft.say(f"risk.{question}", "yes", place)
        elif value and value != _NO_CONCERN:
            unknown.append((value, place))
    for value, place in unknown:
        draft.say("risk.from_others", table("bars-safeguarding").read(value), place)


def _adjustment(system: str, value: str, one: Entry, draft: Draft) -> None:
    """An adjustment that the person needs, by the standard's own code or SNOMED CT's, and what it says of other fields."""
    place, code = one.at("code"), value.casefold()
    for path, name in _SAYS.items():
        draft.say(path, table(name).ours.get(code, ""), place)
    known = code in ADJUSTMENTS or code_system(system) == "snomed-ct"
    draft.add("needs.adjustments", value if known else f"bars-reasonable-adjustment|{value}", place)
